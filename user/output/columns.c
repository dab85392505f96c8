/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/columns.h"

#include <string.h>

#include "output/text.h"

#define COLUMNS_MAX_BYTES 65536

void columns_color(struct out *out, bool wanted, const char *color)
{
	if (wanted)
		out__puts(out, color);
}

void columns_text(struct out *out, const char *s, size_t min, size_t max)
{
	_cleanup_buf_ struct buf text;
	size_t cols;

	buf__init(&text, COLUMNS_MAX_BYTES);
	cols = text_fit(&text, s, max);
	out__puts(out, buf__str(&text));
	for (; cols < min; cols++)
		out__putc(out, ' ');
}

void columns_right(struct out *out, const char *s, size_t cols)
{
	for (size_t len = strlen(s); len < cols; len++)
		out__putc(out, ' ');
	out__puts(out, s);
}

void columns_cnt(struct out *out, uint64_t cnt, size_t cols)
{
	char text[TEXT_CNT_LEN];

	columns_right(out, text_cnt(text, cnt), cols);
}

void columns_ns(struct out *out, uint64_t ns, size_t cols)
{
	char text[TEXT_NS_LEN];

	columns_right(out, text_ns(text, ns), cols);
}

const char *columns_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
