/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/histogram.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTOGRAM_BAR_COLS 40
#define HISTOGRAM_EDGE_LEN 8

void histogram__init(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
}

void histogram__fini(struct histogram *h)
{
	for (size_t i = 0; i < HISTOGRAM_ROWS; i++)
		free(h->rows[i]);
	histogram__init(h);
}

int histogram__add(struct histogram *h, uint32_t bucket, uint64_t n)
{
	uint64_t **row;

	if (bucket >= HISTOGRAM_BUCKETS)
		return -EINVAL;
	if (!n)
		return 0;
	row = &h->rows[bucket / HISTOGRAM_SUBS];
	if (!*row)
		*row = calloc(HISTOGRAM_SUBS, sizeof(**row));
	if (!*row)
		return -ENOMEM;
	(*row)[bucket % HISTOGRAM_SUBS] += n;
	h->cnt += n;
	histogram__raise_max(h, histogram_lower(bucket));
	return 0;
}

int histogram__record(struct histogram *h, uint64_t value)
{
	int err = histogram__add(h, histogram_bucket(value), 1);

	if (!err)
		histogram__raise_max(h, value);
	return err;
}

int histogram__merge(struct histogram *h, const struct histogram *from)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < HISTOGRAM_BUCKETS; i++)
		err = histogram__add(h, i, histogram__count(from, i));
	if (!err)
		histogram__raise_max(h, from->max);
	return err;
}

void histogram__raise_max(struct histogram *h, uint64_t value)
{
	if (value > h->max)
		h->max = value;
}

uint64_t histogram__count(const struct histogram *h, uint32_t bucket)
{
	const uint64_t *row = h->rows[bucket / HISTOGRAM_SUBS];

	return row ? row[bucket % HISTOGRAM_SUBS] : 0;
}

uint64_t histogram__quantile(const struct histogram *h, uint32_t permille)
{
	uint64_t rank = (uint64_t)(((unsigned __int128)h->cnt * permille + 999) / 1000);
	uint64_t seen = 0, middle;

	if (!h->cnt)
		return 0;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram__count(h, i);
		if (!seen || seen < rank)
			continue;
		middle = histogram_lower(i) + histogram_width(i) / 2;
		return middle < h->max ? middle : h->max;
	}
	return h->max;
}

/* ---- drawing ---- */

/* The line of a bucket: 0 holds 0, n holds [2^(n-1), 2^n). */
static uint32_t histogram_line(uint32_t bucket)
{
	uint64_t lower = histogram_lower(bucket);

	return lower ? histogram_log2(lower) + 1 : 0;
}

/* "512", "64K": 2^@log2. */
static void histogram_edge(char text[HISTOGRAM_EDGE_LEN], uint32_t log2)
{
	static const char units[] = "\0KMGTPE";

	snprintf(text, HISTOGRAM_EDGE_LEN, "%u%.1s", 1u << log2 % 10, &units[log2 / 10]);
}

static void histogram_draw_line(uint32_t line, uint64_t cnt, uint64_t most, const char *indent,
				struct buf *to)
{
	static const char bar[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";
	int cols = (int)((unsigned __int128)cnt * HISTOGRAM_BAR_COLS / most);
	char from[HISTOGRAM_EDGE_LEN] = "0", end[HISTOGRAM_EDGE_LEN],
	     range[2 * HISTOGRAM_EDGE_LEN + 4];

	if (line)
		histogram_edge(from, line - 1);
	histogram_edge(end, line);
	snprintf(range, sizeof(range), "[%s, %s)", from, end);
	buf__printf(to, "%s%-14s %12llu |%-*.*s|\n", indent, range, (unsigned long long)cnt,
		    HISTOGRAM_BAR_COLS, cols, bar);
}

void histogram__draw(const struct histogram *h, const char *indent, struct buf *to)
{
	uint64_t lines[65] = {0}, most = 0;
	uint32_t first = 65, last = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t n = histogram__count(h, i);
		uint32_t line = histogram_line(i);

		if (!n)
			continue;
		lines[line] += n;
		if (lines[line] > most)
			most = lines[line];
		if (line < first)
			first = line;
		last = line;
	}
	for (uint32_t line = first; line <= last; line++)
		histogram_draw_line(line, lines[line], most, indent, to);
}
