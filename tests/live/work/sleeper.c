/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* sleeper COUNT MS [STATUS [first-ends]]: sleeps COUNT times, exits with STATUS; first-ends: in a second thread, when the first has ended. */
#include "work.h"

static struct meter slept;
static uint64_t cnt, ms;
static int status;

static work_frame void work_sleep(void)
{
	for (uint64_t i = 0; i < cnt; i++) {
		uint64_t since = now_ns();

		nap_ns(ms * NS_PER_MS);
		meter_add(&slept, since);
	}
}

/* In its caller's frame. */
static inline __attribute__((always_inline)) int work(void)
{
	work_ready();
	work_sleep();
	meter_say("sleep", &slept);
	work_done();
	return status;
}

static void *second(void *unused work_maybe)
{
	exit(work());
}

int main(int argc, char **argv)
{
	pthread_t thread;

	cnt = arg_u64(argc, argv, 1, 100);
	ms = arg_u64(argc, argv, 2, 10);
	status = (int)arg_u64(argc, argv, 3, 0);
	if (argc > 4 && !strcmp(argv[4], "first-ends")) {
		pthread_create(&thread, NULL, second, NULL);
		syscall(SYS_exit, 0);
	}
	return work();
}
