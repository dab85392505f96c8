/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * pipeline ROUNDS SLEEP_MS WORK_MS: four threads in a row, hop-d to hop-a. The first sleeps SLEEP_MS and sends a byte, each
 * other one waits for it, computes for WORK_MS and passes it on, but the last.
 */
#include "gate.h"

#define PIPELINE_HOPS 4

static int pipes[PIPELINE_HOPS - 1][2];
static uint64_t rounds, sleep_ns, work_ns;
static struct meter slept, computed[PIPELINE_HOPS], waited[PIPELINE_HOPS];

static work_frame void work_sleep(void)
{
	uint64_t since = now_ns();

	nap_ns(sleep_ns);
	meter_add(&slept, since);
}

static work_frame void work_read(int hop)
{
	uint64_t since = now_ns();
	char c;

	if (raw_syscall3(SYS_read, pipes[hop][0], &c, 1) != 1)
		die("read");
	meter_add(&waited[hop], since);
}

static work_frame void work_compute(int hop)
{
	uint64_t since = now_ns();

	while (now_ns() - since < work_ns)
		;
	meter_add(&computed[hop], since);
}

static void pass_on(int hop)
{
	if (write(pipes[hop - 1][1], "x", 1) != 1)
		die("write");
}

/* Hop 3 is the first, hop 0 the last. */
static void *work(void *arg)
{
	int hop = (int)(intptr_t)arg;
	char name[] = "hop-a";

	name[4] = (char)('a' + hop);
	thread_says(name);
	gate_pass(&start);
	for (uint64_t i = 0; i < rounds; i++) {
		if (hop == PIPELINE_HOPS - 1)
			work_sleep();
		else
			work_read(hop);
		if (hop != PIPELINE_HOPS - 1 && hop)
			work_compute(hop);
		if (hop)
			pass_on(hop);
	}
	gate_pass(&finish);
	return NULL;
}

int main(int argc, char **argv)
{
	char name[] = "waited-a";

	rounds = arg_u64(argc, argv, 1, 50);
	sleep_ns = arg_u64(argc, argv, 2, 20) * NS_PER_MS;
	work_ns = arg_u64(argc, argv, 3, 3) * NS_PER_MS;
	for (int i = 0; i < PIPELINE_HOPS - 1; i++)
		if (pipe(pipes[i]))
			die("pipe");
	for (int i = 0; i < PIPELINE_HOPS; i++)
		start_thread(work, (void *)(intptr_t)i);
	gate_await(&start, PIPELINE_HOPS);
	work_ready();
	gate_open(&start);
	gate_await(&finish, PIPELINE_HOPS);
	meter_say("slept", &slept);
	for (int i = 0; i < PIPELINE_HOPS - 1; i++) {
		name[7] = (char)('a' + i);
		meter_say(name, &waited[i]);
		memcpy(name, "worked", 6);
		meter_say(name, &computed[i]);
		memcpy(name, "waited", 6);
	}
	work_done();
	return 0;
}
