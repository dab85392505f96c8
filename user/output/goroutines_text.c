/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "output/columns.h"
#include "output/goroutines.h"
#include "output/out.h"
#include "output/text.h"

#define NAME_COLS   44
#define REASON_COLS 24
#define LABEL_COLS  24
#define AGE_COLS    10
#define COMM_COLS   64

struct text {
	struct out out;
	const struct goroutines_report *r;
};

/* Nothing is known of how long it is so when the process was looked at once, but where the runtime noted it. */
static bool has_age(const struct goroutines_report *r, const struct go_row *row)
{
	return r->ages || row->oldest_ns;
}

static void put_age(struct text *t, const struct go_row *row)
{
	char ns[TEXT_NS_LEN], text[TEXT_NS_LEN + 8];

	text_ns(ns, row->oldest_ns);
	snprintf(text, sizeof(text), "%s%s", row->oldest_is_bound ? "> " : "", ns);
	columns_right(&t->out, has_age(t->r, row) ? text : "-", AGE_COLS + 2);
}

/* "api (pid 4711), go1.22.3: 1,042 goroutines: 1,030 waiting, 2 running; 5 of the runtime not shown" */
static void put_title(struct text *t)
{
	const struct go_look *look = t->r->look;
	const struct go_table *table = t->r->table;
	const char *version = look->runtime->version;

	columns_color(&t->out, t->r->color, COLOR_BOLD);
	columns_text(&t->out, look->comm, 0, COMM_COLS);
	out__printf(&t->out, " (pid %u), %s: ", look->pid, *version ? version : "unknown Go");
	columns_cnt(&t->out, table->shown_cnt, 0);
	out__puts(&t->out, table->shown_cnt == 1 ? " goroutine" : " goroutines");
	columns_color(&t->out, t->r->color, COLOR_RESET);
	for (int i = 0, n = 0; i < GO_STATUS_CNT; i++) {
		if (!table->by_status[i])
			continue;
		out__puts(&t->out, n++ ? ", " : ": ");
		columns_cnt(&t->out, table->by_status[i], 0);
		out__printf(&t->out, " %s", go_status_name((enum go_status)i));
	}
	if (table->system_cnt) {
		out__puts(&t->out, "; ");
		columns_cnt(&t->out, table->system_cnt, 0);
		out__puts(&t->out, " of the runtime not shown");
	}
	out__puts(&t->out, "\n");
}

static int text_finish(struct text *t)
{
	return out__finish(&t->out);
}

static size_t shown_rows(const struct goroutines_report *r)
{
	return r->table->cnt < r->top_cnt ? r->table->cnt : r->top_cnt;
}

static void put_rest(struct text *t, const char *what)
{
	size_t left = t->r->table->cnt - shown_rows(t->r);

	if (!left)
		return;
	columns_color(&t->out, t->r->color, COLOR_DIM);
	columns_cnt(&t->out, left, 7);
	out__printf(&t->out, " more %s (--top 0: all)\n", what);
	columns_color(&t->out, t->r->color, COLOR_RESET);
}

/* ---- the table ---- */

/* Tracebacks don't say that the runtime created one. */
static bool get_creator(const struct text *t, uint64_t gopc, struct go_line *ret)
{
	return go_frames__creator(t->r->look->frames, gopc, ret) &&
	       (t->r->runtime || t->r->system || !ret->is_hidden);
}

static void put_creator(struct text *t, const struct go_row *row)
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

static void put_row(struct text *t, const struct go_row *row)
{
	const char *start = go_frames__function(t->r->look->frames, row->startpc);

	columns_cnt(&t->out, row->cnt, 7);
	out__puts(&t->out, "  ");
	columns_text(&t->out, go_status_name(row->status), 9, 9);
	out__puts(&t->out, "  ");
	columns_text(&t->out, *row->wait_reason ? row->wait_reason : "-", REASON_COLS, REASON_COLS);
	put_age(t, row);
	out__puts(&t->out, "  ");
	if (t->r->table->by_label) {
		columns_text(&t->out, row->label ? row->label : "-", LABEL_COLS, LABEL_COLS);
		out__puts(&t->out, "  ");
	}
	columns_text(&t->out, *start ? start : "-", NAME_COLS, NAME_COLS);
	out__puts(&t->out, "  ");
	put_creator(t, row);
	out__putc(&t->out, '\n');
}

static void put_heads(struct text *t)
{
	out__printf(&t->out, "\n%7s  %-9s  %-*s  %*s  ", "count", "state", REASON_COLS,
		    "wait reason", AGE_COLS, "oldest");
	if (t->r->table->by_label) {
		columns_text(&t->out, t->r->table->by_label, LABEL_COLS, LABEL_COLS);
		out__puts(&t->out, "  ");
	}
	out__printf(&t->out, "%-*s  %s\n", NAME_COLS, "function", "created by");
}

int goroutines_write_table(const struct goroutines_report *r, FILE *to)
{
	struct text t = {.r = r};

	out__init(&t.out, to);
	put_title(&t);
	if (r->table->cnt) {
		put_heads(&t);
		for (size_t i = 0; i < shown_rows(r); i++)
			put_row(&t, &r->table->rows[i]);
		put_rest(&t, "rows");
	}
	return text_finish(&t);
}

/* ---- stacks ---- */

/* As Go's runtime writes a frame, without the arguments, of which it only has the words. */
static int put_line(void *arg, const struct go_line *line)
{
	struct text *t = arg;

	columns_text(&t->out, line->name, 0, SIZE_MAX);
	out__puts(&t->out, "(...)\n\t");
	columns_text(&t->out, line->file ? line->file : "?", 0, SIZE_MAX);
	out__printf(&t->out, ":%u", line->line);
	if (line->offset)
		out__printf(&t->out, " +0x%x", line->offset);
	out__putc(&t->out, '\n');
	return 0;
}

static void put_created(struct text *t, uint64_t gopc, uint64_t parent)
{
	struct go_line line;

	if (!get_creator(t, gopc, &line))
		return;
	out__puts(&t->out, "created by ");
	columns_text(&t->out, line.name, 0, SIZE_MAX);
	if (parent)
		out__printf(&t->out, " in goroutine %llu", (unsigned long long)parent);
	out__puts(&t->out, "\n\t");
	columns_text(&t->out, line.file ? line.file : "?", 0, SIZE_MAX);
	out__printf(&t->out, ":%u", line.line);
	if (line.offset)
		out__printf(&t->out, " +0x%x", line.offset);
	out__putc(&t->out, '\n');
}

static int put_stack(struct text *t, const struct goroutine *g, uint64_t parent)
{
	struct go_stack_view stack = go_look__stack(t->r->look, g->stack);
	int err = go_frames__each(t->r->look->frames, stack, t->r->runtime, put_line, t);

	if (err)
		return err;
	if (!stack.cnt && g->status == GO_RUNNING)
		out__puts(&t->out, "\tgoroutine running on other thread; stack unavailable\n");
	else if (!stack.cnt)
		out__puts(&t->out, "\tstack unavailable\n");
	else if (!stack.is_whole)
		out__puts(&t->out, "...additional frames elided...\n");
	put_created(t, g->gopc, parent);
	return 0;
}

static int put_block(struct text *t, const struct go_row *row)
{
	const struct goroutine like = {
		.stack = row->stack, .gopc = row->gopc, .status = (uint8_t)row->status};
	char ns[TEXT_NS_LEN];

	out__putc(&t->out, '\n');
	columns_color(&t->out, t->r->color, COLOR_BOLD);
	columns_cnt(&t->out, row->cnt, 0);
	out__printf(&t->out, " goroutine%s [%s]", row->cnt == 1 ? "" : "s",
		    *row->wait_reason ? row->wait_reason : go_status_name(row->status));
	if (row->label) {
		const struct go_label label = {t->r->table->by_label, row->label};
		const struct go_label_view view = {&label, 1, true};

		goroutines_put_labels(&t->out, &view);
	}
	columns_color(&t->out, t->r->color, COLOR_RESET);
	if (has_age(t->r, row))
		out__printf(&t->out, ", %s %s%s", row->cnt == 1 ? "for" : "the oldest for",
			    row->oldest_is_bound ? "at least " : "", text_ns(ns, row->oldest_ns));
	out__puts(&t->out, ":\n");
	return put_stack(t, &like, 0);
}

int goroutines_write_stacks(const struct goroutines_report *r, FILE *to)
{
	struct text t = {.r = r};
	int err = 0;

	out__init(&t.out, to);
	put_title(&t);
	for (size_t i = 0; !err && i < shown_rows(r); i++)
		err = put_block(&t, &r->table->rows[i]);
	put_rest(&t, "stacks");
	return err ? err : text_finish(&t);
}

/* ---- each ---- */

/* "goroutine 18 [chan receive, 2 minutes, locked to thread]:", by goroutineheader() of src/runtime/traceback.go. */
static void put_header(struct text *t, const struct goroutine *g)
{
	struct go_label_view labels = go_look__labels(t->r->look, g);
	const char *reason = go_look__wait_reason(t->r->look, g);
	uint64_t now_ns = t->r->look->all->now_ns;
	uint64_t minutes = (now_ns - g->since_ns) / 60000000000ull;

	out__printf(&t->out, "goroutine %llu [%s", (unsigned long long)g->goid,
		    *reason ? reason : go_status_name((enum go_status)g->status));
	if (g->status == GO_LEAKED)
		out__puts(&t->out, " (leaked)");
	if ((g->status == GO_WAITING || g->status == GO_SYSCALL) && minutes)
		out__printf(&t->out, ", %llu minutes", (unsigned long long)minutes);
	if (g->locked)
		out__puts(&t->out, ", locked to thread");
	out__puts(&t->out, "]");
	goroutines_put_labels(&t->out, &labels);
	out__puts(&t->out, ":\n");
}

int goroutines_write_one(const struct goroutines_report *r, const struct goroutine *g, FILE *to)
{
	struct text t = {.r = r};
	int err;

	out__init(&t.out, to);
	put_header(&t, g);
	err = put_stack(&t, g, g->parent_goid);
	return err ? err : text_finish(&t);
}

int goroutines_write_each(const struct goroutines_report *r, FILE *to)
{
	_cleanup_free_ const struct goroutine **sorted = go_look__sort(r->look);
	struct text t = {.r = r};
	int err = sorted ? 0 : -ENOMEM;

	out__init(&t.out, to);
	for (size_t i = 0, n = 0; !err && i < r->look->all->cnt; i++) {
		const struct goroutine *g = sorted[i];

		if (!r->system && go_look__is_system(r->look, g))
			continue;
		if (n++)
			out__putc(&t.out, '\n');
		put_header(&t, g);
		err = put_stack(&t, g, g->parent_goid);
	}
	return err ? err : text_finish(&t);
}
