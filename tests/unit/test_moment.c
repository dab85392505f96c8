/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Moments that people name. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "app/moment.h"
#include "base/compiler.h"
#include "base/log.h"

#define S     1000000000ull
#define START (1769860800 * S) /* 2026-01-31T12:00:00Z */

static uint64_t resolved(const char *text, uint64_t start_ns)
{
	struct moment m;
	uint64_t ns;

	assert_int_equal(moment__parse(text, true, &m), 0);
	assert_int_equal(moment__resolve(&m, start_ns, &ns), 0);
	return ns;
}

static void set_zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static void test_known(void **state _unused_)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{"2026-01-31T12:00:00Z", START},
		{"2026-01-31 12:00Z", START},
		{"2026-01-31T13:00:00+01:00", START},
		{"2026-01-31T06:30:00.5-0530", START + S / 2},
		{"2026-01-31T12:00:00", START},
		{"2024-02-29T00:00:00Z", 1709164800 * S},
		{"1970-01-01T00:00:00Z", 0},
		{"@1769860800.000000001", START + 1},
		{"@0", 0},
		{"+1.5s", START + 3 * S / 2},
		{"+2m", START + 120 * S},
		{"+0", START},
		{"/7s", (START / (7 * S) + 1) * 7 * S},
		{"/10s", START + 10 * S},
		{"12:00:01", START + S},
		{"11:59", START - 60 * S},
		{"23:59:59.999999999", START + 12 * 3600 * S - 1},
		{"00:00", START - 12 * 3600 * S},
	};

	set_zone("UTC0");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (resolved(cases[i].text, START) != cases[i].ns)
			fail_msg("%s is %llu, not %llu", cases[i].text,
				 (unsigned long long)resolved(cases[i].text, START),
				 (unsigned long long)cases[i].ns);
}

/* A time of day is of the day that is nearer: a recording may go over midnight. */
static void test_midnight(void **state _unused_)
{
	uint64_t late = START + (11 * 3600 + 59 * 60) * S; /* 23:59 */

	set_zone("UTC0");
	assert_int_equal(resolved("00:01", late), late + 120 * S);
	assert_int_equal(resolved("23:58", late), late - 60 * S);
}

/* Where summer begins at 2 o'clock: 2026-03-29, in the middle of Europe. */
static void test_local_time(void **state _unused_)
{
	uint64_t before = 1774745940 * S; /* 00:59 UTC, 01:59 there */

	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(resolved("03:00", before), before + 60 * S);
	assert_int_equal(resolved("2026-03-29T03:00", before), before + 60 * S);
	assert_int_equal(resolved("2026-01-31T13:00:00", 0), START);
	set_zone("UTC0");
}

static void test_refused(void **state _unused_)
{
	static const char *const texts[] = {
		"",
		"now",
		"12",
		"12:",
		"12:60",
		"24:00",
		"1:00",
		"12:00:61",
		"12:00:00.",
		"12:00Z",
		"2026-01-31",
		"2026-02-30T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-01-31T12:00:00X",
		"2026-01-31T12:00:00Z ",
		"2026-01-31T12:00:00+25:00",
		"@",
		"@1x",
		"@99999999999999999999",
		"+",
		"+-1",
		"+x",
		"/",
		"/0",
		"1900-01-01T00:00:00Z",
	};
	struct moment m;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (moment__parse(texts[i], true, &m) != -EINVAL)
			fail_msg("'%s' is taken", texts[i]);
		assert_non_null(strstr(error_text(-EINVAL), "give 12:30:00"));
	}
	assert_int_equal(moment__parse("/10s", false, &m), -EINVAL);
}

static void test_far(void **state _unused_)
{
	assert_true(resolved("+1000000h", UINT64_MAX - 5) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),	   cmocka_unit_test(test_midnight),
		cmocka_unit_test(test_local_time), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
