/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* first_ends COUNT MS: its first thread has ended when another one sleeps COUNT times. */
#include "work.h"

static struct meter slept;

static work_frame void work_sleep(uint64_t cnt, uint64_t ms)
{
	for (uint64_t i = 0; i < cnt; i++) {
		uint64_t since = now_ns();

		nap_ns(ms * NS_PER_MS);
		meter_add(&slept, since);
	}
}

struct args {
	uint64_t cnt, ms;
};

static void *second(void *arg)
{
	const struct args *a = arg;

	work_ready();
	work_sleep(a->cnt, a->ms);
	meter_say("sleep", &slept);
	work_done();
	exit(0);
}

int main(int argc, char **argv)
{
	static struct args args;
	pthread_t thread;

	args = (struct args){arg_u64(argc, argv, 1, 100), arg_u64(argc, argv, 2, 10)};
	pthread_create(&thread, NULL, second, &args);
	syscall(SYS_exit, 0);
	return 1;
}
