/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/top_lines.h"
#include "output/syscall_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/compiler.h"
#include "output/text.h"
#include "output/top_screen.h"

#define TOP_MAX_WHAT	16384 /* bytes of a line's last column */
#define TOP_CALLED_FROM " <- "
#define TOP_MAX_HOURS	((uint64_t)999999) /* what there is room for */

/* ---- numbers ---- */

const char *top_ns(char *ret, uint64_t ns)
{
	static const struct {
		uint64_t ns;
		char name[3];
	} units[] = {{1000, "us"}, {1000000, "ms"}, {1000000000, "s"}};

	if (ns < 1000) {
		snprintf(ret, TOP_NS_LEN, "%" PRIu64 "ns", ns);
		return ret;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint64_t div = 100;

		for (int digits = 2; digits >= 0; digits--, div /= 10) {
			uint64_t step = units[i].ns / div;
			uint64_t v = ns / step + (ns % step * 2 >= step);
			unsigned int n = (unsigned int)v;

			if (v >= 1000)
				continue;
			if (digits == 2)
				snprintf(ret, TOP_NS_LEN, "%u.%02u%s", n / 100, n % 100,
					 units[i].name);
			else if (digits == 1)
				snprintf(ret, TOP_NS_LEN, "%u.%u%s", n / 10, n % 10, units[i].name);
			else
				snprintf(ret, TOP_NS_LEN, "%u%s", n, units[i].name);
			return ret;
		}
	}
	ns /= 1000000000;
	if (ns < 100000)
		snprintf(ret, TOP_NS_LEN, "%" PRIu64 "s", ns);
	else
		snprintf(ret, TOP_NS_LEN, "%" PRIu64 "h",
			 ns < TOP_MAX_HOURS * 3600 ? ns / 3600 : TOP_MAX_HOURS);
	return ret;
}

static const char *top_cnt(char *ret, uint64_t v)
{
	if (v < 1000000)
		snprintf(ret, TOP_NS_LEN, "%" PRIu64, v);
	else if (v < 1000000000)
		snprintf(ret, TOP_NS_LEN, "%" PRIu64 ".%" PRIu64 "M", v / 1000000, v / 100000 % 10);
	else
		snprintf(ret, TOP_NS_LEN, "%" PRIu64 "G", v / 1000000000 % 1000000);
	return ret;
}

uint64_t top_per_second(uint64_t ns, uint64_t window_ns)
{
	return text_scale(ns, 1000000000, window_ns);
}

/* ---- columns ---- */

struct top_columns top_columns_of(const struct screen *s, const struct top_view *v,
				  const struct top_state *state)
{
	return (struct top_columns){
		.reason = s->cols >= 36 && state->by != TOP_BY_REASON,
		.pct = s->cols >= 44,
		.max = s->cols >= 52,
		.cnt = s->cols >= 60,
		.average = s->cols >= 68,
		.process = state->by == TOP_BY_STACK && s->cols >= 64 &&
			   (v->several || s->cols >= 120),
	};
}

void top_draw_head(struct screen *s, int row, const struct top_columns *c,
		   const struct top_state *state)
{
	static const char *const what[] = {"WHERE",  "THREAD", "PROCESS",
					   "REASON", "LOCK",   "SYSCALL"};

	screen__line(s, row, SCREEN_DIM);
	screen__field(s, SCREEN_DIM, "TIME/s", 7, true);
	if (c->pct)
		screen__field(s, SCREEN_DIM, "%", 6, true);
	if (c->cnt)
		screen__field(s, SCREEN_DIM, "COUNT", 8, true);
	if (c->average)
		screen__field(s, SCREEN_DIM, "AVG", 8, true);
	if (c->max)
		screen__field(s, SCREEN_DIM, "MAX", 8, true);
	if (c->reason)
		screen__field(s, SCREEN_DIM, "  REASON", 14, false);
	if (c->process)
		screen__field(s, SCREEN_DIM, "  PROCESS", 16, false);
	screen__put(s, SCREEN_DIM, "  ", -1);
	screen__put(s, SCREEN_DIM, what[state->by], -1);
}

/* ---- the lines of the table ---- */

/* A stack in one line: of the kernel's frames only where it waits, so that the program's own are to be seen. */
static void what_stack(const struct top_rows *rows, const struct top_row *row, bool hide_kernel,
		       struct buf *to)
{
	const char *sep = "";
	uint32_t at = row->cnt;

	while ((at = top_row__next_frame(rows, row, hide_kernel, at)) != UINT32_MAX) {
		uint32_t frame = rows->frames[row->first + at];

		if (*sep && top_frame_kind(frame) == FRAME_KIND_KERNEL)
			continue;
		buf__printf(to, "%s%s", sep, top_rows__str(rows, top_frame_name(frame)));
		sep = TOP_CALLED_FROM;
	}
	if (!*sep)
		buf__puts(to, "(no stack)");
}

/* What an item is, up to where its stack follows. */
static void what_name(const struct top_rows *rows, const struct top_row *row, enum top_by by,
		      struct buf *to)
{
	char syscall[SYSCALL_TEXT_LEN];

	switch (by) {
	case TOP_BY_THREAD:
		buf__puts(to, top_rows__str(rows, row->comm));
		if (row->tid)
			buf__printf(to, "/%u", row->tid);
		break;
	case TOP_BY_PROCESS:
		buf__puts(to, top_rows__str(rows, row->process));
		if (row->pid)
			buf__printf(to, " (%u)", row->pid);
		break;
	case TOP_BY_REASON:
		buf__printf(to, "%s: %s", reason_name((enum reason)row->reason),
			    reason_help((enum reason)row->reason));
		break;
	case TOP_BY_LOCK:
		buf__printf(to, "%s, %s", top_rows__str(rows, row->lock_owner),
			    top_rows__str(rows, row->lock));
		break;
	case TOP_BY_SYSCALL:
		buf__puts(to, syscall_text(row->syscall, syscall));
		break;
	default:
		break;
	}
}

static void put_what(struct screen *s, enum screen_style style, const struct top_view *v,
		     const struct top_row *row, const struct top_state *state)
{
	_cleanup_buf_ struct buf text;

	buf__init(&text, TOP_MAX_WHAT);
	what_name(v->rows, row, state->by, &text);
	screen__put(s, style, buf__str(&text), -1);
	buf__reset(&text);
	if (state->by == TOP_BY_REASON)
		return;
	if (state->by != TOP_BY_STACK)
		screen__put(s, style, "  ", -1);
	/* A stack that is longer than the buffer is longer than the line. */
	what_stack(v->rows, row, state->hide_kernel, &text);
	screen__put(s, style == SCREEN_REVERSE || state->by == TOP_BY_STACK ? style : SCREEN_DIM,
		    buf__str(&text), -1);
}

/* The reason with most time; there may be others. */
static void put_reason(struct screen *s, enum screen_style style, const struct top_item *item,
		       const struct top_row *row)
{
	bool several = item->reasons & (item->reasons - 1);
	char text[32];

	snprintf(text, sizeof(text), "  %s%s", reason_name((enum reason)row->reason),
		 several ? "+" : "");
	screen__field(s, style, text, 14, false);
}

static void draw_item(struct screen *s, const struct top_columns *c, const struct top_view *v,
		      const struct top_item *item, const struct top_state *state, bool selected)
{
	const struct top_row *row = &v->rows->rows[item->row];
	enum screen_style style = selected ? SCREEN_REVERSE : SCREEN_PLAIN;
	enum screen_style strong = selected ? SCREEN_REVERSE : SCREEN_BOLD;
	char text[TEXT_PCT_LEN];

	screen__field(s, strong, top_ns(text, top_per_second(item->ns, v->rows->window_ns)), 7,
		      true);
	if (c->pct)
		screen__field(s, style, text_pct(text, item->ns, v->ns), 6, true);
	if (c->cnt)
		screen__field(s, style, top_cnt(text, item->cnt), 8, true);
	if (c->average)
		screen__field(s, style, item->cnt ? top_ns(text, item->ns / item->cnt) : "-", 8,
			      true);
	if (c->max)
		screen__field(s, style, top_ns(text, item->max_ns), 8, true);
	if (c->reason)
		put_reason(s, style, item, row);
	if (c->process) {
		screen__put(s, style, "  ", -1);
		screen__field(s, style, top_rows__str(v->rows, row->process), 14, false);
	}
	screen__put(s, style, "  ", -1);
	put_what(s, strong, v, row, state);
}

static void draw_frame(struct screen *s, enum screen_style style, const struct top_view *v,
		       const struct top_line *line)
{
	const struct top_row *row = &v->rows->rows[line->row];
	uint32_t frame = v->rows->frames[row->first + line->frame];
	bool kernel = top_frame_kind(frame) == FRAME_KIND_KERNEL;

	screen__put(s, style, s->cols < 40 ? "  " : "            ", -1);
	screen__put(s, style == SCREEN_PLAIN && kernel ? SCREEN_DIM : style,
		    top_rows__str(v->rows, top_frame_name(frame)), -1);
}

/* As many as there is room for, each once; a thread's rows need not be neighbours, but that is rare. */
static void draw_threads(struct screen *s, enum screen_style style, const struct top_view *v,
			 const struct top_line *line)
{
	const struct top_row *before = NULL;
	char name[96];

	screen__put(s, style, s->cols < 40 ? "  " : "            ", -1);
	for (uint32_t at = v->items[line->item].first; at != UINT32_MAX && screen__left(s) > 0;
	     at = v->next[at]) {
		const struct top_row *row = &v->rows->rows[at];

		if (before && before->tid == row->tid && before->comm == row->comm)
			continue;
		snprintf(name, sizeof(name), "%s%.64s/%u", before ? ", " : "",
			 top_rows__str(v->rows, row->comm), row->tid);
		screen__put(s, style == SCREEN_PLAIN ? SCREEN_BOLD : style, name, -1);
		before = row;
	}
}

static void draw_stack_head(struct screen *s, enum screen_style style, const struct top_view *v,
			    const struct top_line *line)
{
	const struct top_row *row = &v->rows->rows[line->row];
	char text[TEXT_PCT_LEN];

	screen__put(s, style, s->cols < 40 ? "" : "      ", -1);
	screen__field(s, style, top_ns(text, top_per_second(line->ns, v->rows->window_ns)), 7,
		      true);
	screen__field(s, style, text_pct(text, line->ns, v->items[line->item].ns), 6, true);
	screen__put(s, style, "%  ", -1);
	screen__put(s, style, reason_name((enum reason)row->reason), -1);
	screen__put(s, style, "  ", -1);
	screen__put(s, style, top_rows__str(v->rows, row->process), -1);
}

void top_draw_line(struct screen *s, int row, size_t at, const struct top_columns *c,
		   const struct top_view *v, const struct top_state *state, bool selected)
{
	const struct top_line *line = &v->lines[at];
	enum screen_style style = selected ? SCREEN_REVERSE : SCREEN_PLAIN;
	char text[64] = "            (no stack)";

	screen__line(s, row, style);
	switch (line->kind) {
	case TOP_LINE_ITEM:
		draw_item(s, c, v, &v->items[line->item], state, selected);
		break;
	case TOP_LINE_THREADS:
		draw_threads(s, style, v, line);
		break;
	case TOP_LINE_FRAME:
		draw_frame(s, style, v, line);
		break;
	case TOP_LINE_STACK:
		draw_stack_head(s, selected ? style : SCREEN_BOLD, v, line);
		break;
	case TOP_LINE_NOTE:
		if (line->frame)
			snprintf(text, sizeof(text), "      ... %u more stacks", line->frame);
		screen__put(s, style, text, -1);
		break;
	}
	if (selected)
		screen__fill(s);
}
