/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Log-linear histograms: every value in its bucket, quantiles within a bucket of the truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "base/hash.h"
#include "base/histogram.h"

#define VALUES 20001

/* Evenly over the powers of two, so that small ones occur too. */
static uint64_t value_at(uint64_t seed)
{
	return hash_u64(seed) >> (hash_u64(~seed) % 64);
}

static void test_a_bucket_holds_its_values(void **state _unused_)
{
	for (uint64_t i = 0; i < 200000; i++) {
		uint64_t v = i < 5000 ? i : value_at(i);
		uint32_t b = histogram_bucket(v);

		assert_true(b < HISTOGRAM_BUCKETS);
		assert_true(histogram_lower(b) <= v);
		assert_true(v - histogram_lower(b) < histogram_width(b));
	}
	assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void test_buckets_follow_each_other_and_are_narrow(void **state _unused_)
{
	for (uint32_t b = 0; b < HISTOGRAM_BUCKETS; b++) {
		uint64_t lower = histogram_lower(b), width = histogram_width(b);

		assert_int_equal(histogram_bucket(lower), b);
		assert_int_equal(histogram_bucket(lower + width - 1), b);
		if (b + 1 < HISTOGRAM_BUCKETS)
			assert_true(histogram_lower(b + 1) == lower + width);
		assert_true(width == 1 || width * 16 <= lower);
	}
}

static void test_log2(void **state _unused_)
{
	assert_int_equal(histogram_log2(0), 0);
	for (uint32_t i = 0; i < 64; i++) {
		assert_int_equal(histogram_log2(1ull << i), i);
		assert_int_equal(histogram_log2((2ull << i) - 1), i);
	}
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_quantiles_are_within_a_bucket(void **state _unused_)
{
	static const uint32_t permilles[] = {0, 1, 250, 500, 950, 990, 999, 1000};
	uint64_t *values = calloc(VALUES, sizeof(*values));
	struct histogram h = {0};

	assert_non_null(values);
	for (uint32_t cnt = 1; cnt <= VALUES; cnt = cnt * 3 + 1) {
		histogram__fini(&h);
		for (uint32_t i = 0; i < cnt; i++) {
			values[i] = value_at(((uint64_t)cnt << 32) + i);
			assert_int_equal(histogram__record(&h, values[i]), 0);
		}
		qsort(values, cnt, sizeof(*values), by_size);
		for (size_t i = 0; i < ARRAY_SIZE(permilles); i++) {
			uint64_t rank = ((uint64_t)cnt * permilles[i] + 999) / 1000;
			uint64_t want = values[rank ? rank - 1 : 0];
			uint64_t got = histogram__quantile(&h, permilles[i]);
			uint64_t off = got > want ? got - want : want - got;

			assert_true(off <= want / 16);
			assert_true(want >= 32 || !off);
		}
		assert_int_equal(h.cnt, cnt);
		assert_true(h.max == values[cnt - 1]);
	}
	histogram__fini(&h);
	free(values);
}

static void test_merging_adds_everything(void **state _unused_)
{
	struct histogram all = {0}, parts[3] = {{.cnt = 0}};

	for (uint64_t i = 0; i < 3000; i++) {
		assert_int_equal(histogram__record(&all, value_at(i)), 0);
		assert_int_equal(histogram__record(&parts[i % 3], value_at(i)), 0);
	}
	assert_int_equal(histogram__merge(&parts[0], &parts[1]), 0);
	assert_int_equal(histogram__merge(&parts[0], &parts[2]), 0);
	assert_int_equal(parts[0].cnt, 3000);
	assert_true(parts[0].max == all.max);
	for (uint32_t b = 0; b < HISTOGRAM_BUCKETS; b++)
		assert_int_equal(histogram__count(&parts[0], b), histogram__count(&all, b));
	histogram__fini(&all);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		histogram__fini(&parts[i]);
}

static void test_counts_of_buckets_know_no_exact_max(void **state _unused_)
{
	struct histogram h = {0};

	assert_int_equal(histogram__quantile(&h, 500), 0);
	assert_int_equal(histogram__add(&h, HISTOGRAM_BUCKETS, 1), -EINVAL);
	assert_int_equal(histogram__add(&h, histogram_bucket(1000000), 2), 0);
	assert_true(h.max <= 1000000 && h.max >= 1000000 / 17 * 16);
	histogram__raise_max(&h, 1000000);
	assert_int_equal(h.max, 1000000);
	assert_int_equal(histogram__add(&h, 3, UINT64_MAX / 2), 0);
	assert_int_equal(histogram__quantile(&h, 999), 3);
	assert_int_equal(h.cnt, UINT64_MAX / 2 + 2);
	histogram__fini(&h);
}

static void test_a_drawing(void **state _unused_)
{
	struct histogram h = {0};
	struct buf text;

	buf__init(&text, 1 << 16);
	histogram__draw(&h, "", &text);
	assert_string_equal(buf__str(&text), "");
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(histogram__record(&h, i), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(histogram__record(&h, 9), 0);
	histogram__draw(&h, "  ", &text);
	assert_string_equal(
		buf__str(&text),
		"  [0, 1)                    1 |@@@@@@@@@@                              |\n"
		"  [1, 2)                    1 |@@@@@@@@@@                              |\n"
		"  [2, 4)                    1 |@@@@@@@@@@                              |\n"
		"  [4, 8)                    0 |                                        |\n"
		"  [8, 16)                   4 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n");
	histogram__fini(&h);
	buf__reset(&text);
	assert_int_equal(histogram__record(&h, 1536), 0);
	histogram__draw(&h, "", &text);
	assert_non_null(strstr(buf__str(&text), "[1K, 2K) "));
	histogram__fini(&h);
	buf__reset(&text);
	assert_int_equal(histogram__record(&h, UINT64_MAX), 0);
	histogram__draw(&h, "", &text);
	assert_non_null(strstr(buf__str(&text), "[8E, 16E) "));
	histogram__fini(&h);
	buf__fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bucket_holds_its_values),
		cmocka_unit_test(test_buckets_follow_each_other_and_are_narrow),
		cmocka_unit_test(test_log2),
		cmocka_unit_test(test_quantiles_are_within_a_bucket),
		cmocka_unit_test(test_merging_adds_everything),
		cmocka_unit_test(test_counts_of_buckets_know_no_exact_max),
		cmocka_unit_test(test_a_drawing),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
