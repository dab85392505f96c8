/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Since when a thread has been off its CPU, without having seen it leave: by what the kernel noted then (bpf/snapshot_record.h).
 *
 *   since__init -> since__learn (each record of a look; two looks are better than one) ... since__ask -> since__fini
 *
 * A thread of class fair left at its last arrival + the run time since then, by the scheduler's clock. All others have the
 * moment on the clock of their CPU's tasks only, which is behind by what the hypervisor and interrupts took; how much, the
 * threads of class fair tell that ran on the same CPU last. CLOCK_MONOTONIC is compared with what the reading thread, which
 * has just come to its CPU, arrived at.
 */
#ifndef SOURCE_SINCE_H
#define SOURCE_SINCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot_record.h"

/* The clock of tasks on a CPU. */
struct since_cpu {
	uint64_t exec_ns;  /* of this moment there; 0: not known */
	int64_t behind_ns; /* the scheduler's clock - this one */
	uint64_t taken_ns; /* no more than this of that is the hypervisor's and interrupts' */
};

struct since {
	bool fair_is_ext; /* a scheduler of sched_ext has taken over: what the class fair kept is old */
	bool has_ahead;
	int64_t ahead_ns; /* the scheduler's clock - CLOCK_MONOTONIC */
	struct since_cpu *cpus;
	size_t cpu_cnt, cpu_cap;
};

struct off_cpu {
	uint64_t out_ns,
		wake_ns; /* CLOCK_MONOTONIC; wake_ns == now: not woken. Both now: not known at all */
	bool at_least;	 /* it may have left before out_ns */
};

void since__init(struct since *s);
void since__fini(struct since *s);
/* @steady: no switch came between the reading of one figure and the next. 0 or -errno. */
int since__learn(struct since *s, const struct snapshot_header *h, bool steady);
/* For who reads no records: CLOCK_MONOTONIC - the clock of tasks on @cpu, and what was taken from it at most, now. 0 or -ENOMEM. */
int since__set(struct since *s, uint32_t cpu, uint64_t exec_ns, int64_t behind_ns,
	       uint64_t taken_ns);
bool since__knows(const struct since *s, uint32_t cpu);
/* Of a thread that is off its CPU. */
struct off_cpu since__ask(const struct since *s, const struct snapshot_header *h,
			  enum snapshot_state state);

#endif
