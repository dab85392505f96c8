/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * waits: pairs of threads, each thread with a name of its own, that hand a byte to and fro through pipes at a given rate.
 *
 *   waits PAIRS RATE    RATE waits a second in all, as far as the machine can; until standard input ends
 *
 *   -> ready PID, and once a second: made WAITS NS, since the start
 *
 * A pair hands its bytes over in a burst every 10 ms. Each hand-over is one wait of each thread; the first thread also
 * sleeps once per burst. Bursts for which there was no time are left out, not made up for.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define MAX_PAIRS 256
#define BURST_NS  10000000ull

struct pair {
	int there[2], back[2];
	unsigned int number;
	uint64_t wait_cnt; /* written by the first thread only */
};

static struct pair pairs[MAX_PAIRS];
static unsigned int pair_cnt, burst;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "waits: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000ull),
			      .tv_nsec = (long)(ns % 1000000000ull)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void take_name(const char *role, unsigned int number)
{
	char name[16];

	snprintf(name, sizeof(name), "%s-%u", role, number % 1000);
	prctl(PR_SET_NAME, name);
}

static __attribute__((noinline)) void hand_over(int out, int in)
{
	char c = 1;

	if (write(out, &c, 1) != 1 || read(in, &c, 1) != 1)
		die("pipe");
	__asm__ volatile("" ::: "memory");
}

static void *lead(void *arg)
{
	struct pair *p = arg;
	uint64_t next = now_ns() + p->number * BURST_NS / pair_cnt;

	take_name("lead", p->number);
	for (;;) {
		uint64_t now;

		sleep_until(next);
		for (unsigned int i = 0; i < burst; i++)
			hand_over(p->there[1], p->back[0]);
		__atomic_fetch_add(&p->wait_cnt, 2 * burst + 1, __ATOMIC_RELAXED);
		now = now_ns();
		next += BURST_NS;
		if (next < now)
			next += (now - next) / BURST_NS * BURST_NS;
	}
	return NULL;
}

static void *follow(void *arg)
{
	struct pair *p = arg;
	char c;

	take_name("follow", p->number);
	if (read(p->there[0], &c, 1) != 1)
		die("read");
	for (;;)
		hand_over(p->back[1], p->there[0]);
	return NULL;
}

static void start(void *(*run)(void *), struct pair *p)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	errno = pthread_create(&thread, &attr, run, p);
	if (errno)
		die("pthread_create");
}

static void *watch_input(void *arg)
{
	char c;

	(void)arg;
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	exit(0);
}

int main(int argc, char **argv)
{
	uint64_t begun = now_ns();
	double rate;

	if (argc != 3) {
		fprintf(stderr, "usage: waits PAIRS RATE\n");
		return 2;
	}
	pair_cnt = (unsigned int)atoi(argv[1]);
	rate = atof(argv[2]);
	if (!pair_cnt || pair_cnt > MAX_PAIRS || rate < 1)
		return 2;
	burst = (unsigned int)(rate / pair_cnt / (1e9 / BURST_NS) / 2 + 0.5);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned int i = 0; i < pair_cnt; i++) {
		pairs[i].number = i;
		if (pipe(pairs[i].there) || pipe(pairs[i].back))
			die("pipe");
		start(follow, &pairs[i]);
		start(lead, &pairs[i]);
	}
	start(watch_input, NULL);
	printf("ready %d\n", getpid());
	for (;;) {
		uint64_t cnt = 0;

		sleep(1);
		for (unsigned int i = 0; i < pair_cnt; i++)
			cnt += __atomic_load_n(&pairs[i].wait_cnt, __ATOMIC_RELAXED);
		printf("made %llu %llu\n", (unsigned long long)cnt,
		       (unsigned long long)(now_ns() - begun));
	}
}
