/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mutex ROUNDS MS: two threads hand a mutex back and forth. The holder sleeps MS with it while the other
 * one waits for it; then they change roles.
 */
#include <semaphore.h>

#include "gate.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t begun, over;
static uint64_t rounds, hold_ms;
static struct meter waited[2], held[2];

static void down(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

static work_frame void work_hold(int me)
{
	uint64_t since;

	pthread_mutex_lock(&mutex);
	sem_post(&begun);
	since = now_ns();
	nap_ns(hold_ms * NS_PER_MS);
	meter_add(&held[me], since);
	pthread_mutex_unlock(&mutex);
	since = now_ns();
	down(&over);
	meter_add(&waited[me], since);
}

static work_frame void work_want(int me)
{
	uint64_t since = now_ns();

	down(&begun);
	pthread_mutex_lock(&mutex);
	meter_add(&waited[me], since);
	pthread_mutex_unlock(&mutex);
	sem_post(&over);
}

static void *work(void *arg)
{
	int me = arg ? 1 : 0;

	thread_says(me ? "mutex-b" : "mutex-a");
	gate_pass(&start);
	for (uint64_t i = 0; i < rounds; i++)
		if ((int)(i % 2) == me)
			work_hold(me);
		else
			work_want(me);
	gate_pass(&finish);
	return NULL;
}

int main(int argc, char **argv)
{
	rounds = arg_u64(argc, argv, 1, 100);
	hold_ms = arg_u64(argc, argv, 2, 5);
	sem_init(&begun, 0, 0);
	sem_init(&over, 0, 0);
	start_thread(work, NULL);
	start_thread(work, &rounds);
	gate_await(&start, 2);
	work_ready();
	gate_open(&start);
	gate_await(&finish, 2);
	meter_say("waited-a", &waited[0]);
	meter_say("waited-b", &waited[1]);
	meter_say("held-a", &held[0]);
	meter_say("held-b", &held[1]);
	work_done();
	return 0;
}
