/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Histograms of metrics: every value in its bucket, every bound with the text by which servers know it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analyze/bounds.h"
#include "base/compiler.h"
#include "base/hash.h"

/* What the bounds of a table make of their own text. */
static void check_reparsed(const struct bounds *b)
{
	struct bounds again;
	char list[1024] = "";

	for (uint32_t i = 0; i < b->cnt; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? "," : "",
			 b->le[i]);
	assert_int_equal(bounds_parse(list, &again), 0);
	assert_int_equal(again.cnt, b->cnt);
	for (uint32_t i = 0; i < b->cnt; i++) {
		assert_int_equal(again.values[i], b->values[i]);
		assert_string_equal(again.le[i], b->le[i]);
	}
}

static void test_default_table(void **state _unused_)
{
	uint64_t expected = 1000;

	assert_int_equal(bounds_time.cnt, 24);
	for (uint32_t i = 0; i < bounds_time.cnt; i++) {
		static const uint64_t steps[] = {1, 2, 5};

		assert_int_equal(bounds_time.values[i], expected * steps[i % 3]);
		if (i % 3 == 2)
			expected *= 10;
	}
	assert_int_equal(bounds_time.values[23], 50000000000);
	/* The text of each is what the parser would have made of it. */
	check_reparsed(&bounds_time);
}

static void test_frames_table(void **state _unused_)
{
	char le[BOUNDS_LE_LEN];

	for (uint32_t i = 0; i < bounds_frames.cnt; i++) {
		snprintf(le, sizeof(le), "%d.0", (int)bounds_frames.values[i]);
		assert_string_equal(bounds_frames.le[i], le);
	}
}

static void test_text(void **state _unused_)
{
	static const struct {
		const char *text, *le;
		uint64_t ns;
	} cases[] = {
		{"1", "1.0", 1000000000},
		{"1e-9", "1e-09", 1},
		{"0.000000001", "1e-09", 1},
		{"1e-06", "1e-06", 1000},
		{"0.0000125", "1.25e-05", 12500},
		{"0.00009", "9e-05", 90000},
		{"0.0001", "0.0001", 100000},
		{"1E-4", "0.0001", 100000},
		{"0.000123", "0.000123", 123000},
		{"0.10", "0.1", 100000000},
		{".5", "0.5", 500000000},
		{"5.", "5.0", 5000000000},
		{"1.5", "1.5", 1500000000},
		{"12.345678901", "12.345678901", 12345678901},
		{"60", "60.0", 60000000000},
		{"1e2", "100.0", 100000000000},
		{"100000", "100000.0", 100000000000000},
		{"99999.999999999", "99999.999999999", 99999999999999},
		{"1.0000000000", "1.0", 1000000000},
	};
	struct bounds b;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(bounds_parse(cases[i].text, &b), 0);
		assert_int_equal(b.cnt, 1);
		assert_int_equal(b.values[0], cases[i].ns);
		assert_string_equal(b.le[0], cases[i].le);
	}
}

/* Without point, exponent, and zeros at either end. */
static int significant_digits(const char *text)
{
	int digits = 0, zeros = 0;

	for (; *text && *text != 'e'; text++) {
		if (*text == '.' || (*text == '0' && !digits))
			continue;
		digits++;
		zeros = *text == '0' ? zeros + 1 : 0;
	}
	return digits - zeros;
}

/* The digits are the shortest that give the same double back, as Go writes them. */
static void test_text_gives_the_number_back(void **state _unused_)
{
	char word[64];
	struct bounds b;

	for (uint64_t i = 1; i < 20000; i++) {
		uint64_t ns = hash_u64(i) % 100000000000000ull + 1;

		ns >>= hash_u64(~i) % 46;
		ns = ns ? ns : 1;
		snprintf(word, sizeof(word), "%llu.%09llu", (unsigned long long)(ns / 1000000000),
			 (unsigned long long)(ns % 1000000000));
		assert_int_equal(bounds_parse(word, &b), 0);
		assert_int_equal(b.values[0], ns);
		assert_true(strtod(b.le[0], NULL) == strtod(word, NULL));
		for (int digits = 1; digits < 17; digits++) {
			char shorter[64];

			snprintf(shorter, sizeof(shorter), "%.*e", digits - 1, strtod(word, NULL));
			if (strtod(shorter, NULL) != strtod(word, NULL))
				continue;
			assert_int_equal(significant_digits(b.le[0]), digits);
			break;
		}
	}
}

static void test_refused(void **state _unused_)
{
	static const char *const lists[] = {
		"",
		",",
		"1,",
		",1",
		"1,,2",
		"x",
		"1x",
		"-1",
		"0",
		"0.0",
		"1,1",
		"2,1",
		"1e-10",
		"0.0000000005",
		"1e",
		"1e+",
		"1e-",
		"+Inf",
		"Inf",
		"NaN",
		"1 ",
		" 1",
		"1.2.3",
		"100001",
		"1e6",
		"1e99",
		"1e99999",
		".",
		"0x10",
		"1,0.5",
		"1e-9,1e-9",
		"99999999999999999999999",
		"0.00000000000000000000000000001",
	};
	struct bounds b = {.cnt = 77};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		assert_int_equal(bounds_parse(lists[i], &b), -EINVAL);
		assert_int_equal(b.cnt, 77);
	}
}

static void test_at_most_so_many(void **state _unused_)
{
	char list[1024] = "1";
	struct bounds b;

	for (int i = 2; i <= BOUNDS_MAX; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), ",%d", i);
	assert_int_equal(bounds_parse(list, &b), 0);
	assert_int_equal(b.cnt, BOUNDS_MAX);
	strcat(list, ",1000");
	assert_int_equal(bounds_parse(list, &b), -EINVAL);
}

/* A value on a bound is in its bucket, one more is in the next. */
static void test_find(void **state _unused_)
{
	const struct bounds *b = &bounds_time;

	assert_int_equal(bounds__find(b, 0), 0);
	for (uint32_t i = 0; i < b->cnt; i++) {
		assert_int_equal(bounds__find(b, b->values[i] - 1), i);
		assert_int_equal(bounds__find(b, b->values[i]), i);
		assert_int_equal(bounds__find(b, b->values[i] + 1), i + 1);
	}
	assert_int_equal(bounds__find(b, UINT64_MAX), b->cnt);
}

static void test_counts(void **state _unused_)
{
	struct bounds_counts c = {0};

	bounds_counts__add(&c, &bounds_time, 1, 1000);
	bounds_counts__add(&c, &bounds_time, 1, 1001);
	bounds_counts__add(&c, &bounds_time, 0, 5);
	/* Three at their mean, 1.5 ms, and nothing of the sum is lost. */
	bounds_counts__add(&c, &bounds_time, 3, 4500001);
	bounds_counts__add(&c, &bounds_time, 1, UINT64_MAX);
	assert_int_equal(c.cnts[0], 1);
	assert_int_equal(c.cnts[1], 1);
	assert_int_equal(c.cnts[bounds__find(&bounds_time, 1500000)], 3);
	assert_int_equal(c.cnts[bounds_time.cnt], 1);
	assert_int_equal(c.cnt, 6);
	assert_true(c.sum == (unsigned __int128)UINT64_MAX + 1000 + 1001 + 4500001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_table),
		cmocka_unit_test(test_frames_table),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_gives_the_number_back),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_at_most_so_many),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests_name("bounds", tests, NULL, NULL);
}
