/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One long run cut into windows: each shows exactly the part of every wait that lies inside it, however long the wait is.
 *
 * A cut is a moment on CLOCK_MONOTONIC at which a source tells all waits that are open (struct source_ops, cut). Windows begin
 * and end at cuts only, and may overlap. A wait comes once to each that it has a part in: where it ends, or as open where the
 * window does before it.
 *
 *   windows__open (any number, before the begin or a cut)
 *   windows__begin, when the run does
 *   windows__cut_begin -> windows__add_open for all that the source tells -> windows__cut_told
 *     -> windows__add ... until windows__settled: the windows that were to end now are complete
 *   windows__add for every closed interval and spill, at any time
 *
 * Waits that ended while the source told may come by the ring or have been told as open, or both, or neither. So what was told at
 * a cut is kept for the windows that end and begin there.
 *
 * Time that the kernel added up in a spill has no beginning: it goes whole to the windows in which it is read.
 */
#ifndef ANALYZE_WINDOWS_H
#define ANALYZE_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/offcpu.h"
#include "base/hash.h"
#include "model/event.h"

#define WINDOWS_MAX	 8
#define WINDOWS_MAX_TOLD (1u << 22)
#define WINDOWS_MAX_ROWS (1u << 17) /* of each; further waits are merged, see struct offcpu */

/* Waits that were told as open at one cut. */
struct told {
	struct told_wait {
		uint64_t start_ns, out_ns;
		uint64_t kernel_stack, user_stack;
		uint32_t tid;
	} * items;
	size_t cnt, cap;
	struct hash_index index;
};

struct window {
	struct offcpu offcpu;
	uint64_t begin_ns, end_ns; /* cuts; 0: to come */
	bool ends;		   /* at the next cut */
	struct told *
		begun; /* at the cut that it began at; NULL: it began with the run. Of struct windows */
	bool whole_max; /* the longest wait counts from its own beginning, be that before the window's */
};

struct windows {
	struct window *items[WINDOWS_MAX]; /* NULL: free */
	struct told tolds[WINDOWS_MAX + 1];
	struct told *
		told; /* of the last cut; NULL: none yet. Free are those that are neither this nor a window's */
	uint64_t cut_ns;  /* the last cut, or the begin; 0: none yet */
	uint64_t told_ns; /* all that was written before has to be read; 0: settled */
};

void windows__init(struct windows *w);
void windows__fini(struct windows *w);
/* A window that begins at the next cut. NULL + errno: -ENOMEM, -EBUSY when there are WINDOWS_MAX. Owned by @w. */
struct window *windows__open(struct windows *w);
/* It shall end at the next cut. */
void window__end(struct window *win);
/* Is there one that waits for a cut, to begin or to end? */
bool windows__want_cut(const struct windows *w);
/* Between a cut and its settling no other may begin. */
bool windows__settling(const struct windows *w);

/* The run begins at @start_ns, before which nothing counts; so do the windows that were opened before. */
void windows__begin(struct windows *w, uint64_t start_ns);
/* A cut at @cut_ns, later than all before. */
void windows__cut_begin(struct windows *w, uint64_t cut_ns);
/* What was open then: a WIRE_INTERVAL with WIRE_F_OPEN whose in_ns is the cut. 0, -ENOMEM, -E2BIG. */
int windows__add_open(struct windows *w, const struct event *e);
/* The source has told all, at @now_ns. */
void windows__cut_told(struct windows *w, uint64_t now_ns);
/*
 * All that was written before @time_ns was read (WIRE_ROUND). True: the cut is settled by that, and windows with an end_ns
 * will get no more; the caller takes them out.
 */
bool windows__round(struct windows *w, uint64_t time_ns);
/*
 * Takes WIRE_INTERVAL and WIRE_SPILL events, ignores others; not between windows__cut_begin() and windows__cut_told(). Open
 * intervals are those at the end of the run, as struct source_ops' stop() delivers them. 0, -ENOMEM, -E2BIG.
 */
int windows__add(struct windows *w, const struct event *e);
/* The run has ended at @end_ns, and all was read: all windows are complete. */
void windows__end(struct windows *w, uint64_t end_ns);
/* The next window that is complete; it is the caller's from now on, window__free(). NULL: none. */
struct window *windows__take(struct windows *w);
/* A window that nobody wants any more, in any state. */
void windows__drop(struct windows *w, struct window *win);
void window__free(struct window *win);

#endif
