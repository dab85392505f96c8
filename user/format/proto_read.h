/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Protocol buffers, as far as reading goes (https://protobuf.dev/programming-guides/encoding/): fields of a message, one by one. */
#ifndef FORMAT_PROTO_READ_H
#define FORMAT_PROTO_READ_H

#include <stdbool.h>

#include "base/cursor.h"

enum proto_wire { PROTO_VARINT, PROTO_FIXED64, PROTO_BYTES, PROTO_FIXED32 = 5 };

struct proto_field {
	uint32_t number;
	uint8_t wire;	     /* enum proto_wire */
	uint64_t value;	     /* of a number */
	const uint8_t *data; /* PROTO_BYTES */
	size_t len;
};

/* Up to ten bytes, the least significant seven bits first; more, or bits above the 64th, are -EBADMSG in @c->err. */
static inline uint64_t proto_varint(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = cursor__u8(c);

		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
	c->err = -EBADMSG;
	return 0;
}

/* The next field. False: there is none, or c->err says what is wrong. Groups, which nobody writes any more, are an error. */
static inline bool proto_next(struct cursor *c, struct proto_field *ret)
{
	uint64_t key;

	if (!cursor__left(c))
		return false;
	key = proto_varint(c);
	*ret = (struct proto_field){.number = (uint32_t)(key >> 3), .wire = key & 7};
	if (key >> 3 > UINT32_MAX >> 3 || !ret->number)
		c->err = -EBADMSG;
	switch (ret->wire) {
	case PROTO_VARINT:
		ret->value = proto_varint(c);
		break;
	case PROTO_FIXED64:
		ret->value = cursor__u64(c);
		break;
	case PROTO_FIXED32:
		ret->value = cursor__u32(c);
		break;
	case PROTO_BYTES:
		ret->len = proto_varint(c);
		ret->data = cursor__bytes(c, ret->len);
		break;
	default:
		c->err = -EBADMSG;
	}
	return !c->err;
}

#endif
