/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the continuous mode counts of waits, for months:
 *
 *   metrics__init -> metrics__add for every closed wait, metrics__set_ledger -> metrics__expose -> metrics__copy
 *     -> metrics__fini
 *
 * Counters only grow, and each wait is counted once in each: blocked time by reason, waiting for a CPU by scheduling class,
 * by group, by who ended it. Sums are integers of nanoseconds, so sums over labels are equal to the last one.
 *
 * A wait that the probes saw has up to two parts. The one until the wake-up is a block, unless the thread was preempted:
 * such a wait only waits for a CPU. The other one is a wait for a CPU, of whatever length.
 */
#ifndef ANALYZE_METRICS_H
#define ANALYZE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/bounds.h"
#include "analyze/groups.h"
#include "model/ledger.h"
#include "model/reason.h"
#include "model/waker.h"
#include "wire.h"

#define METRICS_CLASS_CNT 5	     /* enum wire_sched_class */
#define METRICS_NO_DELAY  UINT64_MAX /* nobody measured it */

/* "fair", "rt", "deadline", "idle", "ext"; "fair" for an unknown number. */
const char *sched_class_name(unsigned int sched_class);

/* One closed wait, or several equal ones that the kernel added up. */
struct metrics_wait {
	uint8_t reason;			  /* enum reason */
	uint8_t sched_class;		  /* enum wire_sched_class */
	uint8_t waker;			  /* enum waker_kind; WAKER_NONE: nobody, or nobody asked */
	uint32_t group;			  /* groups__get() */
	uint64_t cnt;			  /* 1; more: histograms count all at their mean */
	bool spilled;			  /* the kernel had added it up, even if alone */
	uint64_t blocked_ns, runnable_ns; /* of all together */
	uint16_t user_frame_cnt, kernel_frame_cnt; /* 0: no such stack */
	uint8_t go;				   /* enum wire_go_class, of the user stack */
	uint64_t delay_ns; /* from its end to when it was read; METRICS_NO_DELAY */
};

/* A term of the ledger, in a counter that does not wrap when the kernel's does. */
struct metrics_term {
	unsigned __int128 ns;
	uint64_t cnt;
	uint64_t last_ns, last_cnt; /* as the ledger said them last */
};

struct metrics {
	struct bounds bounds;			/* of durations */
	struct bounds_counts block[REASON_CNT]; /* PREEMPTED stays empty */
	struct bounds_counts runqueue[METRICS_CLASS_CNT];
	struct bounds_counts user_frames, kernel_frames;
	struct bounds_counts delay;
	uint64_t waker_cnt[WAKER_CNT]; /* blocks */
	uint64_t preempted_cnt;	       /* waits for a CPU alone */
	uint64_t averaged_cnt; /* waits that histograms count at a mean: they were spilled */
	uint64_t merged_cnt;   /* waits that files of windows have without thread and user stack */
	struct groups groups;
	/* The ledger: `delivered` is counted here, out of what comes; the others are what the kernel says. */
	struct metrics_term observed, delivered, filtered, spilled, lost;
	/* Of the spilled time, what is in no histogram: WIRE_C_SPILLED_BEFORE_NS. */
	struct metrics_term spilled_before;
	uint64_t counters[WIRE_COUNTER_CNT];
	/* Since the exposition before. */
	uint64_t exposed_cnt, exposed_lost_cnt;
	uint32_t completeness_ppm; /* of the waits between the last two expositions: not lost */
};

/* @bounds: of durations, NULL: bounds_time. The groups are taken over, groups__fini() is in metrics__fini(). */
void metrics__init(struct metrics *m, const struct bounds *bounds, struct groups *groups);
void metrics__fini(struct metrics *m);
/* Counts waits. Doesn't fail, doesn't allocate. */
void metrics__add(struct metrics *m, const struct metrics_wait *w);
/* What the kernel's side of the ledger says now: its terms and counters are cumulative. */
void metrics__set_ledger(struct metrics *m, const struct ledger *l);
/* Before each exposition: idle groups retire, the completeness since the last one is found. */
void metrics__expose(struct metrics *m, uint64_t now_ns);
/* A copy for an exposition, that nothing changes any more; metrics__fini(). 0 or -ENOMEM. */
int metrics__copy(const struct metrics *m, struct metrics *ret);

#endif
