/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Log-linear histograms: 16 buckets of equal width for each power of two, so that a bucket is at most 1/16 (6.25 %) of its
 * lower bound wide. Values below 32 have a bucket each. Pure functions, the same lines in the kernel and in user space.
 *
 *   bucket   0  1 ... 31 | 32    33    ... 47    | 48    ...
 *   value    0  1 ... 31 | 32-33 34-35 ... 62-63 | 64-67 ...
 */
#ifndef DWELL_BUCKETS_H
#define DWELL_BUCKETS_H

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define HISTOGRAM_SUB_BITS 4
#define HISTOGRAM_SUBS	   (1u << HISTOGRAM_SUB_BITS) /* buckets per power of two */
#define HISTOGRAM_BUCKETS  ((64 - HISTOGRAM_SUB_BITS + 1) * HISTOGRAM_SUBS)

/* 1 unless @v is 0; without a branch, whose ways the verifier would have to walk one by one. */
static __always_inline __u32 histogram_some(__u64 v)
{
	return (__u32)((v | (0 - v)) >> 63);
}

/* floor(log2(@v)), 0 for 0. BPF has no instruction for it. */
static __always_inline __u32 histogram_log2(__u64 v)
{
	__u32 log2 = 0, shift;

	shift = histogram_some(v >> 32) << 5;
	v >>= shift, log2 += shift;
	shift = histogram_some(v >> 16) << 4;
	v >>= shift, log2 += shift;
	shift = histogram_some(v >> 8) << 3;
	v >>= shift, log2 += shift;
	shift = histogram_some(v >> 4) << 2;
	v >>= shift, log2 += shift;
	shift = histogram_some(v >> 2) << 1;
	v >>= shift, log2 += shift;
	return log2 + histogram_some(v >> 1);
}

/* The bucket of @v, below HISTOGRAM_BUCKETS: the leading 5 bits of @v, plus 16 for each bit after them. */
static __always_inline __u32 histogram_bucket(__u64 v)
{
	__u32 dropped = histogram_log2(v | HISTOGRAM_SUBS) - HISTOGRAM_SUB_BITS;

	return dropped * HISTOGRAM_SUBS + (__u32)(v >> dropped);
}

/* How many values share @bucket. */
static __always_inline __u64 histogram_width(__u32 bucket)
{
	return bucket < 2 * HISTOGRAM_SUBS ? 1 : 1ull << (bucket / HISTOGRAM_SUBS - 1);
}

/* The smallest value in @bucket. */
static __always_inline __u64 histogram_lower(__u32 bucket)
{
	if (bucket < HISTOGRAM_SUBS)
		return bucket;
	return (__u64)(HISTOGRAM_SUBS + bucket % HISTOGRAM_SUBS) << (bucket / HISTOGRAM_SUBS - 1);
}

#endif
