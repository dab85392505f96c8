/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * stacks ROUNDS LIBRARY LIBRARY: blocks in thousands of different stacks, in all ways that could mislead a walk that is
 * remembered: frames of changing size (alloca), signals in between, threads that come and go on reused stacks, two
 * libraries that take turns at one address. Says "stacks CNT" and "libraries SAME", how often both lay at one address.
 */
#include <alloca.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PAIRS  2
#define DEPTH  8
#define CHAINS 16000 /* 4 ^ 7 and a little less: each comes again */

struct side {
	int in, out;
	int first;
	int rounds;
	unsigned int seed;
	unsigned int extra; /* bytes by which frames are larger at the moment */
};

static void hand_over(struct side *s)
{
	char c = 'x';

	if (s->first && write(s->out, &c, 1) != 1)
		_exit(2);
	if (read(s->in, &c, 1) != 1)
		_exit(2);
	if (!s->first && write(s->out, &c, 1) != 1)
		_exit(2);
}

static int descend(struct side *s, unsigned int path, int depth);

/* Four ways on, each with a frame of its own shape. */
#define WAY(n, bytes)                                                                              \
	static __attribute__((noinline)) int way_##n(struct side *s, unsigned int path, int depth) \
	{                                                                                          \
		volatile char *room = alloca((bytes) + s->extra);                                  \
		int ret;                                                                           \
                                                                                                   \
		room[0] = (char)path;                                                              \
		ret = descend(s, path, depth);                                                     \
		return ret + room[0] + n;                                                          \
	}
WAY(0, 16)
WAY(1, 48)
WAY(2, 160)
WAY(3, 16)
#undef WAY

static __attribute__((noinline)) int descend(struct side *s, unsigned int path, int depth)
{
	static int (*const ways[])(struct side *, unsigned int, int) = {way_0, way_1, way_2, way_3};

	if (!depth) {
		hand_over(s);
		return 0;
	}
	return ways[path & 3](s, path >> 2, depth - 1) + 1;
}

static void *side_run(void *arg)
{
	struct side *s = arg;

	for (int i = 0; i < s->rounds; i++) {
		s->extra = (i >> 3 & 1) * 64;
		descend(s, (unsigned int)(i * 2654435761u + s->seed) % CHAINS, DEPTH);
	}
	return NULL;
}

static void pair_start(pthread_t threads[2], struct side sides[2], int rounds, unsigned int seed)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		_exit(2);
	sides[0] = (struct side){back[0], there[1], 1, rounds, seed, 0};
	sides[1] = (struct side){there[0], back[1], 0, rounds, seed * 7, 0};
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, side_run, &sides[i]))
			_exit(2);
}

static void pair_end(pthread_t threads[2], struct side sides[2])
{
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	close(sides[0].in);
	close(sides[0].out);
	close(sides[1].in);
	close(sides[1].out);
}

/* Waits inside of a signal handler, on top of whatever was interrupted. */
static void handler(int sig)
{
	struct timespec t = {0, 20000};

	(void)sig;
	nanosleep(&t, NULL);
}

static int wait_a_little(void)
{
	struct timespec t = {0, 50000};

	return nanosleep(&t, NULL);
}

/* Loads one library, waits below one of its functions, unloads it. Returns where that was. */
static void *through_library(const char *path)
{
	void *lib = dlopen(path, RTLD_NOW);
	int (*through)(int (*fn)(void));

	if (!lib)
		_exit(3);
	*(void **)&through = dlsym(lib, "through");
	for (int i = 0; i < 20; i++)
		through(wait_a_little);
	dlclose(lib);
	return *(void **)&through;
}

int main(int argc, char **argv)
{
	struct itimerval every = {{0, 1000}, {0, 1000}};
	struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
	int rounds = argc > 3 ? atoi(argv[1]) : 0, same = 0;
	struct side sides[PAIRS][2];
	pthread_t threads[PAIRS][2];

	if (!rounds)
		return 1;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int p = 0; p < PAIRS; p++)
		pair_start(threads[p], sides[p], rounds, (unsigned int)p + 1);
	/* Meanwhile: libraries that change places, and short-lived threads. */
	for (int i = 0; i < 10 + rounds / 2000; i++) {
		struct side churn_sides[2];
		pthread_t churn[2];

		same += through_library(argv[2]) == through_library(argv[3]);
		pair_start(churn, churn_sides, 20, (unsigned int)i);
		pair_end(churn, churn_sides);
	}
	for (int p = 0; p < PAIRS; p++)
		pair_end(threads[p], sides[p]);
	printf("stacks %d\nlibraries %d\n", CHAINS, same);
	return 0;
}
