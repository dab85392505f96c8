/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Off-CPU analysis: intervals -> rows by (thread, stacks, wait) -> a profile.
 *
 *   offcpu__init -> offcpu__add for every event -> offcpu__profile -> offcpu__fini
 */
#ifndef ANALYZE_OFFCPU_H
#define ANALYZE_OFFCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/chains.h"
#include "base/hash.h"
#include "model/model.h"
#include "model/profile.h"
#include "symbol/symbolizer.h"

#define OFFCPU_MAX_ROWS	 (1u << 23)
#define OFFCPU_MAX_WAITS (1u << 20)
#define OFFCPU_MAX_TIMES (1u << 21) /* single waits with their times; the others are counted */
#define OFFCPU_MAX_DATED (1u << 18) /* rows of one interval, see model__date(); then undated ones */

/* How the result is shown; none of it changes what was recorded. */
struct offcpu_view {
	bool per_thread; /* first frame comm-PID/TID instead of comm */
	bool split;	 /* last frame: blocked or runnable */
	bool wakers;	 /* behind the stack, "--" and who ended the wait, its stack reversed */
	bool chains; /* behind the stack the waits of who was waited for, and so on; needs `keep_waits` */
	bool by_lock; /* only waits for futexes: whose lock and which before the stack, then as `wakers` */
	bool by_waker;	       /* first who ended the wait and its stack, last who waited */
	bool no_user_stacks;   /* -K */
	bool no_kernel_stacks; /* -U */
	bool delimiter;	       /* "-" between user and kernel part */
	bool inlines;	       /* show functions that were inlined, by debug information */
	bool lines;	       /* and where in the source each frame is */
	bool states;	       /* samples say in what state and system call the thread is */
	bool created_by;       /* the outermost frame of a goroutine: where it was created */
	bool go_idle; /* show threads of Go that have no goroutine, and goroutines that the runtime keeps for later */
	uint32_t reasons; /* bit per enum reason to show; 0: all */
	/* The group of the thread at this position in the model's table, NULL: its comm; NULL: that of all threads. */
	const char *(*group)(void *arg, uint32_t thread_pos);
	void *group_arg;
	/*
	 * Called every few rows, NULL: not. For who has other things to do meanwhile: the model may grow, but nothing of it may
	 * be swept. 0 or -errno, which ends the making.
	 */
	int (*pause)(void *arg);
	void *pause_arg;
};

/* When one wait was, and what it was added to. */
struct offcpu_time {
	uint64_t out_ns, wake_ns, in_ns; /* CLOCK_MONOTONIC */
	uint64_t waker_start_ns;
	uint32_t waker_tid; /* 0: no thread, or nobody asked */
	uint32_t pos : 31;  /* in rows, or in waits */
	uint32_t kept : 1;  /* in waits */
};

struct offcpu {
	struct offcpu_row *rows;
	size_t cnt, cap;
	uint32_t last_row; /* that the last wait went to */
	/*
	 * When there are as many, waits for which there is no row yet are merged: added up without their threads, user
	 * stacks and wakers. 0: never; there may be OFFCPU_MAX_ROWS then.
	 */
	size_t max_rows;
	struct ledger_term merged; /* such waits; part of the terms below */
	struct hash_index index;
	struct ledger_term delivered, spilled, open; /* counted from the events */
	struct ledger_term outside,
		outside_spilled; /* of the run, not of the window (time_cut.h) */
	/* Of a window that is a part of the run (windows.h, time_cut.h); zero: all of the model's. */
	struct wire_window begin, end;
	/* Single waits, of which rows are made at the end: those with a waker, if they are wanted, as many as there is room for. */
	struct chain_wait *waits;
	size_t wait_cnt, wait_cap;
	bool keep_waits;
	/* The times of waits, for writers that show them: of all, or when there are too many, of the longest (offcpu_keep.c). */
	struct offcpu_time *times;
	size_t time_cnt, time_cap;
	size_t max_times; /* 0: OFFCPU_MAX_TIMES */
	uint64_t
		min_time_ns; /* shorter ones are not kept any more; of those about as long every time_step-th */
	uint32_t time_step, time_seq;
	uint64_t untimed_cnt; /* waits that have none */
	bool keep_times;
	const struct model *
		model; /* says which intervals are to be kept apart by time; NULL: none. Not owned. */
	size_t dated_cnt;
};

void offcpu__init(struct offcpu *o);
void offcpu__fini(struct offcpu *o);
/* Takes WIRE_INTERVAL and WIRE_SPILL events, ignores others. 0, -ENOMEM, -E2BIG past the cap. */
int offcpu__add(struct offcpu *o, const struct event *e);
/* The row that the last wait went to has one of at least @ns. */
void offcpu__set_max(struct offcpu *o, uint64_t ns);
/*
 * Builds the profile: names, reasons, view, all threads, the ledger. @model must have seen its last round.
 * NULL + errno.
 */
struct profile *offcpu__profile(const struct offcpu *o, const struct model *model,
				struct symbolizer *symbols, const struct offcpu_view *view);

#endif
