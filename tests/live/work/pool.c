/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* pool CONSUMERS JOBS: a producer puts a job into a queue every millisecond, consumers wait for one on a condition. */
#include "gate.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t there = PTHREAD_COND_INITIALIZER;
static uint64_t jobs, queued, taken;

static work_frame bool work_get(void)
{
	bool more;

	pthread_mutex_lock(&mutex);
	while (!queued && taken < jobs)
		pthread_cond_wait(&there, &mutex);
	more = queued > 0;
	if (more) {
		queued--;
		if (++taken == jobs)
			pthread_cond_broadcast(&there);
	}
	pthread_mutex_unlock(&mutex);
	return more;
}

static work_frame void work_put(void)
{
	pthread_mutex_lock(&mutex);
	queued++;
	pthread_cond_signal(&there);
	pthread_mutex_unlock(&mutex);
}

static void *consume(void *arg work_maybe)
{
	thread_says("consumer");
	gate_pass(&start);
	while (work_get())
		;
	gate_pass(&finish);
	return NULL;
}

static void *produce(void *arg work_maybe)
{
	thread_says("producer");
	gate_pass(&start);
	for (uint64_t i = 0; i < jobs; i++) {
		nap_ns(NS_PER_MS);
		work_put();
	}
	gate_pass(&finish);
	return NULL;
}

int main(int argc, char **argv)
{
	int consumers = (int)arg_u64(argc, argv, 1, 4);

	jobs = arg_u64(argc, argv, 2, 200);
	for (int i = 0; i < consumers; i++)
		start_thread(consume, NULL);
	start_thread(produce, NULL);
	gate_await(&start, consumers + 1);
	work_ready();
	gate_open(&start);
	gate_await(&finish, consumers + 1);
	work_done();
	return 0;
}
