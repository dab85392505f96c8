/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What dwell.exe has in the place of functions of the GNU C library, beside those: patterns and sorting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "fixtures/random.h"

/* ---- the judges ---- */

#include <fnmatch.h>
#include <regex.h>

static int gnu_fnmatch(const char *pattern, const char *text)
{
	return fnmatch(pattern, text, 0);
}

/* -1: not a pattern; else whether it matches. */
static int gnu_match(const char *pattern, const char *text)
{
	regex_t re;
	int found;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
		return -1;
	found = !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return found;
}

/* ---- ours, under other names ---- */

#undef REG_EXTENDED
#undef REG_NOSUB
#undef FNM_NOMATCH
#undef REG_NOMATCH
#undef REG_BADPAT
#undef REG_ECTYPE
#undef REG_EESCAPE
#undef REG_ESUBREG
#undef REG_EBRACK
#undef REG_EPAREN
#undef REG_EBRACE
#undef REG_BADBR
#undef REG_ERANGE
#undef REG_ESPACE
#undef REG_BADRPT
#define REG_NOMATCH ours_REG_NOMATCH
#define REG_BADPAT  ours_REG_BADPAT
#define REG_ECTYPE  ours_REG_ECTYPE
#define REG_EESCAPE ours_REG_EESCAPE
#define REG_ESUBREG ours_REG_ESUBREG
#define REG_EBRACK  ours_REG_EBRACK
#define REG_EPAREN  ours_REG_EPAREN
#define REG_EBRACE  ours_REG_EBRACE
#define REG_BADBR   ours_REG_BADBR
#define REG_ERANGE  ours_REG_ERANGE
#define REG_ESPACE  ours_REG_ESPACE
#define REG_BADRPT  ours_REG_BADRPT
#define regex_t	    ours_regex_t
#define regmatch_t  ours_regmatch_t
#define regcomp	    ours_regcomp
#define regexec	    ours_regexec
#define regerror    ours_regerror
#define regfree	    ours_regfree
#define fnmatch	    ours_fnmatch
#include "../../windows/fnmatch.h"
#include "../../windows/regex.h"

#include "../../windows/fnmatch.c"
#include "../../windows/regex.c"
#include "../../windows/sort.c"

static int ours_match(const char *pattern, const char *text)
{
	regex_t re;
	int found;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
		return -1;
	found = !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return found;
}

/* ---- random patterns ---- */

static void make_pattern(const char *const *parts, size_t part_cnt, char *to)
{
	*to = '\0';
	for (size_t i = 0, len = random_u64() % 8; i < len; i++)
		strcat(to, parts[random_u64() % part_cnt]);
}

static void make_text(char *to)
{
	size_t len = random_u64() % 7;

	for (size_t i = 0; i < len; i++)
		to[i] = "aab_b. -"[random_u64() % 8];
	to[len] = '\0';
}

static void test_expressions(void **state _unused_)
{
	static const char *const parts[] = {
		"a",	"b",  "ab",   "_",    ".",	     "*",   "+",    "?",
		"{2}",	"(",  ")",    "|",    "^",	     "$",   "\\w",  "{1,2}",
		"{,2}", "()", "{1,}", "[^a]", "[[:alpha:]]", "[a-", "[ab]", "\\b",
		"\\<",	"-",  "\\>",  "\\.",  "\\s",	     "{",   "}",    "\\B",
	};
	size_t right = 0, matched = 0;
	char pattern[128], text[8];

	random_seed(7);
	for (int i = 0; i < 200000; i++) {
		int gnu;

		make_pattern(parts, ARRAY_SIZE(parts), pattern);
		make_text(text);
		gnu = gnu_match(pattern, text);
		if (gnu != ours_match(pattern, text))
			fail_msg("'%s' on '%s': GNU says %d", pattern, text, gnu);
		right += gnu >= 0;
		matched += gnu > 0;
	}
	/* Both kinds were tried often. */
	assert_true(right > 50000);
	assert_true(matched > 20000);
}

static void test_errors_of_expressions(void **state _unused_)
{
	static const char *const bad[] = {"(",	"[a",	"a{2",	 "a{2,1}",  "*a",
					  "\\", "a{x}", "[b-a]", "[[:x:]]", "a{40000}",
					  "(a", "a**{", "a\\"};
	regex_t re;
	char why[64];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int err = regcomp(&re, bad[i], REG_EXTENDED | REG_NOSUB);

		assert_true(err);
		assert_true(regerror(err, &re, why, sizeof(why)) > 5);
		assert_int_equal(gnu_match(bad[i], ""), -1);
	}
	/* Back references, which GNU's takes, and what would become too large. */
	assert_int_equal(ours_match("(a)\\1", "aa"), -1);
	assert_int_equal(ours_match("((((a{99}){99}){99}){99})", "a"), -1);
}

static void test_wildcards(void **state _unused_)
{
	static const char *const parts[] = {"a",   "b",	  "*",	 "?", "[ab]", "[!a]",
					    "[a-", "\\a", "\\*", "[", "]",    "-"};
	char pattern[128], text[8];
	size_t matched = 0;

	random_seed(11);
	for (int i = 0; i < 200000; i++) {
		int gnu;

		make_pattern(parts, ARRAY_SIZE(parts), pattern);
		make_text(text);
		gnu = gnu_fnmatch(pattern, text);
		if (!gnu != !fnmatch(pattern, text, 0))
			fail_msg("'%s' on '%s': GNU says %d", pattern, text, gnu);
		matched += !gnu;
	}
	assert_true(matched > 5000);
}

/* ---- sorting ---- */

struct item {
	uint32_t key, place;
};

static int compare_items(const void *a, const void *b, void *arg)
{
	const struct item *x = a, *y = b;

	++*(size_t *)arg;
	return (x->key > y->key) - (x->key < y->key);
}

static void check_sorted(const struct item *items, size_t cnt)
{
	for (size_t i = 1; i < cnt; i++) {
		assert_true(items[i - 1].key <= items[i].key);
		if (items[i - 1].key == items[i].key)
			assert_true(items[i - 1].place < items[i].place);
	}
}

static void test_sort_is_stable(void **state _unused_)
{
	struct item items[300];

	random_seed(3);
	for (size_t cnt = 0; cnt <= ARRAY_SIZE(items); cnt++) {
		size_t calls = 0;

		for (int in_place = 0; in_place < 2; in_place++) {
			for (uint32_t i = 0; i < cnt; i++)
				items[i] = (struct item){(uint32_t)(random_u64() % 20), i};
			if (in_place)
				sort_in_place(&(struct sort){sizeof(*items), compare_items, &calls},
					      (char *)items, cnt);
			else
				sort_stable(items, cnt, sizeof(*items), compare_items, &calls);
			check_sorted(items, cnt);
		}
		assert_true(cnt < 2 || calls >= cnt - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_errors_of_expressions),
		cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_sort_is_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
