/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/top_group.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static uint64_t stack_hash(const struct top_group *g, const struct top_row *row)
{
	uint64_t h = hash_mix(row->process, row->reason);
	uint32_t at = row->cnt;

	while ((at = top_row__next_frame(g->rows, row, g->hide_kernel, at)) != UINT32_MAX)
		h = hash_mix(h, g->rows->frames[row->first + at]);
	return h;
}

static bool stack_eq(const struct top_group *g, const struct top_row *a, const struct top_row *b)
{
	uint32_t i = a->cnt, j = b->cnt;

	if (a->process != b->process || a->reason != b->reason)
		return false;
	do {
		i = top_row__next_frame(g->rows, a, g->hide_kernel, i);
		j = top_row__next_frame(g->rows, b, g->hide_kernel, j);
		if (i == UINT32_MAX || j == UINT32_MAX)
			return i == j;
	} while (g->rows->frames[a->first + i] == g->rows->frames[b->first + j]);
	return false;
}

static uint64_t group_hash(const struct top_group *g, const struct top_row *row)
{
	switch (g->by) {
	case TOP_BY_THREAD:
		return hash_mix(row->comm, (uint64_t)row->tid << 32 | row->pid);
	case TOP_BY_PROCESS:
		return hash_mix(row->process, row->pid);
	case TOP_BY_REASON:
		return hash_mix(1, row->reason);
	case TOP_BY_LOCK:
		return hash_mix(row->lock_owner, row->lock);
	case TOP_BY_SYSCALL:
		return hash_mix(2, row->syscall);
	default:
		return stack_hash(g, row);
	}
}

static bool group_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct top_group *g = owner;
	const struct top_row *a = &g->rows->rows[g->items[pos].row], *b = key;

	switch (g->by) {
	case TOP_BY_THREAD:
		return a->comm == b->comm && a->tid == b->tid && a->pid == b->pid;
	case TOP_BY_PROCESS:
		return a->process == b->process && a->pid == b->pid;
	case TOP_BY_REASON:
		return a->reason == b->reason;
	case TOP_BY_LOCK:
		return a->lock_owner == b->lock_owner && a->lock == b->lock;
	case TOP_BY_SYSCALL:
		return a->syscall == b->syscall;
	default:
		return stack_eq(g, a, b);
	}
}

/* String ids are not the same in the next interval: what an item is known by over time is text. */
static uint64_t text_key(const struct top_rows *rows, uint32_t id)
{
	const char *s = top_rows__str(rows, id);

	return hash_bytes(s, strlen(s));
}

static uint64_t item_key(const struct top_group *g, const struct top_row *row)
{
	uint64_t h = (uint64_t)g->by;
	uint32_t at = row->cnt;

	switch (g->by) {
	case TOP_BY_THREAD:
		h = hash_mix(h, row->tid);
		return hash_mix(h, text_key(g->rows, row->comm));
	case TOP_BY_PROCESS:
		h = hash_mix(h, row->pid);
		return hash_mix(h, text_key(g->rows, row->process));
	case TOP_BY_REASON:
		return hash_mix(h, row->reason);
	case TOP_BY_LOCK:
		h = hash_mix(h, text_key(g->rows, row->lock_owner));
		return hash_mix(h, text_key(g->rows, row->lock));
	case TOP_BY_SYSCALL:
		return hash_mix(h, row->syscall);
	default:
		break;
	}
	h = hash_mix(hash_mix(h, row->reason), text_key(g->rows, row->process));
	while ((at = top_row__next_frame(g->rows, row, g->hide_kernel, at)) != UINT32_MAX)
		h = hash_mix(h,
			     text_key(g->rows, top_frame_name(g->rows->frames[row->first + at])));
	return h;
}

static int group_new(struct top_group *g, uint32_t pos, uint64_t hash)
{
	int err = array__grow((void **)&g->items, &g->cap, g->cnt + 1, sizeof(*g->items),
			      TOP_ROWS_MAX + REASON_CNT);

	if (!err)
		err = hash_index__add(&g->index, hash, (uint32_t)g->cnt);
	if (!err)
		g->items[g->cnt++] = (struct top_item){.row = pos, .first = TOP_NO_ROW};
	return err;
}

int top_group__add(struct top_group *g, uint32_t pos)
{
	const struct top_row *row = &g->rows->rows[pos];
	uint64_t hash = group_hash(g, row);
	uint32_t at = hash_index__find(&g->index, hash, group_eq, g, row);
	struct top_item *item;
	int err = 0;

	if (at == HASH_INDEX_NONE) {
		err = group_new(g, pos, hash);
		at = (uint32_t)g->cnt - 1;
	}
	if (err)
		return err;
	item = &g->items[at];
	g->next[pos] = item->first;
	item->first = pos;
	item->row_cnt++;
	item->reasons |= 1u << row->reason;
	item->cnt += top_row__cnt(row);
	item->ns += row->ns;
	if (item->max_ns < row->max_ns)
		item->max_ns = row->max_ns;
	if (item->row_ns < row->ns) {
		item->row_ns = row->ns;
		item->row = pos;
	}
	return 0;
}

static uint64_t item_average(const struct top_item *item)
{
	return item->cnt ? item->ns / item->cnt : 0;
}

static int compare_items(const void *left, const void *right, void *arg)
{
	const struct top_item *a = left, *b = right;
	uint64_t x = a->ns, y = b->ns;

	switch (*(const enum top_sort *)arg) {
	case TOP_SORT_COUNT:
		x = a->cnt;
		y = b->cnt;
		break;
	case TOP_SORT_AVERAGE:
		x = item_average(a);
		y = item_average(b);
		break;
	case TOP_SORT_MAX:
		x = a->max_ns;
		y = b->max_ns;
		break;
	default:
		break;
	}
	if (x != y)
		return x < y ? 1 : -1;
	if (a->ns != b->ns)
		return a->ns < b->ns ? 1 : -1;
	return a->key < b->key ? -1 : a->key > b->key;
}

void top_group__finish(struct top_group *g, enum top_sort sort)
{
	for (size_t i = 0; i < g->cnt; i++)
		g->items[i].key = item_key(g, &g->rows->rows[g->items[i].row]);
	if (g->cnt)
		qsort_r(g->items, g->cnt, sizeof(*g->items), compare_items, &sort);
}
