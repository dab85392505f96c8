/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Events of a live session on their way from the thread that the system calls to the one that reads: copied, so that what the former
 * does is short, with a limit for each CPU, so that a busy one doesn't take the room of others. Nothing here is locked.
 *
 *   writer: etw_queue__put        reader: etw_queue__move (with the writer kept out) -> etw_batch__sort -> etw_batch__get...
 *     -> etw_batch__drop
 */
#ifndef SOURCE_ETW_QUEUE_H
#define SOURCE_ETW_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "format/etl_event.h"

#define ETW_QUEUE_MAX_CPUS   2048
#define ETW_QUEUE_BYTES_EACH (8u << 20) /* of a CPU */

struct etw_queued;

/* Events one behind the other. */
struct etw_events {
	uint8_t *data;
	size_t len, cap;
};

struct etw_queue {
	struct etw_events events;
	size_t bytes_each;
	size_t used[ETW_QUEUE_MAX_CPUS];
	uint64_t dropped_cnt; /* for which there was no room; ever */
};

/* What was taken out of a queue, in the order of time. */
struct etw_batch {
	struct etw_events events;
	struct etw_batch_place {
		int64_t ticks;
		uint64_t seq; /* of equal ticks that which came first is first */
		size_t off;
	} * places;
	size_t cnt, cap;
	uint64_t next_seq;
};

/* @bytes_each: of a CPU. Both accept zeroed ones for fini. */
void etw_queue__init(struct etw_queue *q, size_t bytes_each);
void etw_queue__fini(struct etw_queue *q);
void etw_batch__fini(struct etw_batch *b);

/* Copies @e and its payload, or counts it as dropped: there is no room, or no memory. Items and activities are left out. */
void etw_queue__put(struct etw_queue *q, const struct etl_event *e);
/* Puts all of @q behind what is in @b; @q is empty then. 0, or -ENOMEM: all stay where they are. */
int etw_queue__move(struct etw_queue *q, struct etw_batch *b);

/* Before the next etw_batch__get(). */
void etw_batch__sort(struct etw_batch *b);
/* The event @i; its time is not set. What it points to stays until the next etw_queue__move() or etw_batch__drop(). */
void etw_batch__get(const struct etw_batch *b, size_t i, struct etl_event *ret);
/* How many of those in order are not after @ticks. */
size_t etw_batch__until(const struct etw_batch *b, int64_t ticks);
/* The first @cnt are done with. */
void etw_batch__drop(struct etw_batch *b, size_t cnt);

#endif
