/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the probes leave out, on the host: bpf/filter.h, and the patterns for names that source/glob.c makes for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>

#include "base/compiler.h"
#include "fixtures/bpf_host.h"
#include "fixtures/random.h"
#include "source/glob.h"

/* ---- filters ---- */

static bool passes(__u32 task_flags, __u32 task_state, __u64 length_ns)
{
	struct wire_wait wait = {.state = task_state, .syscall = -1};

	return filter_interval(&cfg, task_flags, &wait, length_ns);
}

static void test_no_filter_passes_all(void **state _unused_)
{
	host_reset();
	assert_true(passes(0, 0, 0));
	assert_true(passes(TASK_F_KTHREAD, 2, UINT64_MAX));
}

static void test_user_or_kernel_threads_only(void **state _unused_)
{
	host_reset();
	cfg.threads = CONFIG_THREADS_USER;
	assert_true(passes(TASK_F_TARGET, 1, 5));
	assert_false(passes(TASK_F_TARGET | TASK_F_KTHREAD, 1, 5));
	cfg.threads = CONFIG_THREADS_KERNEL;
	assert_false(passes(TASK_F_TARGET, 1, 5));
	assert_true(passes(TASK_F_TARGET | TASK_F_KTHREAD, 1, 5));
}

static void test_the_lengths_given_are_inside_the_limits(void **state _unused_)
{
	host_reset();
	cfg.min_ns = 100;
	assert_false(passes(0, 1, 99));
	assert_true(passes(0, 1, 100));
	assert_true(passes(0, 1, UINT64_MAX)); /* max 0 is none */
	cfg.max_ns = 200;
	assert_true(passes(0, 1, 200));
	assert_false(passes(0, 1, 201));
}

/* As bcc's offcputime --state. */
static void test_a_state_mask_passes_any_of_its_bits(void **state _unused_)
{
	host_reset();
	cfg.state_mask = 2;
	assert_true(passes(0, 1, 5)); /* not asked for */
	cfg.state_filter = 1;
	assert_false(passes(0, 1, 5));
	assert_false(passes(0, 0, 5));
	assert_true(passes(0, 2, 5));
	assert_true(passes(0, 0x402, 5)); /* TASK_IDLE */
	cfg.state_mask = 3;
	assert_true(passes(0, 1, 5));
}

static void test_state_0_means_only_runnable(void **state _unused_)
{
	host_reset();
	cfg.state_filter = 1;
	assert_true(passes(0, 0, 5));
	assert_false(passes(0, 1, 5));
	assert_false(passes(0, 2, 5));
}

static void test_filters_must_all_pass(void **state _unused_)
{
	host_reset();
	cfg.threads = CONFIG_THREADS_USER;
	cfg.min_ns = 10;
	cfg.state_filter = 1;
	cfg.state_mask = 2;
	assert_true(passes(0, 2, 10));
	assert_false(passes(TASK_F_KTHREAD, 2, 10));
	assert_false(passes(0, 2, 9));
	assert_false(passes(0, 1, 10));
}

/* ---- names ---- */

static bool glob_matches(const char *pattern, const char *name)
{
	char comm[WIRE_COMM_LEN] = {0};
	struct config_glob glob;

	assert_int_equal(glob_compile(pattern, &glob), 0);
	snprintf(comm, sizeof(comm), "%s", name);
	return filter_comm(&glob, comm);
}

static void test_names_match_as_patterns_of_the_shell(void **state _unused_)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} cases[] = {
		{"nginx", "nginx", true},
		{"nginx", "nginx2", false},
		{"nginx", "ngin", false},
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"**", "x", true},
		{"kworker/*", "kworker/0:1", true},
		{"kworker/*", "kworker", false},
		{"*sql*", "mysqld", true},
		{"?", "", false},
		{"?", "\xff", true},
		{"a?c", "abc", true},
		{"[a-c]x", "bx", true},
		{"[!a-c]x", "bx", false},
		{"[^a-c]x", "dx", true},
		{"[]]", "]", true},
		{"[a-]", "-", true},
		{"\\*", "*", true},
		{"\\*", "x", false},
		{"Nginx", "nginx", false},
		{"*aaaaaaaaaaaaab", "aaaaaaaaaaaaaab", true},
		{"abcdefghijklmno", "abcdefghijklmno", true},
		{"abcdefghijklmn?", "abcdefghijklmn", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (glob_matches(cases[i].pattern, cases[i].name) != cases[i].match)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].name);
}

static void test_a_name_of_16_bytes_without_an_end_is_not_read_beyond(void **state _unused_)
{
	char *comm = malloc(WIRE_COMM_LEN); /* the sanitizer watches its end */
	struct config_glob glob;

	assert_non_null(comm);
	memset(comm, 'a', WIRE_COMM_LEN);
	assert_int_equal(glob_compile("aaaaaaaaaaaaaaaa", &glob), 0);
	assert_true(filter_comm(&glob, comm));
	free(comm);
}

static void test_patterns_that_are_refused(void **state _unused_)
{
	struct config_glob glob = {.star = 4711};
	char text[80];

	assert_int_equal(glob_compile("a[bc", &glob), -EINVAL);
	assert_int_equal(glob_compile("[", &glob), -EINVAL);
	assert_int_equal(glob_compile("[]", &glob), -EINVAL);
	assert_int_equal(glob_compile("abc\\", &glob), -EINVAL);
	memset(text, 'a', sizeof(text));
	text[64] = '\0';
	assert_int_equal(glob_compile(text, &glob), -EINVAL);
	assert_int_equal(glob.star, 4711);
	text[63] = '\0';
	assert_int_equal(glob_compile(text, &glob), 0);
}

/* Adds a bracket expression. */
static char *random_bracket(char *p)
{
	static const char alphabet[] = "abcdxyz0159!^]";
	unsigned int items = 1 + (unsigned int)random_below(3);

	*p++ = '[';
	if (once_in(3))
		*p++ = once_in(2) ? '!' : '^';
	if (once_in(6))
		*p++ = ']';
	for (; items; items--) {
		char lo = alphabet[random_below(11)];

		if (once_in(8))
			*p++ = '\\';
		*p++ = lo;
		if (once_in(2)) {
			*p++ = '-';
			*p++ = (char)(lo + (int)random_below(4));
		}
	}
	if (once_in(6))
		*p++ = '-';
	*p++ = ']';
	return p;
}

static void random_pattern(char *p)
{
	unsigned int items = (unsigned int)random_below(7);

	for (; items; items--) {
		switch (random_below(7)) {
		case 0:
		case 1:
			*p++ = '*';
			break;
		case 2:
			*p++ = '?';
			break;
		case 3:
			p = random_bracket(p);
			break;
		case 4:
			*p++ = '\\';
			*p++ = "*?[]\\ab"[random_below(7)];
			break;
		default:
			*p++ = "abcd"[random_below(4)];
		}
	}
	*p = '\0';
}

/* Names that the patterns have a chance to match. */
static void random_name(char *name)
{
	size_t len = random_below(once_in(2) ? 4 : WIRE_COMM_LEN);

	for (size_t i = 0; i < len; i++)
		name[i] = once_in(8) ? (char)(1 + random_below(255))
				     : "aabbccdd*?[]-!^x059"[random_below(19)];
	name[len] = '\0';
}

static void test_random_patterns_match_what_fnmatch_does(void **state _unused_)
{
	char pattern[128], name[WIRE_COMM_LEN];
	unsigned int matches = 0, tries = 0;

	random_seed(1);
	for (int i = 0; i < 20000; i++) {
		random_pattern(pattern);
		for (int j = 0; j < 20; j++, tries++) {
			bool want;

			random_name(name);
			want = !fnmatch(pattern, name, 0);
			if (glob_matches(pattern, name) != want)
				fail_msg("'%s' and '%s': fnmatch() says %d", pattern, name, want);
			matches += want;
		}
	}
	assert_true(matches > tries / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_filter_passes_all),
		cmocka_unit_test(test_user_or_kernel_threads_only),
		cmocka_unit_test(test_the_lengths_given_are_inside_the_limits),
		cmocka_unit_test(test_a_state_mask_passes_any_of_its_bits),
		cmocka_unit_test(test_state_0_means_only_runnable),
		cmocka_unit_test(test_filters_must_all_pass),
		cmocka_unit_test(test_names_match_as_patterns_of_the_shell),
		cmocka_unit_test(test_a_name_of_16_bytes_without_an_end_is_not_read_beyond),
		cmocka_unit_test(test_patterns_that_are_refused),
		cmocka_unit_test(test_random_patterns_match_what_fnmatch_does),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
