/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * reports [SECONDS] [fixed]: a thread answers requests, each 1 ms of work, 100 a second, while six others compute reports on all CPUs. With
 * "fixed" the reports run at a lower priority.
 */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lesson.h"

#define REPORTS 6

static bool fixed;

static noinline void answer_request(void)
{
	lesson_compute_us(1000);
}

static noinline void compute_report(void)
{
	lesson_compute_us(50000);
}

static noinline void answer(void)
{
	while (!lesson_over) {
		answer_request();
		lesson_requests++;
		lesson_sleep_us(9000);
	}
}

static void *work(void *arg)
{
	if ((intptr_t)arg == REPORTS) {
		answer();
		return NULL;
	}
	/* Of a thread, on Linux. */
	if (fixed)
		setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
	while (!lesson_over)
		compute_report();
	return NULL;
}

int main(int argc, char **argv)
{
	fixed = lesson_is_fixed(argc, argv);
	return lesson_run(argc, argv, "thread", REPORTS + 1, work);
}
