/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "analyze/gate.h"
#include "base/compiler.h"

#define MS     1000000ull
#define S      1000000000ull
#define SLICES 20

static uint64_t seed;

static double uniform(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static void init(struct gate_side *s, uint32_t slices)
{
	assert_int_equal(gate_side__init(s, 100 * S, 110 * S, slices), 0);
}

static uint64_t sum(const struct gate_side *s)
{
	uint64_t ns = 0;

	for (uint32_t i = 0; i < s->slice_cnt; i++)
		ns += s->slice_ns[i];
	return ns;
}

/* ---- slices ---- */

static void test_time_goes_to_the_slices_it_lies_in(void **state _unused_)
{
	struct gate_side s;

	init(&s, 10);
	assert_int_equal(gate_side__add(&s, 100 * S + 500 * MS, 102 * S + 250 * MS, true), 0);
	assert_int_equal(s.slice_ns[0], 500 * MS);
	assert_int_equal(s.slice_ns[1], S);
	assert_int_equal(s.slice_ns[2], 250 * MS);
	assert_int_equal(s.slice_cnts[2], 1);
	assert_int_equal(s.waits[0].ns, 1750 * MS);
	/* Begun before: its whole length counts, of its time what lies inside. Not ended, or ended outside: time only. */
	assert_int_equal(gate_side__add(&s, 90 * S, 100 * S + MS, true), 0);
	assert_int_equal(s.waits[1].ns, 10 * S + MS);
	assert_int_equal(s.slice_ns[0], 501 * MS);
	assert_int_equal(gate_side__add(&s, 109 * S, 110 * S, false), 0);
	assert_int_equal(gate_side__add(&s, 109 * S, 111 * S, true), 0);
	assert_int_equal(s.slice_ns[9], 2 * S);
	assert_int_equal(s.wait_cnt, 2);
	assert_int_equal(gate_side__add(&s, 80 * S, 90 * S, true), 0);
	assert_int_equal(gate_side__add(&s, 111 * S, 112 * S, true), 0);
	assert_int_equal(s.wait_cnt, 2);
	/* It ended where the window does. */
	assert_int_equal(gate_side__add(&s, 110 * S - 5, 110 * S, true), 0);
	assert_int_equal(s.slice_cnts[9], 1);
	assert_int_equal(gate_side__used(&s), 3);
	gate_side__fini(&s);
}

static void test_no_nanosecond_falls_between_slices(void **state _unused_)
{
	struct gate_side s;
	uint64_t expected = 0;

	assert_int_equal(gate_side__init(&s, 7, 7 + 10 * S + 3, 13), 0);
	seed = 3;
	for (int i = 0; i < 10000; i++) {
		uint64_t from = 7 + (uint64_t)(uniform() * 10e9),
			 len = (uint64_t)(-log(uniform()) * 1e8);

		if (from + len > 7 + 10 * S + 3)
			len = 7 + 10 * S + 3 - from;
		expected += len;
		assert_int_equal(gate_side__add(&s, from, from + len, true), 0);
	}
	assert_int_equal(sum(&s), expected);
	gate_side__fini(&s);
}

static void test_sums_count_with_their_mean(void **state _unused_)
{
	struct gate_side s;

	init(&s, 10);
	assert_int_equal(gate_side__add_sum(&s, 105 * S, 10 * MS, 5), 0);
	assert_int_equal(gate_side__add_sum(&s, 0, MS, 1), 0);
	assert_int_equal(gate_side__add_sum(&s, 105 * S, MS, 0), 0);
	assert_int_equal(s.slice_ns[5], 10 * MS);
	assert_int_equal(s.slice_cnts[5], 5);
	assert_int_equal(s.waits[0].ns, 2 * MS);
	assert_int_equal(s.slice_cnts[0], 1);
	assert_int_equal(s.cnt, 6);
	gate_side__fini(&s);
}

static void test_bad_windows(void **state _unused_)
{
	struct gate_side s;

	assert_int_equal(gate_side__init(&s, 5, 5, SLICES), -EINVAL);
	assert_int_equal(gate_side__init(&s, 6, 5, SLICES), -EINVAL);
	assert_int_equal(gate_side__init(&s, 0, S, GATE_MIN_SLICES - 1), -EINVAL);
	assert_int_equal(gate_side__init(&s, 0, S, GATE_MAX_SLICES + 1), -EINVAL);
	assert_int_equal(gate_side__init(&s, 0, 5, SLICES), -EINVAL);
}

/* ---- numbers ---- */

/* 1..1000 ms, in any order: one in a hundred is longer than 990. */
static void test_numbers(void **state _unused_)
{
	struct gate_side a, b;
	struct gate_result r;

	init(&a, 10);
	init(&b, 10);
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t ns = (i * 7 % 1000 + 1) * MS, at = 100 * S + i * 10 * MS + 5;

		assert_int_equal(gate_side__add_sum(&a, at, ns, 1), 0);
		assert_int_equal(gate_side__add_sum(&b, at, 2 * ns, 1), 0);
	}
	assert_int_equal(gate_compare(&a, &b, GATE_P99, &r), 0);
	assert_true(r.base == 990.0 * MS && r.new == 1980.0 * MS &&r.factor == 2);
	assert_true(r.low < 2 && r.low > 1.8 && r.high > 2 && r.high < 2.2);
	assert_int_equal(gate_compare(&a, &b, GATE_TOTAL, &r), 0);
	assert_true(fabs(r.base - 500.5 * S / 10) < 1 && fabs(r.factor - 2) < 1e-9);
	gate_side__fini(&a);
	gate_side__fini(&b);
	init(&a, 10);
	init(&b, 10);
	assert_int_equal(gate_compare(&a, &b, GATE_P99, &r), -ENODATA);
	gate_side__fini(&a);
	gate_side__fini(&b);
}

/* ---- chance ---- */

/*
 * A run of 10 s as they are: most waits short, some very long (log-normal), a load that goes up and down for seconds, and now and then a
 * moment in which everything takes three times as long.
 */
static void make_run(struct gate_side *s, double factor)
{
	double load = 0;

	init(s, SLICES);
	for (uint64_t i = 0; i < 4000; i++) {
		double normal = sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()), ns;
		bool burst = uniform() < 0.2;

		load = 0.999 * load + 0.01 * (uniform() - 0.5);
		ns = factor * 1e6 * exp(1.2 * normal + load) * (burst && i / 200 % 7 == 3 ? 3 : 1);
		assert_int_equal(gate_side__add_sum(s, 100 * S + i * 2500000, (uint64_t)ns, 1), 0);
	}
}

static int alarms(enum gate_metric metric, double factor, double limit)
{
	int found = 0;

	seed = 42;
	for (int pair = 0; pair < 100; pair++) {
		struct gate_side a, b;
		struct gate_result r;

		make_run(&a, 1);
		make_run(&b, factor);
		assert_int_equal(gate_compare(&a, &b, metric, &r), 0);
		found += r.low > limit;
		gate_side__fini(&a);
		gate_side__fini(&b);
	}
	return found;
}

/* Equal runs: 2.5 of a hundred intervals should lie above 1, and next to none above 1.1. */
static void test_false_alarms(void **state _unused_)
{
	int p99 = alarms(GATE_P99, 1, 1), total = alarms(GATE_TOTAL, 1, 1);

	printf("false alarms in 100 pairs without any tolerance: p99 %d, total %d\n", p99, total);
	assert_in_range(p99, 0, 5);
	assert_in_range(total, 0, 5);
	assert_int_equal(alarms(GATE_P99, 1, 1.1), 0);
	assert_int_equal(alarms(GATE_TOTAL, 1, 1.05), 0);
}

static void test_what_became_worse_is_found(void **state _unused_)
{
	int p99 = alarms(GATE_P99, 2, 1.1), total = alarms(GATE_TOTAL, 1.5, 1.05);

	printf("found in 100 pairs: p99 twice as long %d, total up by half %d\n", p99, total);
	assert_in_range(p99, 95, 100);
	assert_in_range(total, 95, 100);
}

static void test_same_input_same_result(void **state _unused_)
{
	struct gate_result first, again;
	struct gate_side a, b;

	seed = 1;
	make_run(&a, 1);
	make_run(&b, 1.1);
	assert_int_equal(gate_compare(&a, &b, GATE_P99, &first), 0);
	assert_int_equal(gate_compare(&a, &b, GATE_P99, &again), 0);
	assert_memory_equal(&first, &again, sizeof(first));
	gate_side__fini(&a);
	gate_side__fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_goes_to_the_slices_it_lies_in),
		cmocka_unit_test(test_no_nanosecond_falls_between_slices),
		cmocka_unit_test(test_sums_count_with_their_mean),
		cmocka_unit_test(test_bad_windows),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_false_alarms),
		cmocka_unit_test(test_what_became_worse_is_found),
		cmocka_unit_test(test_same_input_same_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
