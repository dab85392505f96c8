/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a look at the threads of this moment hands to user space, and what of it tells how long a thread has been off the
 * CPU: see source/since.h.
 */
#ifndef DWELL_SNAPSHOT_RECORD_H
#define DWELL_SNAPSHOT_RECORD_H

#include "wire.h"

/*
 * The kernel's own notes of a thread's last switches. They are on two clocks: the scheduler's, and that of its CPU's tasks,
 * which stands still while the hypervisor or, by configuration, an interrupt has the CPU. 0: not known.
 */
struct snapshot_clock {
	__u64 exec_start_ns; /* last account of its run time, by the clock of tasks; off the CPU: when it left */
	__u64 sum_exec_ns;	/* its run time */
	__u64 prev_sum_exec_ns; /* that when it came to its CPU; class fair only */
	__u64 last_arrival_ns;	/* when it came, by the scheduler's clock */
	__u64 last_queued_ns;	/* since when it has waited for a CPU, likewise; 0: it does not */
	__u32 cpu;		/* that it is or was on */
	__u32 class;		/* enum wire_sched_class */
};

enum snapshot_kind {
	SNAPSHOT_OTHER = 1, /* no target: the header alone, for its clock */
	SNAPSHOT_THREAD = 2,
};

enum snapshot_state {
	SNAPSHOT_RUNNING =
		0, /* on a CPU, or was while we looked: what else is told of it says nothing */
	SNAPSHOT_RUNNABLE = 1, /* waits for one */
	SNAPSHOT_BLOCKED = 2,
};

struct snapshot_header {
	struct wire_header h; /* enum snapshot_kind */
	__u64 now_ns;	      /* CLOCK_MONOTONIC */
	__u64 reader_ns; /* the scheduler's clock, a moment ago: when the thread that looks came to its CPU, or later */
	struct snapshot_clock clock;
};

struct snapshot_thread {
	struct snapshot_header head;
	struct wire_wait wait;
	__u32 state; /* enum snapshot_state */
	__u32 _pad;
	struct wire_seed seed;
};

_Static_assert(sizeof(struct snapshot_header) % 8 == 0, "snapshot_header");
_Static_assert(sizeof(struct snapshot_thread) % 8 == 0, "snapshot_thread");

#endif
