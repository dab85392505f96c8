/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * switch: two threads on one CPU hand a byte to and fro through two pipes, so that every write and read makes
 * one context switch. Each goes down a number of frames of its own first and comes back after, as a program does.
 *
 *   switch CPU          reads orders from standard input until its end, one a line:
 *   run DEPTH CHAINS SWITCHES
 *                       -> done SWITCHES WALL_NS CPU_NS VOLUNTARY INVOLUNTARY
 *
 * CHAINS is the number of distinct call chains per thread, which recur in a mixed order; 0: no chain is
 * ever the same as one before. VOLUNTARY is the kernel's own count of switches, as a check.
 *
 * A chain is a 64-bit number. Every level takes six bits of it to choose one of 64 places to call the next
 * level from: two chains differ in return addresses, and all chains are the same work. Compiled with frame
 * pointers, so that a tool that walks by them walks all levels; libc below is as the distribution built it.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MAX_CHAINS 256
#define MAX_DEPTH  120

/* What is different between the two threads. */
struct side {
	int in, out;
	uint64_t seed; /* of the order of the chains */
	/* Rounds since the start. Never set back, so that no chain of mode 0 recurs. */
	uint64_t step_cnt;
	void (*hand_over)(struct side *side);
};

/* The order in force. The other thread reads it, which is asleep whenever it changes. */
static volatile int depth;
static volatile int chain_cnt;
static uint64_t chains[MAX_CHAINS];

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "switch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 31)) * 0x7fb5d329728ea185ULL;
	x = (x ^ (x >> 27)) * 0x81dadef4bc2dd44dULL;
	return x ^ (x >> 33);
}

/* ---- going down ---- */

static void give(const struct side *side)
{
	char c = 1;

	if (write(side->out, &c, 1) != 1)
		die("write");
}

static void take(const struct side *side)
{
	char c;

	if (read(side->in, &c, 1) != 1)
		die("read");
}

static __attribute__((noinline)) void leader_hands_over(struct side *side)
{
	give(side);
	take(side);
	__asm__ volatile("" ::: "memory");
}

static __attribute__((noinline)) void follower_hands_over(struct side *side)
{
	take(side);
	give(side);
	__asm__ volatile("" ::: "memory");
}

/* The number in the barrier keeps the compiler from making one call out of 64, or a jump out of the last. */
#define PLACE(n)                                          \
	case n:                                           \
		descend(side, levels - 1, chain);         \
		__asm__ volatile("" ::"i"(n) : "memory"); \
		break
#define PLACES4(n)    \
	PLACE(n);     \
	PLACE(n + 1); \
	PLACE(n + 2); \
	PLACE(n + 3)
#define PLACES16(n)     \
	PLACES4(n);     \
	PLACES4(n + 4); \
	PLACES4(n + 8); \
	PLACES4(n + 12)

static __attribute__((noinline)) void descend(struct side *side, int levels, uint64_t chain)
{
	unsigned int place = chain & 63;

	if (levels <= 1) {
		side->hand_over(side);
		__asm__ volatile("" ::: "memory");
		return;
	}
	chain = chain >> 6 | chain << 58;
	switch (place) {
		PLACES16(0);
		PLACES16(16);
		PLACES16(32);
		PLACES16(48);
	}
}

/*
 * The number of a chain that never recurs is a count times an odd constant: no two counts have a product in
 * common, nor its lowest bits, of which a shallow chain uses few (depth 5: 24, so after 16 M rounds it wraps).
 */
static uint64_t next_chain(struct side *side)
{
	uint64_t step = side->step_cnt++;

	if (!chain_cnt)
		return step * 0x9e3779b97f4a7c15ULL;
	return chains[mix(side->seed + step) % (unsigned int)chain_cnt];
}

/* ---- the two threads ---- */

static void *follow(void *arg)
{
	struct side *side = arg;

	for (;;)
		descend(side, depth, next_chain(side));
	return NULL;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void carry_out(struct side *side, long switches)
{
	struct rusage before, after;
	uint64_t wall_ns, cpu_ns;

	getrusage(RUSAGE_SELF, &before);
	wall_ns = now_ns(CLOCK_MONOTONIC);
	cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (long i = 0; i < switches; i += 2)
		descend(side, depth, next_chain(side));
	cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
	wall_ns = now_ns(CLOCK_MONOTONIC) - wall_ns;
	getrusage(RUSAGE_SELF, &after);
	printf("done %ld %llu %llu %ld %ld\n", switches, (unsigned long long)wall_ns,
	       (unsigned long long)cpu_ns, after.ru_nvcsw - before.ru_nvcsw,
	       after.ru_nivcsw - before.ru_nivcsw);
}

/*
 * One CPU for both. SCHED_BATCH, so that the reader that was woken waits until the writer reads itself:
 * every switch is then a voluntary one, and there are as many as were ordered. Being nice to nobody keeps
 * others off this CPU where we may.
 */
static void settle_on(int cpu)
{
	struct sched_param param = {};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
	if (sched_setscheduler(0, SCHED_BATCH, &param))
		die("sched_setscheduler");
	if (setpriority(PRIO_PROCESS, 0, -20) && errno != EACCES && errno != EPERM)
		die("setpriority");
}

static void obey(struct side *side)
{
	long switches;
	int levels, cnt;
	char line[128];

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "run %d %d %ld", &levels, &cnt, &switches) != 3 || levels < 1 ||
		    levels > MAX_DEPTH || cnt < 0 || cnt > MAX_CHAINS || switches < 2) {
			fprintf(stderr, "switch: not an order: %s", line);
			exit(2);
		}
		depth = levels;
		chain_cnt = cnt;
		carry_out(side, switches);
	}
}

int main(int argc, char **argv)
{
	struct side leader = {.seed = 1, .hand_over = leader_hands_over};
	struct side follower = {.seed = 1ULL << 32, .hand_over = follower_hands_over};
	int there[2], back[2];
	pthread_t thread;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2) {
		fprintf(stderr, "usage: switch CPU\n");
		return 2;
	}
	settle_on(atoi(argv[1]));
	if (pipe(there) || pipe(back))
		die("pipe");
	leader.out = there[1];
	follower.in = there[0];
	follower.out = back[1];
	leader.in = back[0];
	for (int i = 0; i < MAX_CHAINS; i++)
		chains[i] = mix(i + 1);
	depth = 1;
	errno = pthread_create(&thread, NULL, follow, &follower);
	if (errno)
		die("pthread_create");
	printf("ready %d\n", getpid());
	obey(&leader);
	return 0;
}
