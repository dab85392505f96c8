/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* threads COUNT LOOPS MS: many threads that sleep, LOOPS times each; the first tenth never runs. */
#include "gate.h"

static uint64_t loops, ms;

static work_frame uint64_t work_nap(void)
{
	uint64_t since = now_ns();

	for (uint64_t i = 0; i < loops; i++)
		nap_ns(ms * NS_PER_MS);
	return now_ns() - since;
}

static work_frame void work_never(void)
{
	nap_ns(1000000 * NS_PER_S);
}

static void *work(void *arg)
{
	char name[16];
	uint64_t ns;
	bool idle = arg != NULL;
	long tid = syscall(SYS_gettid);

	snprintf(name, sizeof(name), "dwthr%ld", tid);
	set_name(name);
	say("%s %ld", idle ? "idle" : "busy", tid);
	if (idle)
		work_never();
	gate_pass(&start);
	ns = work_nap();
	say("nap-%ld %llu", tid, (unsigned long long)ns);
	gate_pass(&finish);
	return NULL;
}

int main(int argc, char **argv)
{
	int cnt = (int)arg_u64(argc, argv, 1, 1000), idle = cnt / 10;

	loops = arg_u64(argc, argv, 2, 20);
	ms = arg_u64(argc, argv, 3, 20);
	for (int i = 0; i < cnt; i++)
		start_thread(work, i < idle ? &loops : NULL);
	gate_await(&start, cnt - idle);
	nap_ns(100 * NS_PER_MS);
	work_ready();
	gate_open(&start);
	gate_await(&finish, cnt - idle);
	work_done();
	_exit(0);
}
