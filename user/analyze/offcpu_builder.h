/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The making of a profile out of rows: shared by the files that do it. */
#ifndef ANALYZE_OFFCPU_BUILDER_H
#define ANALYZE_OFFCPU_BUILDER_H

#include "analyze/lock_frames.h"
#include "analyze/offcpu.h"
#include "analyze/offcpu_rows.h"
#include "analyze/stack_names.h"
#include "analyze/waker_frames.h"

/* Both parts, first frame, marks; room for a good many inlined functions: what is beyond is cut at the leaf. */
#define PROFILE_MAX_STACK (8 * WIRE_MAX_FRAMES)
#define PROFILE_MAX_WAKER (2 * (WIRE_MAX_FRAMES + 1) + 2) /* behind it */

/* The making of one profile. */
struct builder {
	const struct offcpu *offcpu;
	const struct model *model;
	const struct offcpu_view *view;
	struct profile *profile;
	struct stack_names names;
	uint32_t *thread_order; /* position in the profile of each thread of the model */
	size_t thread_cnt;	/* those that there were; more may come in pauses */
	uint32_t delimiter, waker_delimiter, blocked, runnable; /* frame ids */
	struct waker_frames waker;				/* of the row at hand */
	uint32_t lock_owner, lock;				/* frames, likewise */
	struct chains chains;					/* with view.chains */
	uint32_t missed_user, missed_kernel, new_thread;
	struct ledger_term hidden_delivered, hidden_spilled, hidden_open; /* by --reason */
};

/* ---- offcpu_frames.c ---- */

/* The frames of a row, root first; b->waker and the lock are those of the row. 0 or -errno. */
int builder_frames(struct builder *b, const struct offcpu_row *row, uint32_t *frames,
		   uint32_t *ret_n);

/* ---- offcpu_chains.c ---- */

/* Adds the rows of the single waits to @to; with view.chains divided between the hops of their chains. 0 or -errno. */
int builder_add_waits(struct builder *b, struct offcpu *to);

#endif
