/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Dividing waits between the hops of their wake chains: analyze/chains.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/chains.h"
#include "base/compiler.h"

#define MAX_WAITS 512
#define MAX_PARTS 1024
#define TIMER	  0 /* as a waker: an interrupt */

/* Threads are letters: their tids. */
struct stage {
	struct chain_wait waits[MAX_WAITS];
	size_t wait_cnt;
	struct chains chains;
	char text[4096]; /* the parts of the last wait divided: "a<b<c=100 " */
	uint64_t sum_ns;
	int err;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct stage));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct stage *s = *state;

	chains__fini(&s->chains);
	free(s);
	return 0;
}

/* @thread was off the CPU from @out to @in; @waker woke it at @wake, from where it waited itself or a timer. */
static struct chain_wait *waits(struct stage *s, char thread, uint64_t out, uint64_t wake,
				uint64_t in, char waker)
{
	struct chain_wait *w = &s->waits[s->wait_cnt++];

	assert_true(s->wait_cnt <= MAX_WAITS);
	w->interval.thread.tid = (uint32_t)thread;
	w->interval.thread.start_ns = 1;
	w->interval.out_ns = out;
	w->interval.wake_ns = wake;
	w->interval.in_ns = in;
	w->interval.kernel_stack = (uint64_t)thread * 10;
	w->waker.flags = WIRE_W_ANY;
	w->waker.key.tid = (uint32_t)waker;
	w->waker.key.start_ns = 1;
	return w;
}

static int is_thread(void *arg _unused_, const struct wire_waker *waker)
{
	return waker->key.tid != TIMER;
}

static void put_hops(struct stage *s, uint32_t chain)
{
	const struct chain *c = chains__get(&s->chains, chain);
	size_t len;

	if (!c)
		return;
	put_hops(s, c->before);
	len = strlen(s->text);
	snprintf(s->text + len, sizeof(s->text) - len, "<%c", (char)c->hop.thread.tid);
	assert_int_equal(c->hop.kernel_stack, c->hop.thread.tid * 10);
}

static int part(void *arg, uint32_t chain, const struct wire_waker *waker, uint64_t ns)
{
	struct stage *s = arg;
	size_t len = strlen(s->text);

	snprintf(s->text + len, sizeof(s->text) - len, "%s", len ? " " : "");
	put_hops(s, chain);
	len = strlen(s->text);
	snprintf(s->text + len, sizeof(s->text) - len, ":%c=%llu",
		 waker->key.tid ? (char)waker->key.tid : '-', (unsigned long long)ns);
	s->sum_ns += ns;
	return s->err;
}

/* The parts of the @i-th wait. */
static const char *divided(struct stage *s, size_t i)
{
	const struct chain_user user = {.is_thread = is_thread, .part = part, .arg = s};
	const struct wire_interval *iv = &s->waits[i].interval;

	if (!s->chains.waits)
		assert_int_equal(chains__init(&s->chains, s->waits, s->wait_cnt), 0);
	s->text[0] = '\0';
	s->sum_ns = 0;
	assert_int_equal(chains__divide(&s->chains, &s->waits[i], &user), s->err);
	if (!s->err)
		assert_int_equal(s->sum_ns, iv->wake_ns - iv->out_ns);
	return s->text;
}

static void test_a_waker_that_ran_has_it_all(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, 'b');
	waits(s, 'b', 10, 50, 60, 'c'); /* long before */
	waits(s, 'b', 205, 300, 310, 'c');
	assert_string_equal(divided(s, 0), ":b=100");
}

static void test_what_the_waker_waited_is_whose_it_waited_for(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, 'b');
	waits(s, 'b', 120, 180, 185, TIMER);
	assert_string_equal(divided(s, 0), "<b:-=60 :b=40");
}

static void test_only_the_part_inside_counts(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, 'b');
	waits(s, 'b', 20, 150, 155, TIMER);
	assert_string_equal(divided(s, 0), "<b:-=50 :b=50");
}

static void test_each_wait_of_the_waker_counts(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, 'b');
	waits(s, 'b', 110, 120, 121, TIMER);
	waits(s, 'b', 130, 150, 151, 'c');
	waits(s, 'b', 90, 105, 106, TIMER);
	assert_string_equal(divided(s, 0), "<b:c=20 <b:-=10 <b:-=5 :b=65");
}

static void test_a_chain_of_four(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 201, 'b');
	waits(s, 'b', 100, 190, 191, 'c');
	waits(s, 'c', 100, 170, 171, 'd');
	waits(s, 'd', 100, 140, 141, TIMER);
	assert_string_equal(divided(s, 0), "<b<c<d:-=40 <b<c:d=30 <b:c=20 :b=10");
}

/* While it waited for a CPU, though woken, the waker waited for nobody. */
static void test_a_wakers_wait_for_a_cpu_is_its_own(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, 'b');
	waits(s, 'b', 120, 140, 180, TIMER);
	assert_string_equal(divided(s, 0), "<b:-=20 :b=80");
}

static void test_preemption_and_open_waits_are_not_followed(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, 'b');
	waits(s, 'b', 120, 140, 150, TIMER)->interval.wait.flags = WIRE_F_PREEMPT;
	waits(s, 'b', 160, 180, 190, TIMER)->interval.wait.flags = WIRE_F_OPEN;
	assert_string_equal(divided(s, 0), ":b=100");
}

static void test_an_interrupt_is_not_followed(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, TIMER);
	waits(s, TIMER, 120, 140, 150, 'c');
	assert_string_equal(divided(s, 0), ":-=100");
}

/* Each woke the other: what a waited before it woke b is over when it waits again. */
static void test_a_ping_pong_is_no_circle(void **state)
{
	struct stage *s = *state;

	for (uint64_t i = 0; i < 100; i++) {
		waits(s, 'a', 1000 + 20 * i, 1010 + 20 * i, 1011 + 20 * i, 'b');
		waits(s, 'b', 1012 + 20 * i, 1019 + 20 * i, 1020 + 20 * i, 'a');
	}
	assert_string_equal(divided(s, 100), ":b=10");
	assert_string_equal(divided(s, 101), ":a=7");
}

/* Intervals as no kernel makes them: a recording may hold anything. */
static void test_a_circle_ends(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, 'b');
	waits(s, 'b', 100, 200, 210, 'a');
	divided(s, 0);
	assert_int_equal(s->sum_ns, 100);
	waits(s, 'c', 100, 200, 210, 'c');
	chains__fini(&s->chains);
	memset(&s->chains, 0, sizeof(s->chains));
	divided(s, 2);
	assert_int_equal(s->sum_ns, 100);
}

static void test_no_more_than_eight_hops(void **state)
{
	struct stage *s = *state;

	for (char c = 'a'; c < 'a' + 12; c++)
		waits(s, c, 100, 200 - (uint64_t)(c - 'a'), 201, (char)(c + 1));
	assert_string_equal(divided(s, 0),
			    "<b<c<d<e<f<g<h<i:j=92 <b<c<d<e<f<g<h:i=1 <b<c<d<e<f<g:h=1 "
			    "<b<c<d<e<f:g=1 <b<c<d<e:f=1 <b<c<d:e=1 <b<c:d=1 <b:c=1 :b=1");
}

/* A waker that waited thousands of times meanwhile: the last ones count, and the sum is right. */
static void test_the_work_for_one_wait_is_bounded(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 100000, 100010, 'b');
	for (uint64_t i = 0; i < MAX_WAITS - 1; i++)
		waits(s, 'b', 200 + 10 * i, 205 + 10 * i, 206 + 10 * i, TIMER);
	divided(s, 0);
	assert_int_equal(s->sum_ns, 99900);
}

static void test_equal_chains_are_one(void **state)
{
	struct stage *s = *state;

	for (uint64_t i = 0; i < 10; i++) {
		waits(s, 'a', 1000 * i + 100, 1000 * i + 200, 1000 * i + 210, 'b');
		waits(s, 'b', 1000 * i + 100, 1000 * i + 180, 1000 * i + 185, TIMER);
	}
	for (size_t i = 0; i < 20; i += 2)
		assert_string_equal(divided(s, i), "<b:-=80 :b=20");
	assert_int_equal(s->chains.cnt, 1);
}

static void test_a_thread_with_a_reused_tid_is_another(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, 'b');
	waits(s, 'b', 120, 140, 150, TIMER)->interval.thread.start_ns = 2;
	assert_string_equal(divided(s, 0), ":b=100");
}

/* A recording may say that one thread waited twice at a time: no time is counted twice. */
static void test_waits_of_a_waker_that_overlap(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, 'b');
	waits(s, 'b', 110, 190, 195, TIMER);
	waits(s, 'b', 120, 180, 185, 'c');
	waits(s, 'b', 130, 199, 199, 'd');
	assert_string_equal(divided(s, 0), "<b:d=69 <b:c=10 <b:-=10 :b=11");
}

static void test_errors_are_passed_on(void **state)
{
	struct stage *s = *state;

	waits(s, 'a', 100, 200, 210, 'b');
	waits(s, 'b', 120, 140, 150, TIMER);
	s->err = -12;
	divided(s, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_waker_that_ran_has_it_all),
		T(test_what_the_waker_waited_is_whose_it_waited_for),
		T(test_only_the_part_inside_counts),
		T(test_each_wait_of_the_waker_counts),
		T(test_a_chain_of_four),
		T(test_a_wakers_wait_for_a_cpu_is_its_own),
		T(test_preemption_and_open_waits_are_not_followed),
		T(test_an_interrupt_is_not_followed),
		T(test_a_ping_pong_is_no_circle),
		T(test_a_circle_ends),
		T(test_no_more_than_eight_hops),
		T(test_the_work_for_one_wait_is_bounded),
		T(test_equal_chains_are_one),
		T(test_a_thread_with_a_reused_tid_is_another),
		T(test_waits_of_a_waker_that_overlap),
		T(test_errors_are_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
