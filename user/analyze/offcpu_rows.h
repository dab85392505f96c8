/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The rows of an off-CPU analysis: shared by the files that collect them and that make a profile of them. */
#ifndef ANALYZE_OFFCPU_ROWS_H
#define ANALYZE_OFFCPU_ROWS_H

#include "model/ledger.h"
#include "wire.h"

/* Intervals of one thread with equal stacks and an equal kind of wait. */
struct offcpu_row {
	struct wire_thread_key thread;
	uint64_t kernel_stack, user_stack;
	struct wire_wait wait; /* flags: those of OFFCPU_ROW_FLAGS only */
	uint64_t cnt;
	uint64_t blocked_ns, runnable_ns;
	struct ledger_term spilled; /* the part that came by the spill maps */
	uint64_t max_ns;	    /* longest interval; of its two parts: */
	uint64_t max_blocked_ns, max_runnable_ns;
};

/* What distinguishes rows; the rest of the flags says how an interval was measured. */
#define OFFCPU_ROW_FLAGS \
	(WIRE_F_PREEMPT | WIRE_F_IOWAIT | WIRE_F_OPEN | WIRE_F_NEW | WIRE_F_KTHREAD | WIRE_F_COMPAT)

#endif
