/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

struct char_range {
	uint32_t first, last;
};

static bool in_ranges(const struct char_range *r, size_t cnt, uint32_t c)
{
	for (size_t i = 0; i < cnt; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}

uint32_t text_char(const char *s, size_t *ret_len)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s;
	size_t len = p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf8 ? 4 : 0;
	uint32_t c;

	*ret_len = 1;
	if (p[0] < 0x80)
		return p[0];
	if (!len)
		return TEXT_REPLACEMENT;
	c = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return TEXT_REPLACEMENT;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return TEXT_REPLACEMENT;
	*ret_len = len;
	return c;
}

/*
 * Controls (C1 too: a terminal may take U+009B for an escape sequence), characters that reverse the
 * direction of the text around them, and what is no character in XML.
 */
uint32_t text_safe_char(const char *s, size_t *ret_len)
{
	static const struct char_range unsafe[] = {
		{0x00, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfffe, 0xffff}};
	uint32_t c = text_char(s, ret_len);

	return in_ranges(unsafe, ARRAY_SIZE(unsafe), c) ? TEXT_REPLACEMENT : c;
}

size_t text_encode(uint32_t c, char *ret_bytes)
{
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (len == 1) {
		ret_bytes[0] = (char)c;
		return 1;
	}
	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		ret_bytes[i] = (char)(0x80 | (c & 0x3f));
	ret_bytes[0] = (char)((0xf00u >> len & 0xff) | c);
	return len;
}

unsigned int text_char_width(uint32_t c)
{
	static const struct char_range none[] = {
		{0x300, 0x36f},	  {0x483, 0x489},   {0x591, 0x5bd},
		{0x610, 0x61a},	  {0x64b, 0x65f},   {0x200b, 0x200f},
		{0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
	static const struct char_range wide[] = {
		{0x1100, 0x115f},   {0x231a, 0x231b},	{0x2329, 0x232a},   {0x23e9, 0x23ec},
		{0x23f0, 0x23f0},   {0x23f3, 0x23f3},	{0x25fd, 0x25fe},   {0x2614, 0x2615},
		{0x2648, 0x2653},   {0x267f, 0x267f},	{0x2693, 0x2693},   {0x26a1, 0x26a1},
		{0x26aa, 0x26ab},   {0x26bd, 0x26be},	{0x26c4, 0x26c5},   {0x26ce, 0x26ce},
		{0x26d4, 0x26d4},   {0x26ea, 0x26ea},	{0x26f2, 0x26f3},   {0x26f5, 0x26f5},
		{0x26fa, 0x26fa},   {0x26fd, 0x26fd},	{0x2705, 0x2705},   {0x270a, 0x270b},
		{0x2728, 0x2728},   {0x274c, 0x274c},	{0x274e, 0x274e},   {0x2753, 0x2755},
		{0x2757, 0x2757},   {0x2795, 0x2797},	{0x27b0, 0x27b0},   {0x27bf, 0x27bf},
		{0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},	{0x2b55, 0x2b55},   {0x2e80, 0x303e},
		{0x3041, 0xa4cf},   {0xa960, 0xa97c},	{0xac00, 0xd7a3},   {0xf900, 0xfaff},
		{0xfe10, 0xfe19},   {0xfe30, 0xfe6f},	{0xff00, 0xff60},   {0xffe0, 0xffe6},
		{0x16fe0, 0x16fe3}, {0x16ff0, 0x16ff1}, {0x17000, 0x187f7}, {0x18800, 0x18cd5},
		{0x18d00, 0x18d08}, {0x1aff0, 0x1aff3}, {0x1aff5, 0x1affb}, {0x1affd, 0x1affe},
		{0x1b000, 0x1b122}, {0x1b150, 0x1b152}, {0x1b164, 0x1b167}, {0x1b170, 0x1b2fb},
		{0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a},
		{0x1f200, 0x1f202}, {0x1f210, 0x1f23b}, {0x1f240, 0x1f248}, {0x1f250, 0x1f251},
		{0x1f260, 0x1f265}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};

	if (c < 0x300)
		return 1;
	if (in_ranges(none, ARRAY_SIZE(none), c))
		return 0;
	return in_ranges(wide, ARRAY_SIZE(wide), c) ? 2 : 1;
}

size_t text_width(const char *s)
{
	size_t cols = 0, len;

	for (; *s; s += len)
		cols += text_char_width(text_safe_char(s, &len));
	return cols;
}

size_t text_fit(struct buf *to, const char *s, size_t max_cols)
{
	bool cut = text_width(s) > max_cols;
	size_t room = cut && max_cols ? max_cols - 1 : max_cols, cols = 0, len;
	char bytes[4];

	for (; *s; s += len) {
		uint32_t c = text_safe_char(s, &len);
		size_t width = text_char_width(c);

		if (cols + width > room)
			break;
		buf__append(to, bytes, text_encode(c, bytes));
		cols += width;
	}
	if (cut && max_cols) {
		buf__puts(to, "…");
		cols++;
	}
	return cols;
}

const char *text_ns(char *ret, uint64_t ns)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = {{1000, "us"}, {1000000, "ms"}, {1000000000, "s"}};
	char number[16];

	if (ns < 1000) {
		snprintf(ret, TEXT_NS_LEN, "%" PRIu64 " ns", ns);
		return ret;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint64_t div = 1000;

		for (int digits = 3; digits > 0; digits--, div /= 10) {
			uint64_t step = units[i].ns / div;
			uint64_t v = ns / step + (ns % step * 2 >= step);

			if (v >= 10000)
				continue;
			/* 10203 in units of 1/1000 is "10203" with a point in front of 3 digits. */
			snprintf(number, sizeof(number), "%0*u", digits + 1, (unsigned int)v);
			snprintf(ret, TEXT_NS_LEN, "%.*s.%s %s", (int)strlen(number) - digits,
				 number, number + strlen(number) - digits, units[i].name);
			return ret;
		}
	}
	text_cnt(ret, ns / 1000000000 + (ns % 1000000000 >= 500000000));
	strcat(ret, " s");
	return ret;
}

const char *text_cnt(char *ret, uint64_t v)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, v), at = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			ret[at++] = ',';
		ret[at++] = digits[i];
	}
	ret[at] = '\0';
	return ret;
}

const char *text_pct(char *ret, uint64_t part, uint64_t whole)
{
	uint64_t permille = text_scale(part, 2000, whole);

	permille = (permille + 1) / 2;
	snprintf(ret, TEXT_PCT_LEN, "%" PRIu64 ".%u", permille / 10, (unsigned int)(permille % 10));
	return ret;
}

uint64_t text_scale(uint64_t v, uint64_t num, uint64_t den)
{
	return den ? (uint64_t)((unsigned __int128)v * num / den) : 0;
}
