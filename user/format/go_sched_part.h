/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Parts of runtime.sched, for those who look for it. */
#ifndef FORMAT_GO_SCHED_PART_H
#define FORMAT_GO_SCHED_PART_H

#include "format/go_sched.h"

#define GO_SCHED_HEAD_BYTES 160	 /* all but the histograms lie in these, and what is behind them */
#define GO_SCHED_MAX_BYTES  7168 /* up to the last histogram */

/* Of some versions; offsets in bytes. */
struct go_sched_layout {
	uint8_t first, last; /* versions */
	uint8_t limit;	     /* of threads, maxmcount; others lie around it */
	uint8_t idle;	     /* the first of the idle threads, midle */
	uint8_t run_queue;   /* the size of runq */
	uint16_t latency;    /* timeToRun */
	bool is_old;	     /* the form of its histogram is that up to 1.19 */
	bool has_mutex_wait, has_pauses;
};

/* Of Go 1.@minor; NULL: not known. */
const struct go_sched_layout *go_sched_layout_of(unsigned int minor);
/* How much of it is read. */
size_t go_sched_bytes(const struct go_sched_layout *l);
/* Reads the first part. False: it says what can't be so at any moment. */
bool go_sched_take_head(const struct go_sched_layout *l, const uint8_t bytes[GO_SCHED_HEAD_BYTES],
			struct go_sched_stats *ret);

#endif
