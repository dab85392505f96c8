/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* spinners THREADS MS: each thread calls getppid() for MS ms as fast as it can and counts: "made NAME COUNT". */
#include "work.h"

#define SPIN_BATCH 256

static uint64_t until_ns;

static void *spin(void *arg)
{
	uint64_t cnt = 0;

	while (now_ns() < until_ns)
		for (int i = 0; i < SPIN_BATCH; i++, cnt++)
			raw_syscall3(SYS_getppid, 0, 0, 0);
	say("made %lu %llu", (unsigned long)(uintptr_t)arg, (unsigned long long)cnt);
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t threads = arg_u64(argc, argv, 1, 2);
	pthread_t *all = calloc(threads, sizeof(*all));

	if (!all)
		die("calloc");
	work_ready();
	until_ns = now_ns() + arg_u64(argc, argv, 2, 1000) * NS_PER_MS;
	for (uint64_t i = 0; i < threads; i++)
		all[i] = start_thread(spin, (void *)(uintptr_t)i);
	for (uint64_t i = 0; i < threads; i++)
		pthread_join(all[i], NULL);
	work_done();
	return 0;
}
