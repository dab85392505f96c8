/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What /proc tells of how threads wait: of threads of this process, on this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/os_clock.h"
#include "source/os_sched.h"

static uint32_t self(void)
{
	return (uint32_t)getpid();
}

static void test_exec_start_goes_on(void **state _unused_)
{
	uint64_t first = os_sched_exec_start(self(), self()), second;

	if (!first)
		skip(); /* a kernel that shows none */
	usleep(20000);
	second = os_sched_exec_start(self(), self());
	assert_true(second >= first + 15000000);
	/* They are nanoseconds: not all three end with six zeroes. */
	usleep(1000);
	assert_true(first % 1000000 || second % 1000000 ||
		    os_sched_exec_start(self(), self()) % 1000000);
	assert_true(os_sched_exec_start(self(), 0x7ffffffe) == 0);
}

/* A name may look like the line that is looked for: the kernel writes it as it is. */
static void test_a_hostile_name(void **state _unused_)
{
	static const char *const names[] = {"\nse.exec_start:", "\nse.exec_start", "a\n:1.2"};
	uint64_t first = os_sched_exec_start(self(), self());
	char before[16];

	if (!first)
		skip();
	assert_int_equal(prctl(PR_GET_NAME, before), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(prctl(PR_SET_NAME, names[i]), 0);
		assert_true(os_sched_exec_start(self(), self()) >= first);
	}
	assert_int_equal(prctl(PR_SET_NAME, before), 0);
}

/* It comes back from where it went, and the clock there is that of its own times. */
static void test_the_clock_of_a_cpu(void **state _unused_)
{
	cpu_set_t before, after;
	int64_t ahead, again;
	int cpu = sched_getcpu();

	if (!os_sched_exec_start(self(), self()))
		skip();
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_true(os_sched_clock((uint32_t)cpu, &ahead));
	assert_true(os_sched_clock((uint32_t)cpu, &again));
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	/* A tick, and what was taken between the two. */
	assert_true(again - ahead < 1000000000 && ahead - again < 1000000000);
	assert_false(os_sched_clock(60000, &ahead));
	assert_true(os_sched_taken_ns((uint32_t)cpu) < UINT64_MAX);
	assert_true(os_sched_taken_ns(60000) == UINT64_MAX);
}

/* Column @nr of the line of CPU 0 in /proc/stat, from 0 on. */
static uint64_t stat_ticks(unsigned int nr)
{
	unsigned long long value = 0;
	FILE *f = fopen("/proc/stat", "re");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "cpu %*[^\n]\ncpu0"), 0);
	for (unsigned int i = 0; i <= nr; i++)
		assert_int_equal(fscanf(f, "%llu", &value), 1);
	fclose(f);
	return value;
}

/* What the hypervisor took, and where interrupts are accounted what they took. */
static uint64_t stat_taken_ns(void)
{
	uint64_t irq = stat_ticks(5), softirq = stat_ticks(6);

	return (stat_ticks(7) + (irq ? irq + softirq : 0)) * os_tick_ns();
}

static void test_what_was_taken(void **state _unused_)
{
	uint64_t before = stat_taken_ns(), found = os_sched_taken_ns(0);

	assert_true(before <= found && found <= stat_taken_ns());
}

static int take_name(void *arg, const char *name)
{
	assert_true(*name && !strpbrk(name, "+ ]\n"));
	return ++*(int *)arg == 3 ? -ECANCELED : 0;
}

static void test_a_stack_of_names(void **state _unused_)
{
	int cnt = 0, ret;
	bool whole;

	ret = os_sched_stack(self(), self(), take_name, &cnt, &whole);
	if (!whole)
		skip(); /* it takes root */
	assert_int_equal(ret, -ECANCELED);
	assert_int_equal(cnt, 3);
	cnt = 10;
	assert_int_equal(os_sched_stack(self(), 0x7ffffffe, take_name, &cnt, &whole), 0);
	assert_false(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec_start_goes_on), cmocka_unit_test(test_a_hostile_name),
		cmocka_unit_test(test_the_clock_of_a_cpu), cmocka_unit_test(test_what_was_taken),
		cmocka_unit_test(test_a_stack_of_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
