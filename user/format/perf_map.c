/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/perf_map.h"

#include <string.h>

/* What is left of a line. */
struct perf_map_line {
	const char *pos, *end;
};

static int perf_map_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void perf_map_blanks(struct perf_map_line *l)
{
	while (l->pos < l->end && (*l->pos == ' ' || *l->pos == '\t'))
		l->pos++;
}

/* A hex number and the blanks behind it. False: there is none, or none of 64 bits. */
static bool perf_map_number(struct perf_map_line *l, uint64_t *ret)
{
	const char *digits;
	uint64_t v = 0;

	if (l->end - l->pos > 2 && l->pos[0] == '0' && (l->pos[1] | 0x20) == 'x')
		l->pos += 2;
	for (digits = l->pos; l->pos < l->end; l->pos++) {
		int d = perf_map_digit(*l->pos);

		if (d < 0)
			break;
		if (v >> 60)
			return false;
		v = v << 4 | (unsigned int)d;
	}
	if (l->pos == digits || l->pos == l->end || (*l->pos != ' ' && *l->pos != '\t'))
		return false;
	perf_map_blanks(l);
	*ret = v;
	return true;
}

static int perf_map_line(struct perf_map_line l, perf_map_fn fn, void *arg)
{
	uint64_t start, size;

	perf_map_blanks(&l);
	if (!perf_map_number(&l, &start) || !perf_map_number(&l, &size))
		return 0;
	while (l.end > l.pos && (l.end[-1] == '\r' || l.end[-1] == ' '))
		l.end--;
	if (!size || l.pos == l.end || memchr(l.pos, 0, (size_t)(l.end - l.pos)))
		return 0;
	return fn(arg, start, size, l.pos, (size_t)(l.end - l.pos));
}

int perf_map_parse(const char *text, size_t len, perf_map_fn fn, void *arg, size_t *ret_used)
{
	const char *pos = text, *end = text + len, *nl;
	int ret = 0;

	while (!ret && pos < end) {
		nl = memchr(pos, '\n', (size_t)(end - pos));
		if (!nl)
			break;
		if (nl - pos <= PERF_MAP_MAX_LINE_BYTES)
			ret = perf_map_line((struct perf_map_line){pos, nl}, fn, arg);
		pos = nl + 1;
	}
	*ret_used = (size_t)(pos - text);
	return ret;
}
