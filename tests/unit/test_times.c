/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which single waits are kept when there are more than room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyze/offcpu.h"
#include "base/compiler.h"
#include "fixtures/random.h"

static void add(struct offcpu *o, uint64_t out_ns, uint64_t ns)
{
	struct wire_interval iv = {
		.h = {.kind = WIRE_INTERVAL, .size = sizeof(iv)},
		.thread = {.start_ns = 1, .tid = 1, .comm_gen = 1},
		.out_ns = out_ns,
		.wake_ns = out_ns + ns,
		.in_ns = out_ns + ns,
		.kernel_stack = 1,
		.wait = {.state = 1, .syscall = -1},
	};
	struct event e = {.interval = &iv};

	assert_int_equal(offcpu__add(o, &e), 0);
}

/* Of waits of all lengths the longest ones stay, from the beginning to the end; each that does not is counted. */
static void test_the_longest_stay(void **state _unused_)
{
	enum { CNT = 20000, ROOM = 1000 };
	uint64_t *lengths = calloc(CNT, sizeof(*lengths)), at = 0, least = UINT64_MAX, longer = 0;
	struct offcpu o;

	offcpu__init(&o);
	o.keep_times = true;
	o.max_times = ROOM;
	for (size_t i = 0; i < CNT; i++) {
		lengths[i] = random_u64() >> (20 + random_u64() % 44);
		add(&o, at, lengths[i]);
		at += lengths[i];
	}
	assert_in_range(o.time_cnt, ROOM / 4, ROOM);
	assert_int_equal(o.time_cnt + o.untimed_cnt, CNT);
	for (size_t i = 0; i < o.time_cnt; i++) {
		uint64_t ns = o.times[i].in_ns - o.times[i].out_ns;

		least = ns < least ? ns : least;
		if (i)
			assert_true(o.times[i - 1].in_ns <= o.times[i].out_ns);
	}
	/* Of those that are longer than the shortest that stay none is missing. */
	assert_true(least >= o.min_time_ns);
	for (size_t i = 0; i < CNT; i++)
		longer += lengths[i] > o.min_time_ns + o.min_time_ns / 4;
	for (size_t i = 0; i < o.time_cnt; i++)
		longer -= o.times[i].in_ns - o.times[i].out_ns > o.min_time_ns + o.min_time_ns / 4;
	assert_int_equal(longer, 0);
	offcpu__fini(&o);
	free(lengths);
}

/* There is no choosing among equal ones: one in so many stays, all along. */
static void test_equal_ones(void **state _unused_)
{
	struct offcpu o;

	offcpu__init(&o);
	o.keep_times = true;
	o.max_times = 100;
	for (uint64_t i = 0; i < 1000; i++)
		add(&o, i * 10, 7);
	assert_in_range(o.time_cnt, 25, 100);
	assert_int_equal(o.time_cnt + o.untimed_cnt, 1000);
	assert_true(o.times[o.time_cnt - 1].out_ns >= 9700);
	for (size_t i = 1; i < o.time_cnt; i++)
		assert_in_range(o.times[i].out_ns - o.times[i - 1].out_ns, 10, 40 * 10);
	offcpu__fini(&o);
}

static void test_nobody_wants_them(void **state _unused_)
{
	struct offcpu o;

	offcpu__init(&o);
	add(&o, 0, 10);
	assert_int_equal(o.time_cnt, 0);
	offcpu__fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_longest_stay),
		cmocka_unit_test(test_equal_ones),
		cmocka_unit_test(test_nobody_wants_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
