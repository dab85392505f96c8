/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where events come from. Live and file are the same thing to the caller:
 *
 *   open (by the concrete source's own constructor) -> start -> poll ... poll -> stop -> close
 *
 * All calls are made by one thread.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"

struct source {
	const struct source_ops *ops;
};

struct source_ops {
	const char *name;
	/* Begins the window; events may be delivered from here on. 0 or -errno (error_set). */
	int (*start)(struct source *s, event_fn fn, void *arg);
	/*
	 * Waits up to @timeout_ms for events, delivers what is there and ends with a WIRE_ROUND event.
	 * 1: goes on; 0: the source is at its end (file read, all targets exited); -errno.
	 */
	int (*poll)(struct source *s, int timeout_ms, event_fn fn, void *arg);
	/* Ends the window, stops costing anything and delivers the rest: open intervals, summaries, counters, WIRE_ROUND. */
	int (*stop)(struct source *s, event_fn fn, void *arg);
	/*
	 * Reads the mappings of @image again and delivers them. 1 done, 0 not possible (any more). NULL: the
	 * source has delivered all it will ever know.
	 */
	int (*refresh)(struct source *s, const struct wire_image *image, event_fn fn, void *arg);
	/*
	 * Looks up what lies at @addr in the memory of @image and delivers it as a WIRE_LOCK. 0 or -errno. NULL: as refresh.
	 */
	int (*locate)(struct source *s, const struct wire_image *image, uint64_t addr, event_fn fn,
		      void *arg);
	/*
	 * A cut between two windows of one run (analyze/windows.h): *@ret_ns, set before all else, is the moment, and all waits that are open then are
	 * delivered as WIRE_INTERVAL events with WIRE_F_OPEN, from the beginning of each to the cut. They stay open. What began
	 * or ended before the cut and is not among them comes with the next two rounds. 0 or -errno. NULL: can't be cut.
	 */
	int (*cut)(struct source *s, event_fn fn, void *arg, uint64_t *ret_ns);
	/*
	 * Stacks that the consumer will forget after the next cut and two rounds, unless they come meanwhile: each is defined anew
	 * at its first use after this call. 0 or -errno. NULL: no stack comes again.
	 */
	int (*forget)(struct source *s, const uint64_t *ids, size_t cnt);
	/*
	 * Images and modules that nothing refers to any more were taken out of the model's tables; ids of modules will be given
	 * again. 0 or -errno. NULL: keeps none.
	 */
	int (*swept)(struct source *s);
	void (*close)(struct source *s);
};

static inline int source__start(struct source *s, event_fn fn, void *arg)
{
	return s->ops->start(s, fn, arg);
}

static inline int source__poll(struct source *s, int timeout_ms, event_fn fn, void *arg)
{
	return s->ops->poll(s, timeout_ms, fn, arg);
}

static inline int source__stop(struct source *s, event_fn fn, void *arg)
{
	return s->ops->stop(s, fn, arg);
}

static inline void source__close(struct source *s)
{
	if (s)
		s->ops->close(s);
}

#endif
