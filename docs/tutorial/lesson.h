/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the three programs of the tutorial share: a service that handles requests for some seconds, and says how it went. */
#ifndef TUTORIAL_LESSON_H
#define TUTORIAL_LESSON_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define noinline __attribute__((noinline))

static atomic_bool lesson_over;
static atomic_ulong lesson_requests;

static inline uint64_t lesson_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline void lesson_sleep_us(long us)
{
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	nanosleep(&t, NULL);
}

static inline void lesson_compute_us(uint64_t us)
{
	uint64_t end = lesson_now_ns() + us * 1000;

	while (lesson_now_ns() < end)
		;
}

/* "PROGRAM [SECONDS] [fixed]" */
static inline bool lesson_is_fixed(int argc, char **argv)
{
	return argc > 2 && !strcmp(argv[2], "fixed");
}

/* Runs @cnt threads of @work until the time is over. */
static inline int lesson_run(int argc, char **argv, const char *name, int cnt,
			     void *(*work)(void *))
{
	int seconds = argc > 1 ? atoi(argv[1]) : 5;
	pthread_t threads[64];
	char comm[16];

	if (seconds <= 0 || cnt > 64) {
		fprintf(stderr, "usage: %s [SECONDS] [fixed]\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < cnt; i++) {
		if (pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i))
			return 1;
		snprintf(comm, sizeof(comm), "%s-%d", name, i);
		pthread_setname_np(threads[i], comm);
	}
	lesson_sleep_us(seconds * 1000000L);
	lesson_over = true;
	for (int i = 0; i < cnt; i++)
		pthread_join(threads[i], NULL);
	printf("%lu requests in %d s\n", lesson_requests, seconds);
	return 0;
}

#endif
