/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Protocol buffers, as far as writing goes: fields are appended to a buffer, whose sticky error is looked at once, at the end.
 * Values of 0 and empty texts are not written where the field is no member of a list: that is what their absence means.
 *
 * 	at = proto_begin(b, 2);
 * 	proto_u64(b, 1, id);
 * 	proto_text(b, 3, name);
 * 	proto_end(b, at);
 */
#ifndef OUTPUT_PROTO_H
#define OUTPUT_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* A field of any of the types int64, uint64, int32, uint32, bool or enum. */
void proto_u64(struct buf *b, uint32_t field, uint64_t v);
/* The same where 0 is not what the absence means. */
void proto_value(struct buf *b, uint32_t field, uint64_t v);
/* Fields of 8 bytes: fixed64, and double. They are written whatever they are. */
void proto_fixed64(struct buf *b, uint32_t field, uint64_t v);
void proto_double(struct buf *b, uint32_t field, double v);
/* A string of a list: empty ones are written too. */
void proto_text(struct buf *b, uint32_t field, const char *s);
/* Numbers of a list, packed. */
void proto_packed(struct buf *b, uint32_t field, const uint64_t *v, size_t cnt);
/* A message within the one that is written: its fields follow. What proto_end() wants. */
size_t proto_begin(struct buf *b, uint32_t field);
void proto_end(struct buf *b, size_t at);

#endif
