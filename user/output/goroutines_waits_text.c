/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "output/columns.h"
#include "output/goroutines_waits.h"
#include "output/out.h"
#include "output/text.h"

#define NAME_COLS   32
#define REASON_COLS 24
#define NS_COLS	    10
#define FIRST_COLS  12 /* of quantiles: what they are of stands above */
#define COMM_COLS   64

struct text {
	struct out out;
	const struct goroutines_waits_report *r;
};

/* ---- the head ---- */

/* "api (pid 4711), go1.22.3: 1,042 waits ended in 1.000 s; 12 were not over; 5 of the runtime not shown" */
static void put_title(struct text *t)
{
	const struct goroutines_waits_report *r = t->r;
	const char *version = r->waits->runtime->version;
	uint64_t cnt = r->waits->wait_cnt;

	columns_color(&t->out, t->r->color, COLOR_BOLD);
	columns_text(&t->out, r->comm, 0, COMM_COLS);
	out__printf(&t->out, " (pid %u), %s: ", r->pid, *version ? version : "unknown Go");
	columns_cnt(&t->out, cnt, 0);
	out__puts(&t->out, cnt == 1 ? " wait ended in " : " waits ended in ");
	columns_ns(&t->out, r->end_ns - r->start_ns, 0);
	columns_color(&t->out, t->r->color, COLOR_RESET);
	for (size_t i = 0; i < r->loss_cnt; i++) {
		if (!r->losses[i].cnt || !r->losses[i].text)
			continue;
		out__puts(&t->out, "; ");
		columns_cnt(&t->out, r->losses[i].cnt, 0);
		out__printf(&t->out, " %s", r->losses[i].text);
	}
	if (r->waits->system_cnt) {
		out__puts(&t->out, "; ");
		columns_cnt(&t->out, r->waits->system_cnt, 0);
		out__puts(&t->out, " of the runtime not shown");
	}
	if (r->is_over)
		out__puts(&t->out, "; ended early: too many");
	out__putc(&t->out, '\n');
}

static size_t shown_rows(const struct goroutines_waits_report *r)
{
	return r->waits->cnt < r->top_cnt ? r->waits->cnt : r->top_cnt;
}

static void put_rest(struct text *t, const char *what)
{
	size_t left = t->r->waits->cnt - shown_rows(t->r);

	if (!left)
		return;
	columns_color(&t->out, t->r->color, COLOR_DIM);
	columns_cnt(&t->out, left, 9);
	out__printf(&t->out, " more %s (--top 0: all)\n", what);
	columns_color(&t->out, t->r->color, COLOR_RESET);
}

/* ---- the table ---- */

static bool get_creator(const struct text *t, uint64_t gopc, struct go_line *ret)
{
	return go_frames__creator(t->r->waits->frames, gopc, ret) &&
	       (t->r->runtime || t->r->waits->system || !ret->is_hidden);
}

static void put_creator(struct text *t, const struct go_waits_row *row)
{
	struct go_line creator;

	if (!get_creator(t, row->gopc, &creator)) {
		out__puts(&t->out, "-");
		return;
	}
	columns_text(&t->out, creator.name, 0, SIZE_MAX);
	if (!creator.file)
		return;
	out__putc(&t->out, ' ');
	columns_text(&t->out, columns_base_name(creator.file), 0, SIZE_MAX);
	out__printf(&t->out, ":%u", creator.line);
}

/* Of 1000 the largest itself. */
static uint64_t quantile(const struct histogram *h, uint32_t permille)
{
	return permille == 1000 ? h->max : histogram__quantile(h, permille);
}

static void put_quantile(struct text *t, const struct histogram *h, uint32_t permille, size_t cols)
{
	if (h->cnt)
		columns_ns(&t->out, quantile(h, permille), cols);
	else
		columns_right(&t->out, "-", cols);
}

static void put_quantiles(struct text *t, const struct histogram *h)
{
	put_quantile(t, h, 500, FIRST_COLS);
	put_quantile(t, h, 900, NS_COLS);
	put_quantile(t, h, 990, NS_COLS);
	put_quantile(t, h, 1000, NS_COLS);
}

static void put_row(struct text *t, const struct go_waits_row *row)
{
	const char *start = go_frames__function(t->r->waits->frames, row->startpc);

	columns_cnt(&t->out, row->cnt, 9);
	columns_ns(&t->out, row->total_ns, NS_COLS);
	out__puts(&t->out, "  ");
	columns_text(&t->out, row->wait_reason, REASON_COLS, REASON_COLS);
	put_quantiles(t, &row->blocked);
	put_quantiles(t, &row->delay);
	out__puts(&t->out, "  ");
	columns_text(&t->out, *start ? start : "-", NAME_COLS, NAME_COLS);
	out__puts(&t->out, "  ");
	put_creator(t, row);
	out__putc(&t->out, '\n');
}

static void put_heads(struct text *t, const char *first)
{
	out__printf(&t->out, "%*s%*s%*s%*s", FIRST_COLS, first, NS_COLS, "p90", NS_COLS, "p99",
		    NS_COLS, "max");
}

static void put_table(struct text *t)
{
	out__printf(&t->out, "\n%9s%*s  %-*s", "waits", NS_COLS, "total", REASON_COLS,
		    "wait reason");
	put_heads(t, "blocked p50");
	put_heads(t, "to run p50");
	out__printf(&t->out, "  %-*s  %s\n", NAME_COLS, "function", "created by");
	for (size_t i = 0; i < shown_rows(t->r); i++)
		put_row(t, &t->r->waits->rows[i]);
	put_rest(t, "rows");
}

/* ---- stacks ---- */

/* As Go's runtime writes a frame, without the arguments, of which it only has the words. */
static int put_line(void *arg, const struct go_line *line)
{
	struct text *t = arg;

	columns_text(&t->out, line->name, 0, SIZE_MAX);
	out__puts(&t->out, "(...)\n\t");
	columns_text(&t->out, line->file ? line->file : "?", 0, SIZE_MAX);
	out__printf(&t->out, ":%u\n", line->line);
	return 0;
}

static void put_created(struct text *t, uint64_t gopc)
{
	struct go_line line;

	if (!get_creator(t, gopc, &line))
		return;
	out__puts(&t->out, "created by ");
	columns_text(&t->out, line.name, 0, SIZE_MAX);
	out__puts(&t->out, "\n\t");
	columns_text(&t->out, line.file ? line.file : "?", 0, SIZE_MAX);
	out__printf(&t->out, ":%u\n", line.line);
}

static void put_times(struct text *t, const char *what, const struct histogram *h)
{
	static const struct {
		const char *name;
		uint32_t permille;
	} points[] = {{" p50 ", 500}, {", p90 ", 900}, {", p99 ", 990}, {", max ", 1000}};

	if (!h->cnt)
		return;
	out__puts(&t->out, what);
	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		out__puts(&t->out, points[i].name);
		columns_ns(&t->out, quantile(h, points[i].permille), 0);
	}
}

static int put_block(struct text *t, const struct go_waits_row *row)
{
	struct go_stack_view stack = t->r->stack(t->r->ctx, row->stack);
	int err;

	out__putc(&t->out, '\n');
	columns_color(&t->out, t->r->color, COLOR_BOLD);
	columns_cnt(&t->out, row->cnt, 0);
	out__printf(&t->out, " wait%s [%s]", row->cnt == 1 ? "" : "s", row->wait_reason);
	columns_color(&t->out, t->r->color, COLOR_RESET);
	out__puts(&t->out, ", ");
	columns_ns(&t->out, row->total_ns, 0);
	put_times(t, "; blocked", &row->blocked);
	put_times(t, "; to run", &row->delay);
	out__puts(&t->out, ":\n");
	err = go_frames__each(t->r->waits->frames, stack, t->r->runtime, put_line, t);
	if (err)
		return err;
	if (!stack.cnt)
		out__puts(&t->out, "\tstack unavailable\n");
	else if (!stack.is_whole)
		out__puts(&t->out, "...additional frames elided...\n");
	put_created(t, row->gopc);
	return 0;
}

static int put_blocks(struct text *t)
{
	int err = 0;

	for (size_t i = 0; !err && i < shown_rows(t->r); i++)
		err = put_block(t, &t->r->waits->rows[i]);
	put_rest(t, "stacks");
	return err;
}

int goroutines_waits_write_text(const struct goroutines_waits_report *r, FILE *to)
{
	struct text t = {.r = r};
	int err = 0;

	out__init(&t.out, to);
	put_title(&t);
	if (r->waits->by_stack)
		err = put_blocks(&t);
	else if (r->waits->cnt)
		put_table(&t);
	return err ? err : out__finish(&t.out);
}
