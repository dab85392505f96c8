/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Counts by size, in the log-linear buckets of bpf/buckets.h: what the kernel counted is added bucket by bucket. Memory
 * is taken for the powers of two that occur, 128 bytes each.
 *
 *   histogram__init -> histogram__add, histogram__merge, histogram__raise_max ... -> histogram__quantile, histogram__draw
 *     -> histogram__fini
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

#include "base/buf.h"
#include "buckets.h"

#define HISTOGRAM_ROWS (HISTOGRAM_BUCKETS / HISTOGRAM_SUBS)

struct histogram {
	uint64_t *rows[HISTOGRAM_ROWS]; /* of HISTOGRAM_SUBS counts each; NULL: all 0 */
	uint64_t cnt;
	uint64_t max; /* the largest value, if it was told; else the smallest that it can be */
};

/* An empty histogram; a zeroed one is empty too. */
void histogram__init(struct histogram *h);
void histogram__fini(struct histogram *h);
/* @n more values in @bucket. 0; -ENOMEM; -EINVAL for a bucket that there is not. */
int histogram__add(struct histogram *h, uint32_t bucket, uint64_t n);
/* One more value. 0 or -ENOMEM. */
int histogram__record(struct histogram *h, uint64_t value);
/* Adds what @from holds. 0; on -ENOMEM a part of it was added. */
int histogram__merge(struct histogram *h, const struct histogram *from);
/* There was a value of @value: makes `max` exact where the largest is told. */
void histogram__raise_max(struct histogram *h, uint64_t value);
/* How many values are in @bucket. */
uint64_t histogram__count(const struct histogram *h, uint32_t bucket);
/*
 * The value that @permille of a thousand values don't exceed (500: the median): the nearest rank, never above `max`. It is
 * the middle of its bucket, so at most 1/32 off, and exact below 32. 0 of nothing.
 */
uint64_t histogram__quantile(const struct histogram *h, uint32_t permille);
/*
 * Appends a drawing, one line per power of two between the smallest and the largest value:
 *
 *   [1K, 2K)             31 |@@@@@@@@@@@@                            |
 *
 * with K, M, G... powers of 1024, each line after @indent. Nothing of nothing. Errors are @to's.
 */
void histogram__draw(const struct histogram *h, const char *indent, struct buf *to);

#endif
