/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/utf16.h"

#include <stdint.h>

#include "base/cursor.h"

#define UTF16_REPLACEMENT 0xfffd

/* The next character, @unit being its first half; what can't be is U+FFFD. */
static uint32_t utf16_character(struct cursor *c, uint32_t unit)
{
	struct cursor ahead = *c;
	uint32_t low;

	if (unit < 0xd800 || unit > 0xdfff)
		return unit;
	low = cursor__u16(&ahead);
	if (unit >= 0xdc00 || ahead.err || low < 0xdc00 || low > 0xdfff)
		return UTF16_REPLACEMENT;
	*c = ahead;
	return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

static size_t utf8_encode(uint32_t v, char to[4])
{
	if (v < 0x80) {
		to[0] = (char)v;
		return 1;
	}
	if (v < 0x800) {
		to[0] = (char)(0xc0 | v >> 6);
		to[1] = (char)(0x80 | (v & 0x3f));
		return 2;
	}
	if (v < 0x10000) {
		to[0] = (char)(0xe0 | v >> 12);
		to[1] = (char)(0x80 | (v >> 6 & 0x3f));
		to[2] = (char)(0x80 | (v & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | v >> 18);
	to[1] = (char)(0x80 | (v >> 12 & 0x3f));
	to[2] = (char)(0x80 | (v >> 6 & 0x3f));
	to[3] = (char)(0x80 | (v & 0x3f));
	return 4;
}

size_t utf16_to_utf8(const void *from, size_t len, char *to, size_t cap)
{
	struct cursor c = cursor_over(from, len & ~(size_t)1);
	size_t used = 0, bytes;
	uint32_t unit;
	char text[4];

	while (cursor__left(&c)) {
		unit = cursor__u16(&c);
		if (!unit)
			break;
		bytes = utf8_encode(utf16_character(&c, unit), text);
		if (cap && bytes < cap - used) {
			memcpy(to + used, text, bytes);
			used += bytes;
		} else {
			cap = used + 1; /* nothing more, not even a shorter one */
		}
	}
	to[used] = '\0';
	return cursor__offset(&c);
}
