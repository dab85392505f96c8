/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The text of dwell dump, and the letters of states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/syscall.h>

#include "browser/sample_profile.h"
#include "model/wait_state.h"
#include "output/writer.h"

#define MS 1000000ull

static void check_dump(struct profile *p, bool apart, const char *want)
{
	const struct writer_opts opts = {.apart = apart};
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	assert_int_equal(dump_writer.write(p, &opts, to), 0);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text, want);
	free(text);
	profile__free(p);
}

static uint32_t thread(struct profile *p, const char *comm, uint32_t tid)
{
	sample_thread(p, comm, (struct profile_thread){.pid = 10, .tid = tid});
	return (uint32_t)p->thread_cnt - 1;
}

/* Two threads in one place, one in another, and one of which nobody knows how long. */
static struct profile *example(void)
{
	struct profile *p = sample_new("", 0);
	uint32_t a = thread(p, "w-a", 11), b = thread(p, "w-b", 12), c = thread(p, "w-c", 13);
	uint32_t d = thread(p, "w-d", 14);
	uint16_t futex = profile_syscall(SYS_futex, false);

	SAMPLE_ADD(p,
		   SAMPLE(.thread = c, .state = 'D', .reason = REASON_DISK, .blocked_ns = 4000 * MS,
			  .at_least = true),
		   "Pw-c", "Umain", "Kio");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = a, .state = 'S', .reason = REASON_LOCK, .syscall = futex,
			  .blocked_ns = 3000 * MS),
		   "Pw-a", "Umain", "Vlock", "Kwait");
	SAMPLE_ADD(p, SAMPLE(.thread = d, .state = 'S', .reason = REASON_OTHER, .at_least = true),
		   "Pw-d", "M[Missed User Stack]", "Kwait");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = b, .state = 'S', .reason = REASON_LOCK, .syscall = futex,
			  .blocked_ns = 5000 * MS),
		   "Pw-b", "Umain", "Vlock", "Kwait");
	return p;
}

#define LOCK_STACK "    wait  [kernel]\n    lock  libv.so.1\n    main  app\n"
#define DISK_BLOCK                                                                           \
	"w-c 10/13  uninterruptible, disk  blocked for at least 4.000 s\n    io  [kernel]\n" \
	"    main  app\n"
#define UNKNOWN_BLOCK                                                                       \
	"w-d 10/14  sleeping, other  blocked for an unknown time\n    wait  [kernel]\n    " \
	"[Missed User Stack]\n"

static void test_equal_stacks_are_one_block(void **state _unused_)
{
	check_dump(example(), false,
		   "2 threads  sleeping, lock  blocked for 3.000 s to 5.000 s  in futex\n"
		   "  w-b 10/12  5.000 s\n  w-a 10/11  3.000 s\n" LOCK_STACK "\n" DISK_BLOCK
		   "\n" UNKNOWN_BLOCK);
}

static void test_threads_apart(void **state _unused_)
{
	check_dump(example(), true,
		   "w-b 10/12  sleeping, lock  blocked for 5.000 s  in futex\n" LOCK_STACK
		   "\n" DISK_BLOCK
		   "\nw-a 10/11  sleeping, lock  blocked for 3.000 s  in futex\n" LOCK_STACK
		   "\n" UNKNOWN_BLOCK);
}

/* Different calls, states or reasons are different blocks; what a thread is called is not. */
static void test_what_makes_a_block(void **state _unused_)
{
	struct profile *p = sample_new("", 0);
	uint32_t a = thread(p, "a", 11);
	uint16_t call = profile_syscall(SYS_read, false);

	SAMPLE_ADD(p, SAMPLE(.thread = a, .state = 'S', .blocked_ns = 3 * MS), "Pa", "Uf");
	SAMPLE_ADD(p, SAMPLE(.thread = a, .state = 'D', .blocked_ns = 2 * MS), "Pb", "Uf");
	SAMPLE_ADD(p, SAMPLE(.thread = a, .state = 'S', .syscall = call, .blocked_ns = 1 * MS),
		   "Pa", "Uf");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = a, .state = 'S', .reason = REASON_DISK, .blocked_ns = 950000),
		   "Pa", "Uf");
	SAMPLE_ADD(p, SAMPLE(.thread = UINT32_MAX, .state = 'R', .runnable_ns = 900000), "Pa");
	check_dump(p, false,
		   "a 10/11  sleeping, other  blocked for 3.000 ms\n    f  app\n\n"
		   "a 10/11  uninterruptible, other  blocked for 2.000 ms\n    f  app\n\n"
		   "a 10/11  sleeping, other  blocked for 1.000 ms  in read\n    f  app\n\n"
		   "a 10/11  sleeping, disk  blocked for 950.0 us\n    f  app\n\n"
		   "[unknown]  waits for a CPU, off it for 900.0 us\n");
	check_dump(sample_new("", 0), false, "");
}

/* All of a large pool: the first ones, and how many there are. */
static void test_a_long_list_ends(void **state _unused_)
{
	struct profile *p = sample_new("", 0);
	char want[2048];
	int n = snprintf(want, sizeof(want), "22 threads  sleeping, other  blocked for 1.000 ms\n");

	for (uint32_t i = 0; i < 22; i++) {
		uint32_t t = thread(p, "w", 100 + i);

		SAMPLE_ADD(p, SAMPLE(.thread = t, .state = 'S', .blocked_ns = MS), "Pw", "Uf");
		if (i < 20)
			n += snprintf(want + n, sizeof(want) - (size_t)n, "  w 10/%u  1.000 ms\n",
				      100 + i);
	}
	snprintf(want + n, sizeof(want) - (size_t)n,
		 "  and 2 more: --per-thread or --json for all of them\n    f  app\n");
	check_dump(p, false, want);
}

/* Names are arbitrary bytes: nothing that a terminal would obey comes through. */
static void test_hostile_names(void **state _unused_)
{
	struct profile *p = sample_new("", 0);
	uint32_t t = thread(p, "x\033[2Jy", 11);

	SAMPLE_ADD(p, SAMPLE(.thread = t, .state = 'S', .blocked_ns = MS), "Px", "Uf\033[31m\n");
	assert_int_equal(p->sample_cnt, 1);
	{
		char *text = NULL;
		size_t len;
		FILE *to = open_memstream(&text, &len);

		assert_int_equal(dump_writer.write(p, NULL, to), 0);
		assert_int_equal(fclose(to), 0);
		assert_null(strchr(text, '\033'));
		free(text);
	}
	profile__free(p);
}

static void test_state_letters(void **state _unused_)
{
	static const struct {
		uint32_t bits;
		uint16_t flags;
		char letter;
		const char *name;
	} cases[] = {
		{0x1, 0, 'S', "sleeping"},
		{0x2, 0, 'D', "uninterruptible"},
		{0x102, 0, 'D', "uninterruptible"},
		{0x402, 0, 'I', "idle"},
		{0x4, 0, 'T', "stopped"},
		{0x104, 0, 'T', "stopped"},
		{0x8, 0, 't', "traced"},
		{0x108, 0, 't', "traced"},
		{0x40, 0, 'P', "parked"},
		{0x2001, 0, 'S', "sleeping"},
		{0x1000, 0, 'D', "uninterruptible"},
		{0, 0, '?', "off CPU"},
		{0x1, WIRE_F_PREEMPT, 'R', "runnable"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wire_wait wait = {.state = cases[i].bits, .flags = cases[i].flags};

		assert_int_equal(wait_state_letter(&wait), cases[i].letter);
		assert_string_equal(wait_state_name(cases[i].letter), cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_stacks_are_one_block),
		cmocka_unit_test(test_threads_apart),
		cmocka_unit_test(test_what_makes_a_block),
		cmocka_unit_test(test_a_long_list_ends),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_state_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
