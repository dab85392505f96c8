/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * convoy THREADS ROUNDS MS: every thread takes the one mutex ROUNDS times, sleeps MS with it, and is away for 1 ms after that.
 */
#include "gate.h"

#define CONVOY_MAX 64

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t rounds, hold_ms;
static struct meter waited[CONVOY_MAX], held[CONVOY_MAX];

static work_frame void work_hold(struct meter *m)
{
	uint64_t since = now_ns();

	nap_ns(hold_ms * NS_PER_MS);
	meter_add(m, since);
}

static work_frame void work_take(int me)
{
	uint64_t since = now_ns();

	pthread_mutex_lock(&mutex);
	meter_add(&waited[me], since);
	work_hold(&held[me]);
	pthread_mutex_unlock(&mutex);
}

static void *work(void *arg)
{
	int me = (int)(intptr_t)arg;
	char name[16];

	snprintf(name, sizeof(name), "convoy-%d", me);
	thread_says(name);
	gate_pass(&start);
	for (uint64_t i = 0; i < rounds; i++) {
		work_take(me);
		nap_ns(NS_PER_MS);
	}
	gate_pass(&finish);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = (int)arg_u64(argc, argv, 1, 8);
	char name[32];

	rounds = arg_u64(argc, argv, 2, 20);
	hold_ms = arg_u64(argc, argv, 3, 2);
	if (threads > CONVOY_MAX)
		die("threads");
	for (int i = 0; i < threads; i++)
		start_thread(work, (void *)(intptr_t)i);
	gate_await(&start, threads);
	say("lock %p", (void *)&mutex);
	work_ready();
	gate_open(&start);
	gate_await(&finish, threads);
	for (int i = 0; i < threads; i++) {
		snprintf(name, sizeof(name), "waited-%d", i);
		meter_say(name, &waited[i]);
		snprintf(name, sizeof(name), "held-%d", i);
		meter_say(name, &held[i]);
	}
	work_done();
	return 0;
}
