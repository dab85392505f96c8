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

/* Where rows and single waits went, for their times; all NULL where nobody wants them. */
struct builder_places {
	uint32_t *samples;   /* by row that is shown: its sample, PROFILE_NO_SAMPLE: hidden */
	uint32_t *rows;	     /* by row of the analysis: the row that is shown; NULL: the same */
	uint32_t *waits;     /* by wait that was kept: likewise */
	uint32_t *wait_rows; /* by row of those waits, on the way there */
};

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
	uint32_t missed_user, missed_kernel, new_thread, go_idle;
	uint8_t go;	    /* enum wire_go_class, of the row at hand */
	uint32_t go_reason; /* frame, of one that is WIRE_GO_PARKED: what it waits for */
	struct builder_places places;
	struct ledger_term hidden_delivered, hidden_spilled, hidden_open; /* by --reason */
};

/* ---- offcpu_profile.c ---- */

/* When the window of the profile begins. */
const struct wire_window *builder_begin(const struct builder *b);

/* ---- offcpu_frames.c ---- */

/* The frames of a row, root first; b->waker and the lock are those of the row. 0 or -errno. */
int builder_frames(struct builder *b, const struct offcpu_row *row, uint32_t *frames,
		   uint32_t *ret_n);

/* ---- offcpu_times.c ---- */

/* Room for @cnt places, if times are wanted: *@ret_places stays NULL if not. 0 or -ENOMEM. */
int builder_open_places(const struct builder *b, size_t cnt, uint32_t **ret_places);
void builder_free_places(struct builder *b);
/* The single waits of all samples, with their times. 0 or -errno. */
int builder_times(struct builder *b);

/* ---- offcpu_chains.c ---- */

/* Adds the rows of the single waits to @to; with view.chains divided between the hops of their chains. 0 or -errno. */
int builder_add_waits(struct builder *b, struct offcpu *to);

#endif
