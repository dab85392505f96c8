/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* burner THREADS MS: threads fight for one CPU until each has had MS of it. */
#include <sched.h>

#include "gate.h"

static uint64_t burn_ns;

static inline __attribute__((always_inline)) uint64_t cpu_ns(void)
{
	struct timespec ts;

	raw_syscall3(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &ts, 0);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void use_one_cpu(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(all), &all))
		die("sched_getaffinity");
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		die("sched_setaffinity");
}

static work_frame void work_burn(void)
{
	while (cpu_ns() < burn_ns)
		for (volatile int i = 0; i < 10000; i++)
			;
}

static void *burn(void *arg)
{
	char name[16];
	uint64_t since, wall_ns;

	snprintf(name, sizeof(name), "burn-%d", (int)(intptr_t)arg);
	thread_says(name);
	gate_pass(&start);
	since = now_ns();
	work_burn();
	wall_ns = now_ns() - since;
	say("burnt-%ld %llu %llu", syscall(SYS_gettid), (unsigned long long)cpu_ns(),
	    (unsigned long long)wall_ns);
	gate_pass(&finish);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = (int)arg_u64(argc, argv, 1, 3);

	burn_ns = arg_u64(argc, argv, 2, 300) * NS_PER_MS;
	use_one_cpu();
	for (int i = 0; i < threads; i++)
		start_thread(burn, (void *)(intptr_t)i);
	gate_await(&start, threads);
	work_ready();
	gate_open(&start);
	gate_await(&finish, threads);
	work_done();
	return 0;
}
