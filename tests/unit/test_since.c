/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Since when a thread has been off its CPU, by figures such as the kernel keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "source/since.h"

#define MS    1000000ull
#define S     1000000000ull
#define AHEAD (7 * S) /* the scheduler's clock began so long before CLOCK_MONOTONIC */

/* A thread of class fair that came at @came by the scheduler's clock and ran for @ran; its CPU's clock was behind by @behind. */
static struct snapshot_header header(uint64_t came, uint64_t ran, uint64_t behind)
{
	return (struct snapshot_header){
		.now_ns = 100 * S,
		.reader_ns = 100 * S + AHEAD - 20000,
		.clock = {.exec_start_ns = came + ran - behind,
			  .sum_exec_ns = 5 * S + ran,
			  .prev_sum_exec_ns = 5 * S,
			  .last_arrival_ns = came,
			  .cpu = 1,
			  .class = WIRE_CLASS_FAIR},
	};
}

static struct off_cpu ask(const struct since *s, const struct snapshot_header *h)
{
	return since__ask(s, h, SNAPSHOT_BLOCKED);
}

/* How long, in ms, rounded: the clocks are compared but for what passed since the reader came. */
static int blocked_ms(struct off_cpu off)
{
	return (int)((100 * S - off.out_ns + MS / 2) / MS);
}

static void test_fair(void **state _unused_)
{
	struct snapshot_header h = header(88 * S + AHEAD, 2 * S, 0);
	struct off_cpu off;
	struct since s;

	since__init(&s);
	off = ask(&s, &h);
	assert_true(off.at_least && off.out_ns == h.now_ns); /* nothing is known of the clocks */
	assert_int_equal(since__learn(&s, &h, true), 0);
	off = ask(&s, &h);
	assert_int_equal(blocked_ms(off), 10000);
	assert_false(off.at_least);
	assert_true(off.wake_ns == h.now_ns);
	since__fini(&s);
}

/* Its CPU's clock has been standing still for 3 s in all: that is no part of it. */
static void test_fair_on_a_cpu_that_was_taken_away(void **state _unused_)
{
	struct snapshot_header h = header(88 * S + AHEAD, 2 * S, 3 * S);
	struct since s;

	since__init(&s);
	assert_int_equal(since__learn(&s, &h, true), 0);
	assert_int_equal(blocked_ms(ask(&s, &h)), 10000);
	assert_false(ask(&s, &h).at_least);
	since__fini(&s);
}

/* Other classes: by the clock of tasks, and what a thread of class fair has shown that it is behind. */
static void test_realtime(void **state _unused_)
{
	struct snapshot_header fair = header(94 * S + AHEAD, MS, 0),
			       rt = header(90 * S + AHEAD, 0, 0);
	struct since s;

	since__init(&s);
	rt.clock.class = WIRE_CLASS_RT;
	rt.clock.prev_sum_exec_ns = 1; /* of long ago */
	assert_int_equal(since__learn(&s, &rt, true), 0);
	assert_true(ask(&s, &rt).out_ns == rt.now_ns); /* nobody has shown anything */
	assert_true(ask(&s, &rt).at_least);
	assert_int_equal(since__learn(&s, &fair, true), 0);
	assert_int_equal(blocked_ms(ask(&s, &rt)), 10000);
	assert_false(ask(&s, &rt).at_least);
	/* Since then 4 s were taken in all; how many of them before it left is not known. */
	fair = header(99 * S + AHEAD, MS, 4 * S);
	assert_int_equal(since__learn(&s, &fair, true), 0);
	rt.clock.exec_start_ns = 86 * S + AHEAD;
	assert_int_equal(blocked_ms(ask(&s, &rt)), 10000);
	assert_true(ask(&s, &rt).at_least);
	/* Of another CPU nothing was heard. */
	rt.clock.cpu = 2;
	assert_true(ask(&s, &rt).out_ns == rt.now_ns);
	since__fini(&s);
}

/* The newest account of a CPU counts, in whichever order they come; what was read while its thread went on does not. */
static void test_the_newest_account_counts(void **state _unused_)
{
	struct snapshot_header older = header(50 * S + AHEAD, MS, 1 * S),
			       newer = header(99 * S + AHEAD, MS, 2 * S);
	struct snapshot_header torn = header(99 * S + AHEAD, 500 * MS, 1 * S),
			       rt = header(90 * S + AHEAD, 0, 2 * S);
	struct since s;

	since__init(&s);
	rt.clock.class = WIRE_CLASS_DEADLINE;
	assert_int_equal(since__learn(&s, &newer, true), 0);
	assert_int_equal(since__learn(&s, &older, true), 0);
	assert_int_equal(since__learn(&s, &torn, false), 0);
	assert_int_equal(blocked_ms(ask(&s, &rt)), 10000);
	since__fini(&s);
}

/* A change of class leaves figures behind that contradict the clock of tasks. */
static void test_what_is_not_plausible(void **state _unused_)
{
	struct snapshot_header fair = header(98 * S + AHEAD, MS, 0),
			       changed = header(90 * S + AHEAD, 0, 0);
	struct since s;

	since__init(&s);
	assert_int_equal(since__learn(&s, &fair, true), 0);
	changed.clock.sum_exec_ns +=
		40 * S; /* as real-time thread, when nobody noted where it began */
	assert_int_equal(blocked_ms(ask(&s, &changed)), 10000);
	/* Also if it is the last that was on its CPU: nobody leaves in the future. */
	changed = header(99 * S + AHEAD, 0, 0);
	changed.clock.sum_exec_ns += 40 * S;
	assert_int_equal(since__learn(&s, &changed, true), 0);
	assert_int_equal(blocked_ms(ask(&s, &changed)), 1000);
	assert_false(ask(&s, &changed).at_least);
	/* Nor before the account that was made as it left. */
	changed = header(90 * S + AHEAD, 0, 0);
	changed.clock.exec_start_ns = 99 * S + AHEAD;
	assert_int_equal(since__learn(&s, &changed, true), 0);
	assert_int_equal(blocked_ms(ask(&s, &changed)), 1000);
	/* A kernel that clears the one still has the other. */
	changed = header(90 * S + AHEAD, 0, 0);
	changed.clock.exec_start_ns = 0;
	assert_int_equal(blocked_ms(ask(&s, &changed)), 10000);
	/* And nothing at all is nothing. */
	changed.clock.last_arrival_ns = 0;
	assert_true(ask(&s, &changed).out_ns == changed.now_ns);
	assert_true(ask(&s, &changed).at_least);
	since__fini(&s);
}

/* Some things that differ by little are no contradiction, and no lower bound. */
static void test_slack(void **state _unused_)
{
	struct snapshot_header fair = header(99 * S + AHEAD, MS, 8 * MS),
			       other = header(90 * S + AHEAD, MS, 17 * MS),
			       rt = header(99 * S + AHEAD + 900 * MS, 0, 8 * MS);
	struct since s;

	since__init(&s);
	assert_int_equal(since__learn(&s, &fair, true), 0);
	assert_int_equal(blocked_ms(ask(&s, &other)), 9999);
	/* 1 ms further on, it is believed no more: by the account of its CPU it left 11 ms earlier. */
	other.clock.exec_start_ns -= 2 * MS;
	assert_int_equal(blocked_ms(ask(&s, &other)), 9999 + 11);
	/* 8 ms may be missing: more than 5 % of a short wait, and too little to speak of. */
	rt.clock.class = WIRE_CLASS_RT;
	rt.clock.prev_sum_exec_ns = 1;
	assert_int_equal(blocked_ms(ask(&s, &rt)), 100);
	assert_false(ask(&s, &rt).at_least);
	since__fini(&s);
}

/* SCHED_IDLE is a policy of class fair, with the same figures; without CONFIG_SCHED_INFO nobody has any. */
static void test_who_has_figures(void **state _unused_)
{
	struct snapshot_header h = header(88 * S + AHEAD, 2 * S, 0), late = h;
	struct since s;

	since__init(&s);
	h.clock.class = WIRE_CLASS_IDLE;
	h.clock.cpu = 2;
	h.reader_ns = 0;
	assert_int_equal(since__learn(&s, &h, true), 0);
	assert_true(ask(&s, &h).at_least && ask(&s, &h).out_ns == h.now_ns);
	/* A reader that has had its CPU for a second: one that just came knows better, before it and after it. */
	late.reader_ns -= S;
	h.reader_ns = late.reader_ns + S;
	assert_int_equal(since__learn(&s, &late, true), 0);
	assert_int_equal(since__learn(&s, &h, true), 0);
	assert_int_equal(since__learn(&s, &late, true), 0);
	assert_int_equal(blocked_ms(ask(&s, &h)), 10000);
	since__fini(&s);
}

static void test_a_scheduler_of_sched_ext(void **state _unused_)
{
	struct snapshot_header h = header(88 * S + AHEAD, 2 * S, 0);
	struct since s;

	since__init(&s);
	s.fair_is_ext = true;
	assert_int_equal(since__learn(&s, &h, true), 0);
	assert_true(ask(&s, &h).at_least && ask(&s, &h).out_ns == h.now_ns);
	since__fini(&s);
}

static void test_runnable(void **state _unused_)
{
	struct snapshot_header h = header(88 * S + AHEAD, 2 * S, 0);
	struct off_cpu off;
	struct since s;

	since__init(&s);
	assert_int_equal(since__learn(&s, &h, true), 0);
	h.clock.last_queued_ns = 99 * S + AHEAD;
	off = since__ask(&s, &h, SNAPSHOT_RUNNABLE);
	assert_int_equal(blocked_ms(off), 10000);
	assert_int_equal((off.wake_ns + MS / 2) / MS, 99 * S / MS);
	/* Preempted: it began to wait when it left, give or take. */
	h.clock.last_queued_ns = 90 * S + AHEAD - 5;
	off = since__ask(&s, &h, SNAPSHOT_RUNNABLE);
	assert_true(off.wake_ns == off.out_ns);
	h.clock.last_queued_ns = 0;
	assert_true(since__ask(&s, &h, SNAPSHOT_RUNNABLE).at_least);
	/* A new one: since it could run. */
	h.clock = (struct snapshot_clock){.last_queued_ns = 98 * S + AHEAD};
	off = since__ask(&s, &h, SNAPSHOT_RUNNABLE);
	assert_int_equal(blocked_ms(off), 2000);
	assert_true(off.wake_ns == off.out_ns && !off.at_least);
	since__fini(&s);
}

/* Nothing is in the future, and nothing was before the machine began. */
static void test_bounds(void **state _unused_)
{
	struct snapshot_header h = header(88 * S + AHEAD, 2 * S, 0);
	struct since s;

	since__init(&s);
	assert_int_equal(since__learn(&s, &h, true), 0);
	h = header(100 * S + AHEAD, 2 * S, 0);
	assert_true(ask(&s, &h).out_ns == h.now_ns);
	h = header(S, 2 * S, 0);
	assert_true(ask(&s, &h).out_ns == h.now_ns);
	/* That it waits since now would hide it. */
	assert_true(ask(&s, &h).at_least);
	/* The clocks are compared with a delay, so a moment ago may be in a moment. */
	h = header(100 * S + AHEAD, 50 * MS, 0);
	h.clock.cpu = 7;
	assert_true(ask(&s, &h).out_ns == h.now_ns && !ask(&s, &h).at_least);
	h.clock.cpu = UINT32_MAX;
	assert_int_equal(since__learn(&s, &h, true), 0);
	h.clock.sum_exec_ns = 0;
	assert_true(ask(&s, &h).at_least);
	since__fini(&s);
}

/* By /proc: only the clock of tasks, compared on each CPU. */
static void test_clocks_that_were_set(void **state _unused_)
{
	struct snapshot_header h = {
		.now_ns = 100 * S,
		.clock = {.exec_start_ns = 60 * S, .cpu = 3, .class = WIRE_CLASS_FAIR}};
	struct since s;

	since__init(&s);
	assert_false(since__knows(&s, 3));
	assert_int_equal(since__set(&s, 3, 60 * S, 30 * (int64_t)S, 100 * MS), 0);
	assert_true(since__knows(&s, 3));
	assert_int_equal(blocked_ms(ask(&s, &h)), 10000);
	assert_false(ask(&s, &h).at_least);
	assert_int_equal(since__set(&s, 3, 60 * S, -30 * (int64_t)S, S), 0);
	assert_int_equal(blocked_ms(ask(&s, &h)), 70000);
	assert_int_equal(since__set(&s, 3, 60 * S, 30 * (int64_t)S, S), 0);
	assert_true(ask(&s, &h).at_least);
	since__fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_fair_on_a_cpu_that_was_taken_away),
		cmocka_unit_test(test_realtime),
		cmocka_unit_test(test_the_newest_account_counts),
		cmocka_unit_test(test_what_is_not_plausible),
		cmocka_unit_test(test_slack),
		cmocka_unit_test(test_who_has_figures),
		cmocka_unit_test(test_a_scheduler_of_sched_ext),
		cmocka_unit_test(test_runnable),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_clocks_that_were_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
