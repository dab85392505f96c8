/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/etl_event.h"

#include <string.h>

#include "base/compiler.h"

#define ETL_TYPED_MASK	 0xc0 /* TRACE_HEADER_FLAG and EVENT_TRACE: the byte before is a type */
#define ETL_MESSAGE_MASK 0xf0
#define ETL_MESSAGE_MARK 0x90

#define ETL_SMALLEST_HEADER 8
#define ETL_ALIGN(n)	    (((n) + 7) & ~(size_t)7)

#define ETL_PEBS	   0x8000 /* in a perfinfo header's version */
#define ETL_COUNTERS_SHIFT 8
#define ETL_COUNTERS_MASK  7
#define ETL_HAS_ITEMS	   1 /* EVENT_HEADER_FLAG_EXTENDED_INFO */
#define ETL_ITEM_MORE	   1

enum etl_message_flag {
	ETL_MESSAGE_SEQUENCE = 1,
	ETL_MESSAGE_GUID = 2,
	ETL_MESSAGE_COMPONENT = 4,
	ETL_MESSAGE_TIME = 8,
	ETL_MESSAGE_IDS = 0x20,
};

/* ---- the headers, from their first byte on: @c covers the whole event ---- */

static void etl_take_ids(struct cursor *c, struct etl_event *e)
{
	e->tid = cursor__u32(c);
	e->pid = cursor__u32(c);
}

/* uint16 version; uint8 type, flags; uint16 size; uint8 opcode, group. */
static void etl_take_marker(struct cursor *c, struct etl_event *e)
{
	e->version = cursor__u16(c);
	cursor__skip(c, 4);
	e->opcode = cursor__u8(c);
	e->group = cursor__u8(c);
}

/* The marker; uint32 thread, process; int64 time; uint32 kernel and user time. */
static void etl_parse_system(struct cursor *c, struct etl_event *e)
{
	etl_take_marker(c, e);
	etl_take_ids(c, e);
	e->ticks = (int64_t)cursor__u64(c);
	cursor__skip(c, 8);
}

static void etl_parse_compact(struct cursor *c, struct etl_event *e)
{
	etl_take_marker(c, e);
	etl_take_ids(c, e);
	e->ticks = (int64_t)cursor__u64(c);
}

/* The marker, int64 time; then what the processor's counters said, if the version's upper half tells of it. */
static void etl_parse_perfinfo(struct cursor *c, struct etl_event *e)
{
	etl_take_marker(c, e);
	e->ticks = (int64_t)cursor__u64(c);
	if (e->version & ETL_PEBS)
		cursor__skip(c, 8);
	cursor__skip(c, 8 * (e->version >> ETL_COUNTERS_SHIFT & ETL_COUNTERS_MASK));
	e->version &= 0xff;
}

/*
 * uint16 size; uint8 type, flags, opcode, level; uint16 version; uint32 thread, process; int64 time; the class; uint32 kernel
 * and user time.
 */
static void etl_parse_full(struct cursor *c, struct etl_event *e)
{
	cursor__skip(c, 4);
	e->opcode = cursor__u8(c);
	e->level = cursor__u8(c);
	e->version = cursor__u16(c);
	etl_take_ids(c, e);
	e->ticks = (int64_t)cursor__u64(c);
	e->guid = cursor__bytes(c, ETL_GUID_BYTES);
	cursor__skip(c, 8);
}

/* The same; uint32 instance, parent; the parent's class. */
static void etl_parse_instance(struct cursor *c, struct etl_event *e)
{
	etl_parse_full(c, e);
	cursor__skip(c, 8 + ETL_GUID_BYTES);
}

/* Of each: uint16 size, type, "there is another one", length; the data. */
bool etl_item__next(struct cursor *c, struct etl_item *ret)
{
	uint16_t size, len, more;
	struct etl_item item;
	const uint8_t *start;

	if (!cursor__left(c))
		return false;
	start = c->pos;
	size = cursor__u16(c);
	item.type = cursor__u16(c);
	more = cursor__u16(c);
	len = cursor__u16(c);
	item.data = cursor__bytes(c, len);
	item.len = len;
	if (c->err || size < 8 + (size_t)len)
		return false;
	cursor__skip(c, size - (size_t)(c->pos - start));
	if (c->err)
		return false;
	if (!(more & ETL_ITEM_MORE))
		c->end = c->pos;
	*ret = item;
	return true;
}

static void etl_take_items(struct cursor *c, struct etl_event *e)
{
	struct cursor walk = *c;
	struct etl_item item;

	while (etl_item__next(&walk, &item))
		;
	/* A damaged item has no end, so neither has the payload a beginning. */
	if (walk.err || walk.pos != walk.end) {
		c->err = -EBADMSG;
		return;
	}
	e->items_len = (size_t)(walk.pos - c->pos);
	e->items = cursor__bytes(c, e->items_len);
}

/*
 * uint16 size; uint8 type, marker; uint16 flags, property; uint32 thread, process; int64 time; the provider; uint16 id; uint8
 * version, channel, level, opcode; uint16 task; uint64 keyword, processor time; the activity.
 */
static void etl_parse_event(struct cursor *c, struct etl_event *e)
{
	cursor__skip(c, 4);
	e->flags = cursor__u16(c);
	cursor__skip(c, 2);
	etl_take_ids(c, e);
	e->ticks = (int64_t)cursor__u64(c);
	e->guid = cursor__bytes(c, ETL_GUID_BYTES);
	e->id = cursor__u16(c);
	e->version = cursor__u8(c);
	e->channel = cursor__u8(c);
	e->level = cursor__u8(c);
	e->opcode = cursor__u8(c);
	e->task = cursor__u16(c);
	e->keyword = cursor__u64(c);
	cursor__skip(c, 8);
	e->activity = cursor__bytes(c, ETL_GUID_BYTES);
	if (e->flags & ETL_HAS_ITEMS)
		etl_take_items(c, e);
}

/* uint16 size; uint8 of no use, marker; uint16 number, flags; what the flags tell of. */
static void etl_parse_message(struct cursor *c, struct etl_event *e)
{
	cursor__skip(c, 4);
	e->id = cursor__u16(c);
	e->flags = cursor__u16(c);
	if (e->flags & ETL_MESSAGE_SEQUENCE)
		cursor__skip(c, 4);
	if (e->flags & ETL_MESSAGE_GUID)
		e->guid = cursor__bytes(c, ETL_GUID_BYTES);
	else if (e->flags & ETL_MESSAGE_COMPONENT)
		cursor__skip(c, 4);
	e->has_time = e->flags & ETL_MESSAGE_TIME;
	if (e->has_time)
		e->ticks = (int64_t)cursor__u64(c);
	if (e->flags & ETL_MESSAGE_IDS)
		etl_take_ids(c, e);
}

/* ---- which one it is ---- */

struct etl_header_type {
	void (*parse)(struct cursor *c, struct etl_event *e); /* NULL: it has no meaning for us */
	enum etl_kind kind;
	uint8_t ptr_bytes;
	bool marker; /* the size stands behind the type */
};

static const struct etl_header_type etl_header_types[] = {
	[1] = {etl_parse_system, ETL_SYSTEM, 4, true},
	[2] = {etl_parse_system, ETL_SYSTEM, 8, true},
	[3] = {etl_parse_compact, ETL_COMPACT, 4, true},
	[4] = {etl_parse_compact, ETL_COMPACT, 8, true},
	[10] = {etl_parse_full, ETL_FULL, 4, false},
	[11] = {etl_parse_instance, ETL_INSTANCE, 4, false},
	[13] = {NULL, ETL_KIND_CNT, 8, false}, /* "error": nothing is told of it */
	[16] = {etl_parse_perfinfo, ETL_PERFINFO, 4, true},
	[17] = {etl_parse_perfinfo, ETL_PERFINFO, 8, true},
	[18] = {etl_parse_event, ETL_EVENT, 4, false},
	[19] = {etl_parse_event, ETL_EVENT, 8, false},
	[20] = {etl_parse_full, ETL_FULL, 8, false},
	[21] = {etl_parse_instance, ETL_INSTANCE, 8, false},
};

static const struct etl_header_type etl_message_type = {etl_parse_message, ETL_MESSAGE, 8, false};

static const struct etl_header_type *etl_find_type(uint8_t type, uint8_t flags)
{
	if ((flags & ETL_TYPED_MASK) != ETL_TYPED_MASK)
		return (flags & ETL_MESSAGE_MASK) == ETL_MESSAGE_MARK ? &etl_message_type : NULL;
	if (type >= ARRAY_SIZE(etl_header_types) || !etl_header_types[type].ptr_bytes)
		return NULL;
	return &etl_header_types[type];
}

enum etl_parse etl_event_parse(const uint8_t *data, size_t len, struct etl_event *ret,
			       size_t *ret_size)
{
	struct cursor c = cursor_over(data, len);
	const struct etl_header_type *type;
	uint16_t first, third;
	uint8_t kind, flags;
	size_t size;

	if (len < ETL_SMALLEST_HEADER)
		return ETL_PARSE_END;
	first = cursor__u16(&c);
	kind = cursor__u8(&c);
	flags = cursor__u8(&c);
	third = cursor__u16(&c);
	/* What is left of a buffer is filled with ones. */
	if (first == UINT16_MAX && kind == UINT8_MAX && flags == UINT8_MAX)
		return ETL_PARSE_END;
	type = etl_find_type(kind, flags);
	if (!type)
		return ETL_PARSE_BAD;
	size = type->marker ? third : first;
	if (size < ETL_SMALLEST_HEADER || size > len)
		return ETL_PARSE_BAD;
	*ret_size = ETL_ALIGN(size);
	if (!type->parse)
		return ETL_PARSE_SKIP;
	*ret = (struct etl_event){.kind = type->kind,
				  .ptr_bytes = type->ptr_bytes,
				  .pid = ETL_NO_ID,
				  .tid = ETL_NO_ID,
				  .has_time = true};
	c = cursor_over(data, size);
	type->parse(&c, ret);
	if (c.err)
		return ETL_PARSE_BAD;
	ret->payload_len = cursor__left(&c);
	ret->payload = c.pos;
	return ETL_PARSE_EVENT;
}

struct cursor etl_event__items(const struct etl_event *e)
{
	return cursor_over(e->items, e->items_len);
}

const char *etl_event__header_name(const struct etl_event *e)
{
	static const char *const names[ETL_KIND_CNT][2] = {
		[ETL_SYSTEM] = {"SYS32", "SYS64"},     [ETL_COMPACT] = {"COMPACT32", "COMPACT64"},
		[ETL_PERFINFO] = {"PERF32", "PERF64"}, [ETL_FULL] = {"FULL32", "FULL64"},
		[ETL_INSTANCE] = {"INST32", "INST64"}, [ETL_EVENT] = {"EH32", "EH64"},
		[ETL_MESSAGE] = {"MSG", "MSG"},
	};

	return names[e->kind][e->ptr_bytes == 8];
}
