/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/top_view.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "output/syscall_text.h"
#include "output/top_group.h"

#define TOP_MAX_STACKS 5 /* of an item that is opened up */
#define TOP_MAX_LINES  (1u << 20)

static const char *const top_by_names[] = {
	[TOP_BY_STACK] = "stacks",   [TOP_BY_THREAD] = "threads", [TOP_BY_PROCESS] = "processes",
	[TOP_BY_REASON] = "reasons", [TOP_BY_LOCK] = "locks",	  [TOP_BY_SYSCALL] = "syscalls",
};
static const char *const top_sort_names[] = {
	[TOP_SORT_TIME] = "total",
	[TOP_SORT_COUNT] = "count",
	[TOP_SORT_AVERAGE] = "average",
	[TOP_SORT_MAX] = "max",
};

const char *top_by_name(enum top_by by)
{
	return by < TOP_BY_CNT ? top_by_names[by] : NULL;
}

const char *top_sort_name(enum top_sort sort)
{
	return sort < TOP_SORT_CNT ? top_sort_names[sort] : NULL;
}

uint32_t top_row__next_frame(const struct top_rows *rows, const struct top_row *row,
			     bool hide_kernel, uint32_t at)
{
	while (at > 0) {
		enum frame_kind kind = top_frame_kind(rows->frames[row->first + --at]);

		if (kind != FRAME_KIND_DELIMITER && !(hide_kernel && kind == FRAME_KIND_KERNEL))
			return at;
	}
	return UINT32_MAX;
}

/* ---- searching ---- */

static bool text_has(const char *text, const char *part)
{
	size_t len = strlen(part);

	for (; *text; text++) {
		size_t i = 0;

		while (i < len &&
		       tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
			i++;
		if (i == len)
			return true;
	}
	return !len;
}

/* Which strings have the filter in them. NULL: no memory. */
static bool *search_strings(const struct top_rows *rows, const char *filter)
{
	bool *found = calloc(rows->strings.cnt + 1, sizeof(*found));

	for (uint32_t i = 0; found && i < rows->strings.cnt; i++)
		found[i] = text_has(top_rows__str(rows, i), filter);
	return found;
}

static bool row_found(const struct top_rows *rows, const struct top_row *row, const bool *found,
		      const char *filter)
{
	char number[16], syscall[SYSCALL_TEXT_LEN];

	if (found[row->comm] || found[row->process] || found[row->lock_owner] || found[row->lock] ||
	    text_has(reason_name((enum reason)row->reason), filter) ||
	    text_has(syscall_text(row->syscall, syscall), filter))
		return true;
	snprintf(number, sizeof(number), "%u", row->tid);
	if (!strcmp(number, filter))
		return true;
	snprintf(number, sizeof(number), "%u", row->pid);
	if (!strcmp(number, filter))
		return true;
	for (uint32_t i = 0; i < row->cnt; i++)
		if (found[top_frame_name(rows->frames[row->first + i])])
			return true;
	return false;
}

/* ---- lines ---- */

static bool is_open(const struct top_state *state, uint64_t key)
{
	for (size_t i = 0; i < state->open_cnt; i++)
		if (state->open[i] == key)
			return true;
	return false;
}

static int add_line(struct top_view *v, const struct top_line *line)
{
	int err = array__grow((void **)&v->lines, &v->line_cap, v->line_cnt + 1, sizeof(*v->lines),
			      TOP_MAX_LINES);

	if (err)
		return err == -E2BIG ? 0 : err;
	v->lines[v->line_cnt++] = *line;
	return 0;
}

static int add_frames(struct top_view *v, const struct top_state *state, uint32_t item,
		      uint32_t pos)
{
	const struct top_row *row = &v->rows->rows[pos];
	struct top_line line = {.kind = TOP_LINE_FRAME, .item = item, .row = pos};
	uint32_t at = top_row__next_frame(v->rows, row, state->hide_kernel, row->cnt);
	int err = 0;

	if (at == UINT32_MAX) {
		line.kind = TOP_LINE_NOTE;
		return add_line(v, &line);
	}
	for (; !err && at != UINT32_MAX;
	     at = top_row__next_frame(v->rows, row, state->hide_kernel, at)) {
		line.frame = at;
		err = add_line(v, &line);
	}
	return err;
}

/* The stacks of an item, most time first. */
static int add_stacks(struct top_view *v, const struct top_state *state, uint32_t item)
{
	struct top_group g = {
		.rows = v->rows, .by = TOP_BY_STACK, .hide_kernel = state->hide_kernel};
	struct top_line line = {.kind = TOP_LINE_STACK, .item = item};
	int err = 0;

	g.next = malloc((v->rows->cnt + 1) * sizeof(*g.next));
	if (!g.next)
		return -ENOMEM;
	hash_index__init(&g.index);
	for (uint32_t at = v->items[item].first; !err && at != TOP_NO_ROW; at = v->next[at])
		err = top_group__add(&g, at);
	top_group__finish(&g, TOP_SORT_TIME);
	for (size_t i = 0; !err && i < g.cnt && i < TOP_MAX_STACKS; i++) {
		line.row = g.items[i].row;
		line.ns = g.items[i].ns;
		err = add_line(v, &line);
		if (!err)
			err = add_frames(v, state, item, line.row);
	}
	if (!err && g.cnt > TOP_MAX_STACKS) {
		line.kind = TOP_LINE_NOTE;
		line.frame = (uint32_t)(g.cnt - TOP_MAX_STACKS);
		err = add_line(v, &line);
	}
	hash_index__fini(&g.index);
	free(g.items);
	free(g.next);
	return err;
}

/* Who waits there, then the frames. */
static int add_stack(struct top_view *v, const struct top_state *state, uint32_t item)
{
	const struct top_line line = {.kind = TOP_LINE_THREADS, .item = item};
	int err = add_line(v, &line);

	return err ? err : add_frames(v, state, item, v->items[item].row);
}

static int make_lines(struct top_view *v, const struct top_state *state)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < v->item_cnt; i++) {
		const struct top_line line = {.kind = TOP_LINE_ITEM, .item = i};

		err = add_line(v, &line);
		if (err || !is_open(state, v->items[i].key))
			continue;
		err = state->by == TOP_BY_STACK ? add_stack(v, state, i) : add_stacks(v, state, i);
	}
	return err;
}

/* ---- the view ---- */

/* Is the row in the view at all? Counts why not. */
static bool view_takes(struct top_view *v, const struct top_row *row, const struct top_state *state)
{
	if (state->hide_idle && REASON_IDLE_MASK & 1u << row->reason) {
		v->idle_ns += row->ns;
		return false;
	}
	v->ns += row->ns;
	v->cnt += top_row__cnt(row);
	if (v->process && v->process != row->process)
		v->several = true;
	v->process = row->process;
	if ((state->by == TOP_BY_LOCK && !row->lock) ||
	    (state->by == TOP_BY_SYSCALL && !row->syscall)) {
		v->other_view_ns += row->ns;
		return false;
	}
	return true;
}

static int make_items(struct top_view *v, const struct top_state *state)
{
	struct top_group g = {.rows = v->rows, .by = state->by, .hide_kernel = state->hide_kernel};
	_cleanup_free_ bool *found = NULL;
	int err = 0;

	v->next = malloc((v->rows->cnt + 1) * sizeof(*v->next));
	if (*state->filter)
		found = search_strings(v->rows, state->filter);
	if (!v->next || (*state->filter && !found))
		return -ENOMEM;
	g.next = v->next;
	hash_index__init(&g.index);
	for (uint32_t i = 0; !err && i < v->rows->cnt; i++) {
		const struct top_row *row = &v->rows->rows[i];

		/* What was told as open at an end may have no length yet. */
		if ((!row->ns && !top_row__cnt(row)) || !view_takes(v, row, state))
			continue;
		if (!found || row_found(v->rows, row, found, state->filter))
			err = top_group__add(&g, i);
	}
	top_group__finish(&g, state->sort);
	hash_index__fini(&g.index);
	v->items = g.items;
	v->item_cnt = g.cnt;
	return err;
}

int top_view__make(struct top_view *v, const struct top_rows *rows, const struct top_state *state)
{
	int err;

	top_view__fini(v);
	v->rows = rows;
	err = make_items(v, state);
	return err ? err : make_lines(v, state);
}

void top_view__fini(struct top_view *v)
{
	free(v->items);
	free(v->lines);
	free(v->next);
	*v = (struct top_view){0};
}
