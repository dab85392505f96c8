/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/sanitise.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SANITISE_MAX_BYTES 4096
#define SANITISE_BAD	   "\xef\xbf\xbd" /* U+FFFD */

/* What a first byte says about its character: length, payload bits, the smallest that needs them. */
static size_t sanitise_lead(uint8_t c, uint32_t *ret_bits, uint32_t *ret_min)
{
	static const struct {
		uint8_t mask, value, len;
		uint32_t min;
	} leads[] = {
		{0x80, 0x00, 1, 0},
		{0xe0, 0xc0, 2, 0x80},
		{0xf0, 0xe0, 3, 0x800},
		{0xf8, 0xf0, 4, 0x10000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(leads); i++) {
		if ((c & leads[i].mask) == leads[i].value) {
			*ret_bits = c & (uint8_t)~leads[i].mask;
			*ret_min = leads[i].min;
			return leads[i].len;
		}
	}
	return 0;
}

/* Bytes of the valid UTF-8 character at @s and its code point; 0 when the byte begins none. */
static size_t sanitise_decode(const char *s, uint32_t *ret_char)
{
	uint32_t c = 0, min = 0;
	size_t len = sanitise_lead((uint8_t)s[0], &c, &min);

	for (size_t i = 1; i < len; i++) {
		if (((uint8_t)s[i] & 0xc0) != 0x80) /* the NUL at the end too */
			return 0;
		c = c << 6 | ((uint8_t)s[i] & 0x3f);
	}
	if (!len || c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_char = c;
	return len;
}

/* Control characters and what XML 1.0 has no way to write. */
static bool sanitise_forbidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xfffe || c == 0xffff;
}

/* Appends the character at @s, or its replacement, unless that would exceed @max bytes from @start. */
static size_t sanitise_char(const char *s, struct buf *to, size_t start, size_t max)
{
	const char *out = s;
	uint32_t c = 0;
	size_t len = sanitise_decode(s, &c), out_len = len;

	if (!len || sanitise_forbidden(c)) {
		out = SANITISE_BAD;
		out_len = strlen(SANITISE_BAD);
	}
	if (to->len - start + out_len > max || buf__append(to, out, out_len))
		return 0;
	return len ? len : 1;
}

int sanitise_text(const char *text, struct buf *to)
{
	size_t start = to->len, n;

	for (; *text; text += n) {
		n = sanitise_char(text, to, start, SANITISE_MAX_BYTES);
		if (!n)
			break;
	}
	return to->err;
}

/* Is the text up to @len a number after a space, as a count in a folded line is? Its start, else 0. */
static size_t sanitise_count_at(const char *s, size_t len)
{
	size_t i = len, frac;

	while (i > 0 && s[i - 1] >= '0' && s[i - 1] <= '9')
		i--;
	frac = i;
	if (i > 0 && s[i - 1] == '.') {
		i--;
		while (i > 0 && s[i - 1] >= '0' && s[i - 1] <= '9')
			i--;
		if (i == frac - 1) /* no digit before the point */
			return 0;
	}
	return i > 0 && i < len && s[i - 1] == ' ' ? i : 0;
}

/* The rules that need the whole name; it only gets shorter. */
static void sanitise_finish(struct buf *to, size_t start)
{
	char *s = to->data + start;
	size_t len = to->len - start, at;

	for (char *p = s; p < s + len; p++)
		if (*p == ';')
			*p = ':';
	while (len && s[len - 1] == ' ')
		len--;
	at = sanitise_count_at(s, len);
	if (at)
		s[at - 1] = '_';
	s[len] = '\0';
	to->len = start + len;
}

int sanitise_frame(const char *name, struct buf *to)
{
	size_t start = to->len;

	name += strspn(name, " ");
	if (sanitise_text(name, to))
		return to->err;
	if (to->len > start)
		sanitise_finish(to, start);
	return to->len > start ? 0 : buf__puts(to, "[unknown]");
}
