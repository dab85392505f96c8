/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What `dwell top` shows of its rows: grouped, sorted, searched, some of them opened up into their stacks.
 *
 *   top_view__make, as often as rows or state change -> top_draw (top_screen.h) -> top_view__fini
 */
#ifndef OUTPUT_TOP_VIEW_H
#define OUTPUT_TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/top_rows.h"

enum top_by {
	TOP_BY_STACK,
	TOP_BY_THREAD,
	TOP_BY_PROCESS,
	TOP_BY_REASON,
	TOP_BY_LOCK,
	TOP_BY_SYSCALL,
	TOP_BY_CNT,
};

enum top_sort {
	TOP_SORT_TIME,
	TOP_SORT_COUNT,
	TOP_SORT_AVERAGE,
	TOP_SORT_MAX,
	TOP_SORT_CNT,
};

#define TOP_FILTER_BYTES 64
#define TOP_MAX_OPEN	 64 /* items that are opened up */

/* What keys change (app/top_state.h). */
struct top_state {
	enum top_by by;
	enum top_sort sort;
	bool all; /* since the start, not the last interval */
	bool paused;
	bool hide_idle;	  /* poll, sleep, child, signal */
	bool hide_kernel; /* frames of the kernel */
	bool help;
	bool searching;		       /* the filter is being typed */
	char filter[TOP_FILTER_BYTES]; /* only what has this somewhere; "": all */
	size_t cursor, scroll;	       /* lines of the view */
	uint64_t open[TOP_MAX_OPEN];   /* keys of items */
	size_t open_cnt;
	bool locks; /* they are known */
};

/* Rows that are shown as one. */
struct top_item {
	uint64_t key;	/* the same as long as what it stands for is the same */
	uint32_t row;	/* the one with most time */
	uint32_t first; /* of its rows, see top_view.next */
	uint32_t row_cnt;
	uint32_t reasons; /* bits of enum reason */
	uint64_t cnt, ns, max_ns;
	uint64_t row_ns; /* of `row` */
};

enum top_line_kind {
	TOP_LINE_ITEM,
	TOP_LINE_STACK,	  /* one of several stacks of an item */
	TOP_LINE_THREADS, /* of a stack, in the view of stacks */
	TOP_LINE_FRAME,
	TOP_LINE_NOTE, /* "no stack", "N more stacks" */
};

struct top_line {
	enum top_line_kind kind;
	uint32_t item; /* position in items */
	uint32_t row;  /* of the stack */
	uint32_t
		frame; /* TOP_LINE_FRAME: position in its frames; TOP_LINE_NOTE: stacks that are not shown */
	uint64_t ns; /* TOP_LINE_STACK */
};

struct top_view {
	const struct top_rows *rows;
	struct top_item *items;
	size_t item_cnt;
	struct top_line *lines; /* the items, each with what it was opened up into */
	size_t line_cnt, line_cap;
	uint32_t *next;		/* by row: the next of the same item; UINT32_MAX: last */
	bool several;		/* processes, by name */
	uint32_t process;	/* the last one's name */
	uint64_t ns, cnt;	/* of all that is not idle, if that is hidden, found or not */
	uint64_t idle_ns;	/* hidden because it is */
	uint64_t other_view_ns; /* is of no lock, or in no system call, in views by them */
};

/* A view of @rows, which must stay as they are. Accepts one that was made before. 0 or -ENOMEM; top_view__fini() is right in both cases. */
int top_view__make(struct top_view *v, const struct top_rows *rows, const struct top_state *state);
void top_view__fini(struct top_view *v);

/* The frame that is shown before the one at @at (below it: its caller), from the row's cnt on; UINT32_MAX: none. */
uint32_t top_row__next_frame(const struct top_rows *rows, const struct top_row *row,
			     bool hide_kernel, uint32_t at);
/* "stacks", "total". */
const char *top_by_name(enum top_by by);
const char *top_sort_name(enum top_sort sort);

#endif
