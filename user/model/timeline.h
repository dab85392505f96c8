/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which code was at an address at a time: for programs that make code while they run and put other code in its place.
 *
 *   timeline__new -> timeline__add for each piece, in the order in which they were made -> timeline__finish
 *     -> timeline__find -> timeline__free
 *
 * Pieces that overlap get different versions, so that (version, address), put into one number by timeline_offset(), means
 * one piece only: that is the offset of a frame whose time is known (model/stack.h), and where its name is in a symbol
 * table.
 */
#ifndef MODEL_TIMELINE_H
#define MODEL_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/stack.h"

#define TIMELINE_MAX_ENTRIES (1u << 20)
#define TIMELINE_MAX_REFS    (1u << 24) /* 64 MB */
#define TIMELINE_MAX_VERSION UINT16_MAX

struct timeline_entry {
	uint64_t start, end; /* addresses; the first behind it */
	uint64_t time_ns;    /* since when; 0: always */
	uint32_t order;	     /* the how many-th timeline__add() */
	uint32_t version;    /* 1.. */
};

struct timeline {
	struct timeline_entry *entries; /* after finish by time, those of one time in their order */
	size_t cnt, cap;
	/* A segment tree over the stretches between all starts and ends. */
	uint64_t *points;
	size_t point_cnt;
	uint32_t leaf_cnt; /* a power of two; node 1 is the root */
	uint32_t *
		first; /* per node: where its list in refs begins; the next node's begins where it ends */
	uint32_t *refs; /* positions in entries, ascending */
};

static inline uint64_t timeline_offset(uint32_t version, uint64_t addr)
{
	return (uint64_t)version << FRAME_ADDR_BITS | addr;
}

/* NULL: no memory. */
struct timeline *timeline__new(void);
void timeline__free(struct timeline *t);
/*
 * Adds a piece. @version 0: to be found by timeline__finish(); else it is known (from a recording). 0; -EINVAL when it is
 * empty or not in the addresses of a user (it does not count for @order then); -E2BIG when the timeline is full; -ENOMEM.
 */
int timeline__add(struct timeline *t, uint64_t start, uint64_t size, uint64_t time_ns,
		  uint32_t version);
/* Before the first lookup. 0; -E2BIG: pieces of which more than can be kept overlap, there is nothing to find; -ENOMEM. */
int timeline__finish(struct timeline *t);
/*
 * The newest piece at @addr that was there at @time_ns, else the first that came after (it was told of late). NULL: none.
 * O(log(pieces)^2), whatever they are.
 */
const struct timeline_entry *timeline__find(const struct timeline *t, uint64_t addr,
					    uint64_t time_ns);

#endif
