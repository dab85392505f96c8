/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Two gates, `start` and `finish`, where threads wait for the beginning and for the end of the work. They
 * are pipes, so that a workload that measures locks has no others.
 */
#ifndef GATE_H
#define GATE_H

#include "work.h"

struct gate {
	int arrived[2], opened[2];
};

static struct gate start, finish;

static __attribute__((constructor)) void gates_init(void)
{
	if (pipe(start.arrived) || pipe(start.opened) || pipe(finish.arrived) ||
	    pipe(finish.opened))
		die("pipe");
}

/* Says that the thread is there and waits until the gate is open. */
static work_frame void gate_pass(struct gate *g)
{
	char c = 0;

	if (write(g->arrived[1], &c, 1) != 1)
		die("gate");
	raw_syscall3(SYS_read, g->opened[0], &c, 1);
}

/* Waits until @cnt threads are there. */
static work_frame void gate_await(struct gate *g, int cnt)
{
	char c;

	while (cnt-- > 0)
		if (raw_syscall3(SYS_read, g->arrived[0], &c, 1) != 1)
			die("gate");
}

static work_maybe void gate_open(struct gate *g)
{
	close(g->opened[1]);
}

#endif
