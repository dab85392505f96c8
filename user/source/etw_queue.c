/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define ETW_EVENTS_MAX_BYTES (1ull << 34)
#define ETW_BATCH_MAX_EVENTS (1ull << 28)

/* An event; its payload is behind it. */
struct etw_queued {
	struct etl_event event;
	uint8_t guid[ETL_GUID_BYTES];
	size_t bytes; /* of both, padded */
};

static size_t queued_bytes(const struct etl_event *e)
{
	return (sizeof(struct etw_queued) + e->payload_len + 7) & ~(size_t)7;
}

void etw_queue__init(struct etw_queue *q, size_t bytes_each)
{
	*q = (struct etw_queue){.bytes_each = bytes_each};
}

void etw_queue__fini(struct etw_queue *q)
{
	free(q->events.data);
	*q = (struct etw_queue){.bytes_each = 0};
}

void etw_batch__fini(struct etw_batch *b)
{
	free(b->events.data);
	free(b->places);
	*b = (struct etw_batch){.cnt = 0};
}

static int events_reserve(struct etw_events *e, size_t more)
{
	return array__grow((void **)&e->data, &e->cap, e->len + more, 1, ETW_EVENTS_MAX_BYTES);
}

/* ---- the writer ---- */

void etw_queue__put(struct etw_queue *q, const struct etl_event *e)
{
	size_t bytes = queued_bytes(e);
	size_t *used = &q->used[e->cpu < ETW_QUEUE_MAX_CPUS ? e->cpu : 0];
	struct etw_queued *to;

	if (bytes > q->bytes_each - *used || events_reserve(&q->events, bytes)) {
		q->dropped_cnt++;
		return;
	}
	to = (struct etw_queued *)(q->events.data + q->events.len);
	to->event = *e;
	to->bytes = bytes;
	if (e->guid)
		memcpy(to->guid, e->guid, sizeof(to->guid));
	if (e->payload_len)
		memcpy(to + 1, e->payload, e->payload_len);
	q->events.len += bytes;
	*used += bytes;
}

/* ---- the reader ---- */

static int batch_note(struct etw_batch *b, size_t from)
{
	for (size_t off = from; off < b->events.len;) {
		const struct etw_queued *e = (const struct etw_queued *)(b->events.data + off);
		int err = array__grow((void **)&b->places, &b->cap, b->cnt + 1, sizeof(*b->places),
				      ETW_BATCH_MAX_EVENTS);

		if (err)
			return err;
		b->places[b->cnt++] = (struct etw_batch_place){e->event.ticks, b->next_seq++, off};
		off += e->bytes;
	}
	return 0;
}

int etw_queue__move(struct etw_queue *q, struct etw_batch *b)
{
	size_t from = b->events.len, cnt = b->cnt;
	int err;

	if (!q->events.len)
		return 0;
	err = events_reserve(&b->events, q->events.len);
	if (err)
		return err;
	memcpy(b->events.data + from, q->events.data, q->events.len);
	b->events.len += q->events.len;
	err = batch_note(b, from);
	if (err) {
		b->events.len = from;
		b->cnt = cnt;
		return err;
	}
	q->events.len = 0;
	memset(q->used, 0, sizeof(q->used));
	return 0;
}

static int compare_places(const void *x, const void *y)
{
	const struct etw_batch_place *a = x, *b = y;

	if (a->ticks != b->ticks)
		return a->ticks < b->ticks ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

void etw_batch__sort(struct etw_batch *b)
{
	if (b->cnt)
		qsort(b->places, b->cnt, sizeof(*b->places), compare_places);
}

void etw_batch__get(const struct etw_batch *b, size_t i, struct etl_event *ret)
{
	const struct etw_queued *e = (const struct etw_queued *)(b->events.data + b->places[i].off);

	*ret = e->event;
	ret->guid = e->event.guid ? e->guid : NULL;
	ret->payload = (const uint8_t *)(e + 1);
	ret->activity = ret->items = NULL;
	ret->items_len = 0;
}

size_t etw_batch__until(const struct etw_batch *b, int64_t ticks)
{
	size_t from = 0, to = b->cnt;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (b->places[mid].ticks <= ticks)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* Moves what is left to the beginning, in the order in which it lies there. */
static int compare_offsets(const void *x, const void *y)
{
	const struct etw_batch_place *a = x, *b = y;

	return a->off < b->off ? -1 : a->off > b->off;
}

void etw_batch__drop(struct etw_batch *b, size_t cnt)
{
	size_t to = 0;

	b->cnt -= cnt;
	memmove(b->places, b->places + cnt, b->cnt * sizeof(*b->places));
	if (b->cnt)
		qsort(b->places, b->cnt, sizeof(*b->places), compare_offsets);
	for (size_t i = 0; i < b->cnt; i++) {
		const struct etw_queued *e =
			(const struct etw_queued *)(b->events.data + b->places[i].off);
		size_t bytes = e->bytes;

		memmove(b->events.data + to, e, bytes);
		b->places[i].off = to;
		to += bytes;
	}
	b->events.len = to;
	etw_batch__sort(b);
}
