/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * switcher CPU: two threads on one CPU hand a byte to and fro as fast as they can, out of 64 call chains, until standard input
 * is closed. For soaks: it lives as long as it takes.
 */
#include <sched.h>

#include "work.h"

#define CHAIN_BITS 6

static int there[2], back[2];

struct side {
	int in, out;
	uint64_t round;
};

static work_frame void hand_over(struct side *s)
{
	char c = 'x';

	if (write(s->out, &c, 1) != 1 || raw_read(s->in, &c) != 1)
		_exit(0);
}

static void go_down(struct side *s, uint64_t bits, int left);

static work_frame void go_left(struct side *s, uint64_t bits, int left)
{
	go_down(s, bits, left);
	__asm__ volatile("" : : "r"(s)); /* no tail call */
}

static work_frame void go_right(struct side *s, uint64_t bits, int left)
{
	go_down(s, bits, left);
	__asm__ volatile("" : : "r"(s));
}

static void go_down(struct side *s, uint64_t bits, int left)
{
	if (!left)
		hand_over(s);
	else if (bits & 1)
		go_left(s, bits >> 1, left - 1);
	else
		go_right(s, bits >> 1, left - 1);
	__asm__ volatile("" : : "r"(s));
}

static void *run(void *arg)
{
	struct side *s = arg;

	for (;;)
		go_down(s, s->round++, CHAIN_BITS);
	return NULL;
}

int main(int argc, char **argv)
{
	static struct side sides[2];
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(arg_u64(argc, argv, 1, 0), &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu) || pipe(there) || pipe(back))
		die("switcher");
	sides[0] = (struct side){.in = back[0], .out = there[1]};
	sides[1] = (struct side){.in = there[0], .out = back[1]};
	work_ready();
	alarm(0);
	for (int i = 0; i < 2; i++)
		start_thread(run, &sides[i]);
	work_done();
	_exit(0);
}
