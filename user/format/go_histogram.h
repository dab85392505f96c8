/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * How often something took how long, as Go's runtime counts it (src/runtime/histogram.go): from 256 ns on four buckets of equal
 * width for each power of two, below them four of 64 ns.
 */
#ifndef FORMAT_GO_HISTOGRAM_H
#define FORMAT_GO_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define GO_HISTOGRAM_CNT 160

/* As it lies in memory from Go 1.20 on. */
struct go_histogram {
	uint64_t counts[GO_HISTOGRAM_CNT];
	uint64_t underflow; /* less than 0, which a clock may bring about */
	uint64_t overflow;  /* go_histogram_bound_ns(GO_HISTOGRAM_CNT) or more */
};

/* In nanoseconds, where bucket @i begins and the one before it ends; @i up to GO_HISTOGRAM_CNT. */
uint64_t go_histogram_bound_ns(size_t i);
/* The bucket of @ns; GO_HISTOGRAM_CNT: it is one for the overflow. */
size_t go_histogram_bucket(uint64_t ns);
/* All that was counted, also outside of the buckets. */
uint64_t go_histogram__total(const struct go_histogram *h);
/*
 * The value that @permille of a thousand don't exceed (990: P99), in nanoseconds: the end of the bucket where it lies, so up to a
 * quarter too large, or 64 ns. 0: nothing was counted; UINT64_MAX: in the overflow.
 */
uint64_t go_histogram__quantile_ns(const struct go_histogram *h, unsigned int permille);
/* The sum of all, as if each lay in the middle of its bucket. */
uint64_t go_histogram__sum_ns(const struct go_histogram *h);
/* What came between two readings of one histogram. A bucket that has less than @before is another histogram's: it is taken as it is. */
void go_histogram__subtract(struct go_histogram *h, const struct go_histogram *before);

#endif
