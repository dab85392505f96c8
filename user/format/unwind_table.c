/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/unwind_table.h"

#include <errno.h>
#include <string.h>

#define ROW_BYTES sizeof(uint32_t)

/* Where the parts of a table lie: bytes from its beginning. */
struct unwind_layout {
	uint64_t first_page, page_cnt;
	uint64_t rule_off, row_off;
};

/* The rows of one page, and where they are put. */
struct unwind_page_rows {
	size_t first, cnt; /* in struct cfi_rows */
	uint16_t rule;	   /* in force where the page begins */
	uint64_t off;	   /* bytes from the table's beginning */
};

static uint64_t unwind_align(uint64_t v, uint64_t to)
{
	return (v + to - 1) / to * to;
}

static int unwind_layout_of(const struct cfi_rows *rows, struct unwind_layout *ret)
{
	struct unwind_layout l;

	if (!rows->cnt)
		return -ENODATA;
	l.first_page = rows->rows[0].off >> UNWIND_PAGE_SHIFT;
	l.page_cnt = (rows->rows[rows->cnt - 1].off >> UNWIND_PAGE_SHIFT) - l.first_page + 1;
	if (l.first_page > UINT32_MAX || l.page_cnt > (uint64_t)UNWIND_MAX_BLOCKS *
							      UNWIND_BLOCK_BYTES /
							      sizeof(struct unwind_page))
		return -E2BIG;
	l.rule_off =
		unwind_align(sizeof(struct unwind_header) + l.page_cnt * sizeof(struct unwind_page),
			     sizeof(struct unwind_rule));
	l.row_off = l.rule_off + rows->rule_cnt * sizeof(struct unwind_rule);
	*ret = l;
	return 0;
}

/*
 * The next page's rows, after those of the page before in @p (at first: zeros, and @p->off where
 * rows begin). A row at the page's first byte is the page's rule, and needs no place of its own.
 */
static void unwind_next_page(const struct cfi_rows *rows, uint64_t page, struct unwind_page_rows *p)
{
	uint64_t start = page << UNWIND_PAGE_SHIFT, end = start + UNWIND_PAGE_BYTES;
	size_t i = p->first + p->cnt;
	uint64_t left;

	p->off += p->cnt * ROW_BYTES;
	if (i)
		p->rule = rows->rows[i - 1].rule;
	if (i < rows->cnt && rows->rows[i].off == start)
		p->rule = rows->rows[i++].rule;
	p->first = i;
	while (i < rows->cnt && rows->rows[i].off < end)
		i++;
	p->cnt = i - p->first;
	left = UNWIND_BLOCK_BYTES - p->off % UNWIND_BLOCK_BYTES;
	if (p->cnt * ROW_BYTES > left)
		p->off += left;
}

int unwind_table__block_cnt(const struct cfi_rows *rows)
{
	struct unwind_page_rows p = {0};
	struct unwind_layout l;
	uint64_t blocks;
	int err;

	err = unwind_layout_of(rows, &l);
	if (err)
		return err;
	p.off = l.row_off;
	for (uint64_t i = 0; i < l.page_cnt; i++)
		unwind_next_page(rows, l.first_page + i, &p);
	blocks = unwind_align(p.off + p.cnt * ROW_BYTES, UNWIND_BLOCK_BYTES) / UNWIND_BLOCK_BYTES;
	return blocks > UNWIND_MAX_BLOCKS ? -E2BIG : (int)blocks;
}

/* Zeros where no page's rows are. */
static void unwind_pad(uint8_t *to, uint64_t from, uint64_t end)
{
	if (end > from)
		memset(to + from, 0, end - from);
}

static void unwind_write_rows(const struct cfi_rows *rows, const struct unwind_page_rows *p,
			      uint8_t *to)
{
	for (size_t i = 0; i < p->cnt; i++) {
		struct cfi_row r = rows->rows[p->first + i];
		uint32_t row = (uint32_t)(r.off % UNWIND_PAGE_BYTES) << 16 | r.rule;

		memcpy(to + p->off + i * ROW_BYTES, &row, sizeof(row));
	}
}

static void unwind_write_pages(const struct cfi_rows *rows, const struct unwind_layout *l,
			       uint64_t table_bytes, uint8_t *to)
{
	uint8_t *pages = to + sizeof(struct unwind_header);
	struct unwind_page_rows p = {.off = l->row_off};
	uint64_t written = l->row_off;

	for (uint64_t i = 0; i < l->page_cnt; i++) {
		struct unwind_page page;

		unwind_next_page(rows, l->first_page + i, &p);
		page = (struct unwind_page){
			.row = (uint32_t)(p.off / ROW_BYTES),
			.row_cnt = (uint16_t)p.cnt,
			.rule = p.rule,
		};
		memcpy(pages + i * sizeof(page), &page, sizeof(page));
		unwind_pad(to, written, p.off);
		unwind_write_rows(rows, &p, to);
		written = p.off + p.cnt * ROW_BYTES;
	}
	unwind_pad(to, written, table_bytes);
}

int unwind_table__build(const struct cfi_rows *rows, void *to, size_t bytes)
{
	int block_cnt = unwind_table__block_cnt(rows), err;
	struct unwind_header header;
	struct unwind_layout l;
	uint8_t *table = to;

	if (block_cnt < 0)
		return block_cnt;
	if ((size_t)block_cnt * UNWIND_BLOCK_BYTES > bytes)
		return -EINVAL;
	err = unwind_layout_of(rows, &l);
	if (err)
		return err;
	header = (struct unwind_header){
		.block_cnt = (uint32_t)block_cnt,
		.first_page = (uint32_t)l.first_page,
		.page_cnt = (uint32_t)l.page_cnt,
		.rule_off = (uint32_t)l.rule_off,
		.rule_cnt = (uint32_t)rows->rule_cnt,
		.row_cnt = (uint32_t)rows->cnt,
	};
	memcpy(table, &header, sizeof(header));
	unwind_pad(table, sizeof(struct unwind_header) + l.page_cnt * sizeof(struct unwind_page),
		   l.rule_off);
	memcpy(table + l.rule_off, rows->rules, rows->rule_cnt * sizeof(*rows->rules));
	unwind_write_pages(rows, &l, (uint64_t)block_cnt * UNWIND_BLOCK_BYTES, table);
	return 0;
}

/* Each access is checked by itself: numbers in the table may change between two looks. */
static bool unwind_peek(const void *table, size_t bytes, uint64_t off, void *ret, size_t len)
{
	if (off > bytes || len > bytes - off)
		return false;
	memcpy(ret, (const uint8_t *)table + off, len);
	return true;
}

/* The rule at @within of a page; its own rule before the first row. */
static bool unwind_find_in_page(const void *table, size_t bytes, const struct unwind_page *page,
				uint32_t within, uint16_t *ret_rule)
{
	uint32_t low = 0, high = page->row_cnt;
	uint16_t rule = page->rule;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2, row;

		if (!unwind_peek(table, bytes, ((uint64_t)page->row + mid) * ROW_BYTES, &row,
				 sizeof(row)))
			return false;
		if (UNWIND_ROW_OFF(row) <= within) {
			rule = (uint16_t)UNWIND_ROW_RULE(row);
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	*ret_rule = rule;
	return true;
}

bool unwind_table__find(const void *table, size_t bytes, uint64_t off, struct unwind_rule *ret)
{
	uint64_t page_idx = off >> UNWIND_PAGE_SHIFT;
	struct unwind_header h;
	struct unwind_page page;
	struct unwind_rule rule;
	uint16_t rule_idx;

	if (!unwind_peek(table, bytes, 0, &h, sizeof(h)))
		return false;
	page_idx -= h.first_page;
	if (page_idx >= h.page_cnt)
		return false;
	if (!unwind_peek(table, bytes, sizeof(h) + page_idx * sizeof(page), &page, sizeof(page)))
		return false;
	if (!unwind_find_in_page(table, bytes, &page, (uint32_t)(off % UNWIND_PAGE_BYTES),
				 &rule_idx))
		return false;
	if (rule_idx >= h.rule_cnt ||
	    !unwind_peek(table, bytes, h.rule_off + (uint64_t)rule_idx * sizeof(rule), &rule,
			 sizeof(rule)))
		return false;
	if (rule.cfa == UNWIND_CFA_NONE)
		return false;
	*ret = rule;
	return true;
}
