/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where remembered walks are kept (memo.h): two places for each way to begin a walk. An entry that has lost its place to
 * another is forgotten; nothing else depends on where it is.
 *
 * Who includes this defines the primitives memo_at() and memo_look().
 */
#ifndef DWELL_MEMO_TABLE_H
#define DWELL_MEMO_TABLE_H

#include "memo.h"

#define MEMO_NOWHERE (~0u)

/* The entry at place @i, of which as many bits count as there are places; NULL: there is none. */
static __always_inline struct memo_entry *memo_at(__u32 i);
/* memo_hash_slots(), in a function of its own or not. */
static __always_inline __u64 memo_look(const struct memo_entry *e, const struct memo_notes *n,
				       struct window *w, bool kernel);

/* Where a walk may be kept that began as @hash says: @way is 0 or 1. */
static __always_inline __u32 memo_way(__u64 hash, __u32 way)
{
	return ((__u32)(hash >> 32) & ~1u) | way;
}

/* What is remembered at place @i: the id, if it is what a walk from @start comes to; 0: it is not. */
static __always_inline __u64 memo_ask(__u32 i, const struct memo_start *start,
				      const struct memo_notes *n, struct window *w, bool kernel,
				      __u32 *ret_flags)
{
	struct memo_entry *e = memo_at(i);

	if (!e || !e->id)
		return 0;
	return memo_recall(e, start, memo_look(e, n, w, kernel), ret_flags);
}

/*
 * Where a walk that is not remembered may be: at a free place, or, now and then, at one whose stack may not have
 * been seen for long; with @must, in any case. @chance: a random number. MEMO_NOWHERE: many stacks begin alike, and those
 * that are here are as good.
 */
static __always_inline __u32 memo_place(__u64 hash, bool must, __u32 chance)
{
	struct memo_entry *e;

	for (__u32 way = 0; way < 2; way++) {
		e = memo_at(memo_way(hash, way));
		if (e && !e->id)
			return memo_way(hash, way);
	}
	return must || !(chance & 126) ? memo_way(hash, chance & 1) : MEMO_NOWHERE;
}

#endif
