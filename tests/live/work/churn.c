/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* churn THREADS MS: for MS, each of THREADS begins one thread after another, which sleeps 3 ms and exits. */
#include "gate.h"

static uint64_t end_ns;

static work_frame void *brief(void *arg work_maybe)
{
	set_name("churn-brief");
	nap_ns(3 * NS_PER_MS);
	return NULL;
}

static void *work(void *arg work_maybe)
{
	pthread_t one;

	gate_pass(&start);
	while (now_ns() < end_ns)
		if (!pthread_create(&one, NULL, brief, NULL))
			pthread_join(one, NULL);
	gate_pass(&finish);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = (int)arg_u64(argc, argv, 1, 32);
	uint64_t ms = arg_u64(argc, argv, 2, 2000);

	for (int i = 0; i < threads; i++)
		start_thread(work, NULL);
	gate_await(&start, threads);
	work_ready();
	end_ns = now_ns() + ms * NS_PER_MS;
	say("begun");
	gate_open(&start);
	gate_await(&finish, threads);
	work_done();
	return 0;
}
