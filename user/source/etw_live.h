/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A live session of Windows as a source of events. Who speaks to the system is a feed; this is what becomes of its events, and
 * knows no system.
 */
#ifndef SOURCE_ETW_LIVE_H
#define SOURCE_ETW_LIVE_H

#include "source/etw_pipe.h"
#include "source/etw_queue.h"
#include "source/source.h"

/* The clock of a session's events. */
struct etw_clock {
	int64_t start_ticks; /* when the session began: time 0 */
	uint64_t freq;	     /* ticks per second */
};

struct etw_losses {
	uint64_t events, buffers; /* that the system lost, or nobody fetched in time */
};

struct etw_feed_ops {
	/* Begins. What it says of the session stays as long as the feed. 0 or -errno with error_set(). */
	int (*start)(void *feed, struct etw_pipe_about *ret_about, struct etw_clock *ret_clock);
	/* Waits up to @timeout_ms for events, and moves them to @to. 1; 0: no more will come; -errno with error_set(). */
	int (*fetch)(void *feed, int timeout_ms, struct etw_batch *to);
	/* Ends the session; what it still had is fetched afterwards. 0 or -errno with error_set(). */
	int (*stop)(void *feed);
	/* What the clock shows. */
	int64_t (*now)(void *feed);
	void (*losses)(void *feed, struct etw_losses *ret);
	void (*close)(void *feed);
};

/*
 * @feed is taken over, also on failure; @targets is copied, what it points to has to stay. @modules: of the model that takes the
 * events, which gives ids to modules; not owned. NULL + errno.
 */
struct source *etw_live_new(const struct etw_feed_ops *ops, void *feed,
			    const struct etw_targets *targets, struct module_table *modules);
/* Before the start: who takes system calls. */
void etw_live_on_call(struct source *s, etw_call_fn fn, void *arg);

#endif
