/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The rows of an off-CPU analysis: shared by the files that collect them and that make a profile of them. */
#ifndef ANALYZE_OFFCPU_ROWS_H
#define ANALYZE_OFFCPU_ROWS_H

#include <stdbool.h>

#include "model/ledger.h"
#include "wire.h"

/* Intervals of one thread with equal stacks and an equal kind of wait. */
struct offcpu_row {
	struct wire_thread_key thread;
	uint64_t kernel_stack, user_stack;
	struct wire_waker waker; /* zero where nobody asked */
	uint64_t lock;		 /* the futex, as in struct wire_waked; 0: none */
	uint64_t labels;	 /* id in the model's table; 0: none */
	/* The waker waited itself: id of struct chains; then @waker is who woke the last hop. */
	uint32_t chain;
	struct wire_wait wait; /* flags: those of OFFCPU_ROW_FLAGS only */
	uint64_t
		date_ns; /* the user stack is named as of this moment; 0: of when it was first seen */
	uint64_t cnt;
	uint64_t blocked_ns, runnable_ns;
	struct ledger_term spilled; /* the part that came by the spill maps */
	uint64_t max_ns;	    /* longest interval; of its two parts: */
	uint64_t max_blocked_ns, max_runnable_ns;
};

/* What distinguishes rows; the rest of the flags says how an interval was measured. */
#define OFFCPU_ROW_FLAGS                                                              \
	(WIRE_F_PREEMPT | WIRE_F_IOWAIT | WIRE_F_OPEN | WIRE_F_NEW | WIRE_F_KTHREAD | \
	 WIRE_F_COMPAT | WIRE_F_AT_LEAST | WIRE_F_NAMED)

/* Is it of waits whose threads are not kept? A real one never has number 0. */
static inline bool offcpu_row_is_merged(const struct offcpu_row *row)
{
	return !row->thread.tid;
}

struct offcpu;

struct chain_wait;

/* Keeps the time of @w, which is the last one in o->waits if @kept, else in the row that was last. 0 or -ENOMEM. */
int offcpu_keep_time(struct offcpu *o, const struct chain_wait *w, bool kept);
/* A wait as a row of its own. */
struct offcpu_row offcpu_row_of(const struct chain_wait *w);
/* Adds to the row that is like @row, or adds it; of its flags only the above are kept. 0, -ENOMEM, -E2BIG past the cap. */
int offcpu__add_row(struct offcpu *o, struct offcpu_row *row);

#endif
