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
