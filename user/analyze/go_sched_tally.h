/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What two readings of a Go program's scheduler add to its metrics: a pure function of both. */
#ifndef ANALYZE_GO_SCHED_TALLY_H
#define ANALYZE_GO_SCHED_TALLY_H

#include "analyze/bounds.h"
#include "format/go_sched.h"

/* From runnable to running: 1 us to 1 s. */
extern const struct bounds go_bounds_latency;
/* All threads stopped: 10 us to 1 s. */
extern const struct bounds go_bounds_pause;

struct go_sched_tally {
	struct bounds_counts latency;
	struct bounds_counts pauses[GO_PAUSE_CNT];
	uint64_t mutex_wait_ns, created_cnt;
	bool has_pauses, has_mutex_wait;
	/* Now. */
	uint32_t thread_cnt, idle_thread_cnt;
};

/* "gc", "other". */
const char *go_pause_name(enum go_pause pause);
/*
 * The runtime has buckets of its own: each counts as a whole where its end is, which is a quarter more than its beginning; sums take the
 * middle of each.
 */
void go_sched_tally__fill(struct go_sched_tally *t, const struct go_sched_stats *now,
			  const struct go_sched_stats *before);

#endif
