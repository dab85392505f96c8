/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/xpress.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"

#define XPRESS_FLAG_CNT	 32
#define XPRESS_MIN_MATCH 3
#define XPRESS_STRIDE	 16

struct xpress {
	struct cursor in;
	uint8_t *to;
	size_t len, cap;
	const uint8_t *nibble; /* its upper half is the next length's; NULL: none is left */
};

/*
 * Copies @len bytes of @from_left to where @to_left fit; both don't overlap. Most are few, and to copy so many that the compiler knows
 * their number costs less: what is behind @len is overwritten next, or is no part of what was unpacked.
 */
static void xpress_move(uint8_t *to, size_t to_left, const uint8_t *from, size_t from_left,
			size_t len)
{
	if (len <= XPRESS_STRIDE && from_left >= XPRESS_STRIDE && to_left >= XPRESS_STRIDE)
		memcpy(to, from, XPRESS_STRIDE);
	else
		memcpy(to, from, len);
}

/* As many literals as there is a flag for, at most what fits. */
static bool xpress_literals(struct xpress *x, size_t cnt)
{
	size_t left = cursor__left(&x->in);
	const void *bytes;

	if (cnt > x->cap - x->len)
		cnt = x->cap - x->len;
	if (cnt > left)
		cnt = left;
	if (!cnt)
		return false;
	bytes = cursor__bytes(&x->in, cnt);
	xpress_move(x->to + x->len, x->cap - x->len, bytes, left, cnt);
	x->len += cnt;
	return true;
}

/* Four bits, of which two lengths share a byte. */
static uint32_t xpress_nibble(struct xpress *x)
{
	uint32_t v;

	if (x->nibble) {
		v = *x->nibble >> 4;
		x->nibble = NULL;
		return v;
	}
	x->nibble = cursor__bytes(&x->in, 1);
	return x->nibble ? *x->nibble & 15 : 0;
}

/* Behind the three bits of a match: each field is full when the next one tells more. */
static uint64_t xpress_long_length(struct xpress *x)
{
	uint32_t v = xpress_nibble(x);

	if (v < 15)
		return v + 7;
	v = cursor__u8(&x->in);
	if (v < 255)
		return v + 15 + 7;
	v = cursor__u16(&x->in);
	if (!v)
		v = cursor__u32(&x->in);
	/* The wide fields hold the whole length; one that a shorter field could tell is no length. */
	if (v < 15 + 7)
		x->in.err = -EBADMSG;
	return v;
}

static bool xpress_copy(struct xpress *x, size_t distance, uint64_t len)
{
	uint8_t *to = x->to + x->len;
	const uint8_t *from = to - distance;
	size_t left = x->cap - x->len;
	bool fits = len <= left;

	if (!fits)
		len = left;
	x->len += len;
	if (distance >= len) {
		/* What is behind @from, until @to, may be read. */
		xpress_move(to, left, from, distance, len);
		return fits;
	}
	/* Overlapping: the bytes repeat. */
	while (len--)
		*to++ = *from++;
	return fits;
}

static bool xpress_match(struct xpress *x)
{
	uint32_t match = cursor__u16(&x->in);
	size_t distance = (match >> 3) + 1;
	uint64_t len = match & 7;

	if (len == 7)
		len = xpress_long_length(x);
	if (x->in.err || distance > x->len)
		return false;
	return xpress_copy(x, distance, len + XPRESS_MIN_MATCH);
}

/* All items of one word of flags. */
static bool xpress_items(struct xpress *x)
{
	uint32_t flags = cursor__u32(&x->in), literal_cnt;
	uint32_t left = XPRESS_FLAG_CNT;

	if (x->in.err)
		return false;
	while (left && x->len < x->cap) {
		literal_cnt = flags ? (uint32_t)__builtin_clz(flags) : left;
		if (literal_cnt > left)
			literal_cnt = left;
		if (literal_cnt) {
			if (!xpress_literals(x, literal_cnt))
				return false;
			left -= literal_cnt;
			flags = left ? flags << literal_cnt : 0;
			continue;
		}
		if (!xpress_match(x))
			return false;
		left--;
		flags <<= 1;
	}
	return true;
}

int xpress_unpack(const void *from, size_t len, void *to, size_t cap, size_t *ret_len)
{
	struct xpress x = {.in = cursor_over(from, len), .to = to, .cap = cap};
	bool good = true;

	while (good && x.len < x.cap)
		good = xpress_items(&x);
	*ret_len = x.len;
	return good ? 0 : -EBADMSG;
}
