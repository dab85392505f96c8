/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Histograms with bounds of their own, as metrics show them: few, round, and the same for months. (What needs percentiles
 * counts in the 976 buckets of bpf/buckets.h.)
 *
 * A bound is the largest value in its bucket, an integer: nanoseconds, or things. Its text is what stands in the label `le`,
 * by which servers tell series apart; so it is never computed from a floating-point number. It is written as Prometheus
 * writes it itself: the shortest digits, an exponent below 0.0001, and always a point or an exponent ("1.0", "5e-05").
 */
#ifndef ANALYZE_BOUNDS_H
#define ANALYZE_BOUNDS_H

#include <stdint.h>

#define BOUNDS_MAX    40
#define BOUNDS_LE_LEN 24 /* with the NUL */

struct bounds {
	uint32_t cnt;		     /* without +Inf */
	uint64_t values[BOUNDS_MAX]; /* ascending */
	char le[BOUNDS_MAX][BOUNDS_LE_LEN];
};

/* 1, 2 and 5 microseconds, and so on to 50 seconds. */
extern const struct bounds bounds_time;
/* Frames of a stack: 1, 2, 4 ... 64, 127. */
extern const struct bounds bounds_frames;

/*
 * The seconds in @list, ascending ("0.001,0.01,1"): at most BOUNDS_MAX, each from 1e-9 to 100000, in whole nanoseconds. 0, or
 * -EINVAL with error_set().
 */
int bounds_parse(const char *list, struct bounds *ret);
/* The bucket of @value: that of the first bound that is not below it; b->cnt: above all. */
uint32_t bounds__find(const struct bounds *b, uint64_t value);

/*
 * Counts by bucket. The sum has 128 bits: 10,000 sleeping threads fill 64 bits of nanoseconds in three weeks.
 */
struct bounds_counts {
	uint64_t cnts[BOUNDS_MAX +
		      1]; /* each bucket alone; the one of +Inf is after the last bound's */
	uint64_t cnt;
	unsigned __int128 sum;
};

/* @cnt values that make up @total; with more than one all count in the bucket of their mean. */
void bounds_counts__add(struct bounds_counts *c, const struct bounds *b, uint64_t cnt,
			uint64_t total);

#endif
