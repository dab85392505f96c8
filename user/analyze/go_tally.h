/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What one look at a process adds to its metrics: a pure function of that look and the one before.
 *
 * Looks are samples: what a goroutine is doing in one stands for the time since the look before. So the time that goroutines were blocked
 * is an estimate, exact on average if looks come at random moments; of goroutines that wait for longer than a period it is exact.
 */
#ifndef ANALYZE_GO_TALLY_H
#define ANALYZE_GO_TALLY_H

#include "analyze/bounds.h"
#include "analyze/go_facts.h"

#define GO_BLOCKED_CNT GO_REASON_NONE /* reasons of what does not run */

/* How long waits were that are longer than a period between looks: 100 ms to a minute. */
extern const struct bounds go_bounds_wait;

struct go_gauges {
	uint64_t goroutine_cnt[GO_STATE_CNT][2]; /* [1]: the runtime's own */
	/* Without the runtime's own. */
	uint64_t blocked_cnt[GO_BLOCKED_CNT][GO_DEPTH_CNT];
	uint64_t oldest_ns[GO_BLOCKED_CNT]; /* 0: nothing is known; never of GO_REASON_FOREVER */
};

/* When the looks before were, of one process; zero at first. */
#define GO_LOOKS_KEPT 64 /* a power of two */
struct go_looks {
	uint64_t times_ns[GO_LOOKS_KEPT];
	uint64_t cnt;
};

struct go_tally {
	struct go_gauges now;
	/* Since the look before; the runtime's own are left out. */
	uint64_t blocked_ns[GO_BLOCKED_CNT][GO_DEPTH_CNT];
	uint64_t stop_cnt;    /* how often goroutines stopped running */
	bool stops_are_parks; /* system calls are not among them: from Go 1.26 on */
	bool has_stops;	      /* from Go 1.17 on */
	struct bounds_counts waits[GO_BLOCKED_CNT]; /* that ended, and were seen twice at least */
	uint64_t torn_cnt;
};

/* Can its waits be told from each other? Where not, a goroutine that waits again and again at one place looks as if it had not run. */
bool go_look__tells_waits(const struct go_look *look, enum go_reason reason);
/* @before: the look before at the same program; NULL: none. @looks: those so far; this one is added. 0 or -ENOMEM. */
int go_tally__fill(struct go_tally *t, struct go_facts *f, struct go_looks *looks,
		   const struct go_look *look, const struct goroutines *before);

#endif
