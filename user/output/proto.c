/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/proto.h"

#include <string.h>

#define PROTO_VARINT	 0 /* wire types */
#define PROTO_FIXED64	 1
#define PROTO_BYTES	 2
#define PROTO_MAX_VARINT 10 /* bytes of 64 bits */

/* The bytes of @v, seven bits in each, lowest first. Their number. */
static size_t proto_encode(uint64_t v, uint8_t *to)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		to[n++] = (uint8_t)(v | 0x80);
	to[n++] = (uint8_t)v;
	return n;
}

static void proto_varint(struct buf *b, uint64_t v)
{
	uint8_t bytes[PROTO_MAX_VARINT];

	buf__append(b, bytes, proto_encode(v, bytes));
}

static void proto_key(struct buf *b, uint32_t field, uint32_t type)
{
	proto_varint(b, (uint64_t)field << 3 | type);
}

void proto_u64(struct buf *b, uint32_t field, uint64_t v)
{
	if (v)
		proto_value(b, field, v);
}

void proto_value(struct buf *b, uint32_t field, uint64_t v)
{
	proto_key(b, field, PROTO_VARINT);
	proto_varint(b, v);
}

/* Lowest byte first, whatever the machine's order is. */
void proto_fixed64(struct buf *b, uint32_t field, uint64_t v)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++, v >>= 8)
		bytes[i] = (uint8_t)v;
	proto_key(b, field, PROTO_FIXED64);
	buf__append(b, bytes, sizeof(bytes));
}

void proto_double(struct buf *b, uint32_t field, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	proto_fixed64(b, field, bits);
}

void proto_text(struct buf *b, uint32_t field, const char *s)
{
	size_t len = strlen(s);

	proto_key(b, field, PROTO_BYTES);
	proto_varint(b, len);
	buf__append(b, s, len);
}

void proto_packed(struct buf *b, uint32_t field, const uint64_t *v, size_t cnt)
{
	size_t at;

	if (!cnt)
		return;
	at = proto_begin(b, field);
	for (size_t i = 0; i < cnt; i++)
		proto_varint(b, v[i]);
	proto_end(b, at);
}

size_t proto_begin(struct buf *b, uint32_t field)
{
	proto_key(b, field, PROTO_BYTES);
	buf__putc(b, 0); /* the length, if it is short */
	return b->len;
}

/* The length comes first and is known last: a long one moves the message. */
void proto_end(struct buf *b, size_t at)
{
	uint8_t bytes[PROTO_MAX_VARINT];
	size_t len = b->len - at, n = proto_encode(len, bytes);

	if (!buf__reserve(b, n - 1) || b->err)
		return;
	memmove(b->data + at - 1 + n, b->data + at, len);
	memcpy(b->data + at - 1, bytes, n);
	buf__advance(b, n - 1);
}
