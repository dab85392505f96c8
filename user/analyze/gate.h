/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Has waiting become worse? Two runs are compared by a number of each, the 99th percentile of the waits or the time waited per
 * second, and by how far that number goes up and down within a run.
 *
 * A run is cut into slices of equal length. Waits of one moment depend on each other, those of different slices hardly do, so the
 * slices are what is drawn anew (the block bootstrap: Künsch 1989; Efron and Tibshirani, An Introduction to the Bootstrap, 8.6):
 * GATE_DRAWS times as many slices as there are, with replacement, of either run. The 95 % interval is what the inner ones of new / base
 * span, a little more than 95 % of them, since there are few slices (see gate_tail()). Percentiles, not a deviation: of waits that gather
 * around two lengths the 99th percentile is the one or the other. A change is a regression when the whole interval lies above the limit.
 *
 *   gate_side__init -> gate_side__add for every wait -> gate_compare -> gate_side__fini
 */
#ifndef ANALYZE_GATE_H
#define ANALYZE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_MIN_SLICES 10
#define GATE_MAX_SLICES 200
#define GATE_DRAWS	2000

struct gate_wait {
	uint64_t ns;
	uint32_t slice;
	uint32_t cnt; /* so many of this length */
};

/* One run. */
struct gate_side {
	uint32_t slice_cnt;
	uint64_t begin_ns, end_ns; /* of its window, on the clock of the waits */
	struct gate_wait *waits;
	size_t wait_cnt, wait_cap;
	uint64_t *slice_ns;   /* by slice: the time waited in it */
	uint64_t *slice_cnts; /* by slice: waits that ended in it */
	uint64_t cnt;	      /* of waits that ended */
};

enum gate_metric { GATE_P99, GATE_TOTAL, GATE_METRIC_CNT };

/* Factors are new / base. */
struct gate_result {
	double base, new; /* ns; of GATE_TOTAL ns a second */
	double factor, low, high;
};

/* 0; -EINVAL: too few slices, or a window of no length; -ENOMEM. */
int gate_side__init(struct gate_side *s, uint64_t begin_ns, uint64_t end_ns, uint32_t slice_cnt);
void gate_side__fini(struct gate_side *s);
/*
 * A wait [@from_ns, @to_ns); what lies outside of the window is not counted. @ended: it did, so its length is known: without that, or
 * where it ended outside, it only counts as time. 0 or -ENOMEM.
 */
int gate_side__add(struct gate_side *s, uint64_t from_ns, uint64_t to_ns, bool ended);
/* @cnt waits of @ns together, of which only that is known, at @at_ns: they count with their mean. 0 or -ENOMEM. */
int gate_side__add_sum(struct gate_side *s, uint64_t at_ns, uint64_t ns, uint32_t cnt);
/* How many slices have a wait that ended. */
uint32_t gate_side__used(const struct gate_side *s);
/*
 * Compares; the same runs always give the same result. The sides are sorted. 0; -ENODATA: one of them has nothing to measure; or
 * -ENOMEM.
 */
int gate_compare(struct gate_side *base, struct gate_side *new, enum gate_metric metric,
		 struct gate_result *ret);

#endif
