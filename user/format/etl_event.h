/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One event of Windows' event tracing (ETW), as it is in a buffer: eight kinds of headers that tell the same in different
 * words, and a payload that only its provider knows.
 */
#ifndef FORMAT_ETL_EVENT_H
#define FORMAT_ETL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"

#define ETL_NO_ID      UINT32_MAX /* the header names no thread, or no process */
#define ETL_GUID_BYTES 16

enum etl_kind {
	ETL_SYSTEM,
	ETL_COMPACT,
	ETL_PERFINFO,
	ETL_FULL,
	ETL_INSTANCE,
	ETL_EVENT,
	ETL_MESSAGE, /* WPP */
	ETL_KIND_CNT,
};

struct etl_event {
	uint64_t
		time_ns; /* since the trace's start; never less than that of the event before on its CPU */
	int64_t ticks; /* as it stands there, in the trace's clock */
	uint32_t cpu;
	uint32_t pid, tid; /* or ETL_NO_ID */
	uint32_t file;	   /* which of the reader's files */
	enum etl_kind kind;
	uint8_t ptr_bytes; /* of the emitter: 4 or 8; of the payload's pointers */
	bool has_time;	   /* ticks are its own */
	bool after_loss;   /* events of its CPU before it are missing */
	uint8_t group;	   /* system, compact, perfinfo */
	uint8_t opcode, level, channel;
	uint16_t version, id, task;
	uint16_t flags; /* of ETL_EVENT: EVENT_HEADER_FLAG_* */
	uint64_t keyword;
	const uint8_t *
		guid; /* of the provider or class, ETL_GUID_BYTES; NULL: the kernel's group says it */
	const uint8_t *activity; /* the same of an activity, or NULL */
	const uint8_t *items;	 /* extended items, or NULL */
	size_t items_len;
	const uint8_t *payload;
	size_t payload_len;
};

/* A group of the kernel's, and no class of anybody. */
static inline bool etl_event__is_kernel(const struct etl_event *e)
{
	return e->kind <= ETL_PERFINFO;
}

/* "SYS64": the header's kind and the emitter's pointers. */
const char *etl_event__header_name(const struct etl_event *e);

enum etl_parse {
	ETL_PARSE_BAD = -1, /* what follows in this buffer is unknown */
	ETL_PARSE_END = 0,  /* there is nothing behind it */
	ETL_PARSE_EVENT = 1,
	ETL_PARSE_SKIP = 2, /* a header without a meaning for us */
};

/*
 * Takes the event at @data apart, at most @len bytes. *@ret points into @data; time_ns, cpu and file are the caller's. *@ret_size
 * is what to go on behind.
 */
enum etl_parse etl_event_parse(const uint8_t *data, size_t len, struct etl_event *ret,
			       size_t *ret_size);

/* ---- extended items ---- */

enum etl_item_type {
	ETL_ITEM_RELATED_ACTIVITY = 1,
	ETL_ITEM_STACK_32 = 5,
	ETL_ITEM_STACK_64 = 6,
	ETL_ITEM_STACK_KEY_32 = 0x11,
	ETL_ITEM_STACK_KEY_64 = 0x12,
};

struct etl_item {
	uint16_t type; /* enum etl_item_type and others */
	const uint8_t *data;
	size_t len;
};

/* All items: for (c = etl_event__items(e); etl_item__next(&c, &item);). Ends at one that is damaged. */
struct cursor etl_event__items(const struct etl_event *e);
bool etl_item__next(struct cursor *c, struct etl_item *ret);

#endif
