/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The table for the terminal: the stacks and reasons with the most time, then the threads, then
 * where the rest is. A stack is written from the place where the thread waited to its callers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/diff.h"
#include "output/fold.h"
#include "output/out.h"
#include "output/text.h"
#include "output/writer.h"

#define TABLE_WIDTH	  80
#define TABLE_MIN_WIDTH	  40
#define TABLE_TOP_CNT	  20
#define TABLE_STACK_LINES 4
#define TABLE_INDENT	  6
/* Up to the column of the thread; see write_head(). */
#define TABLE_THREAD_COL  59
#define TABLE_CALLED_FROM "<- "

#define COLOR_BOLD  "\033[1m"
#define COLOR_DIM   "\033[2m"
#define COLOR_RESET "\033[0m"

/* A line of the table: what one stack waited for one reason. */
struct entry {
	const struct fold_row *row;
	const struct fold_part *part;
};

struct table {
	struct out out;
	const struct profile *profile;
	const struct fold *fold;
	size_t width;
	size_t top_cnt;
	bool color;
};

static int entry_cmp(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->part->ns != b->part->ns)
		return a->part->ns < b->part->ns ? 1 : -1;
	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return a->part->reason < b->part->reason ? -1 : a->part->reason > b->part->reason;
}

/* All lines of the table, most time first. NULL when there is no memory. */
static struct entry *sort_entries(const struct fold *f, size_t *ret_cnt)
{
	struct entry *all = calloc(f->part_cnt + 1, sizeof(*all));
	size_t cnt = 0;

	if (!all)
		return NULL;
	for (size_t i = 0; i < f->row_cnt; i++)
		for (uint32_t at = f->rows[i].first_part; at != FOLD_NONE; at = f->parts[at].next)
			all[cnt++] = (struct entry){&f->rows[i], &f->parts[at]};
	qsort(all, cnt, sizeof(*all), entry_cmp);
	*ret_cnt = cnt;
	return all;
}

static void put_color(struct table *t, const char *color)
{
	if (t->color)
		out__puts(&t->out, color);
}

static void put_fit(struct table *t, const char *s, size_t cols)
{
	_cleanup_buf_ struct buf text;

	buf__init(&text, 1 << 16);
	text_fit(&text, s, cols);
	out__puts(&t->out, buf__str(&text));
}

/* @s to the right of a column of @cols. */
static void put_right(struct table *t, size_t cols, const char *s)
{
	for (size_t len = strlen(s); len < cols; len++)
		out__putc(&t->out, ' ');
	out__puts(&t->out, s);
}

static void write_title(struct table *t)
{
	const char *title = profile__str(t->profile, t->profile->title);

	if (!*title)
		return;
	put_color(t, COLOR_BOLD);
	put_fit(t, title, t->width);
	put_color(t, COLOR_RESET);
	out__puts(&t->out, "\n\n");
}

static void write_head(struct table *t)
{
	put_color(t, COLOR_DIM);
	out__puts(&t->out, "     time      %   count   average       max  reason       thread\n");
	put_color(t, COLOR_RESET);
}

/* "comm/tid" of the only thread, or the first frame when there were several. */
static void write_thread_name(struct table *t, const struct entry *e)
{
	const struct profile *p = t->profile;
	size_t cols = t->width > TABLE_THREAD_COL + 8 ? t->width - TABLE_THREAD_COL : 8;
	_cleanup_buf_ struct buf name;

	buf__init(&name, 1 << 16);
	if (e->part->thread < p->thread_cnt) {
		const struct profile_thread *th = &p->threads[e->part->thread];

		buf__printf(&name, "%s", profile__str(p, th->comm));
		if (!th->goroutine)
			buf__printf(&name, "/%u", th->tid);
	} else {
		buf__printf(&name, "%s%s", fold__name(t->fold, e->row, 0),
			    e->part->thread == FOLD_NONE ? " (several)" : "");
	}
	put_fit(t, buf__str(&name), cols);
}

/* The innermost frame of @row below position @end that is a place in code; 0: none. */
static uint32_t next_place(const struct table *t, const struct fold_row *row, uint32_t end)
{
	while (--end > 0 && t->profile->frames[row->frames[end]].kind == FRAME_KIND_DELIMITER)
		;
	return end;
}

/* The frames from the innermost on, in a few lines; the first frame is in the line above. */
static void write_stack(struct table *t, const struct fold_row *row)
{
	/* The last line may end with " (+123)". */
	size_t col = 0, room = t->width - TABLE_INDENT - 7, lines = 1;
	uint32_t at = next_place(t, row, fold_row__name_cnt(row));

	out__printf(&t->out, "%*s%s", TABLE_INDENT, "", at ? "" : "(no stack)");
	for (; at; at = next_place(t, row, at)) {
		const char *name = fold__name(t->fold, row, at), *sep = TABLE_CALLED_FROM;
		size_t width = text_width(name);

		if (!col) {
			sep = "";
		} else if (col + 1 + strlen(sep) + width > room) {
			if (lines++ == TABLE_STACK_LINES) {
				out__printf(&t->out, " (+%u)", at);
				break;
			}
			out__printf(&t->out, "\n%*s", TABLE_INDENT, "");
			col = 0;
		} else {
			out__putc(&t->out, ' ');
			col++;
		}
		out__puts(&t->out, sep);
		col += strlen(sep) + width;
		put_fit(t, name, room - strlen(sep));
	}
	out__putc(&t->out, '\n');
}

static void write_entry(struct table *t, const struct entry *e)
{
	uint64_t cnt = e->part->cnt;
	char ns[TEXT_NS_LEN], pct[TEXT_PCT_LEN], number[TEXT_CNT_LEN];

	put_color(t, COLOR_BOLD);
	put_right(t, 9, text_ns(ns, e->part->ns));
	put_color(t, COLOR_RESET);
	put_right(t, 7, text_pct(pct, e->part->ns, t->fold->total_ns));
	snprintf(number, sizeof(number), "%" PRIu64, cnt);
	put_right(t, 8, number);
	put_right(t, 10, cnt ? text_ns(ns, e->part->ns / cnt) : "-");
	put_right(t, 10, cnt || e->part->max_ns ? text_ns(ns, e->part->max_ns) : "-");
	out__printf(&t->out, "  %-11s  ", reason_name((enum reason)e->part->reason));
	put_color(t, COLOR_BOLD);
	write_thread_name(t, e);
	put_color(t, COLOR_RESET);
	out__putc(&t->out, '\n');
	write_stack(t, e->row);
}

/* What is in the profile but not in the table. */
static void write_rest(struct table *t, const struct entry *entries, size_t cnt)
{
	uint64_t rest_ns = 0;
	char ns[TEXT_NS_LEN], pct[TEXT_PCT_LEN];

	for (size_t i = t->top_cnt; i < cnt; i++)
		rest_ns += entries[i].part->ns;
	if (cnt > t->top_cnt)
		out__printf(&t->out, "  ... %zu more stacks, %s (%s %%)\n", cnt - t->top_cnt,
			    text_ns(ns, rest_ns), text_pct(pct, rest_ns, t->fold->total_ns));
	if (t->fold->left_out_ns)
		out__printf(&t->out, "  ... stacks of less than half a microsecond, %s\n",
			    text_ns(ns, t->fold->left_out_ns));
	if (t->profile->hidden_ns && cnt)
		out__printf(&t->out, "  ... %s, %s\n", profile__hidden_label(t->profile),
			    text_ns(ns, t->profile->hidden_ns));
	if (t->profile->left_out_ns && cnt)
		out__printf(&t->out, "  ... not selected, %s\n",
			    text_ns(ns, t->profile->left_out_ns));
}

static void write_total(struct table *t)
{
	struct ledger_term lost = ledger__lost(&t->profile->ledger);
	char ns[TEXT_NS_LEN], cnt[TEXT_CNT_LEN];

	out__printf(&t->out, "\noff-CPU time: %s", text_ns(ns, t->fold->total_ns));
	if (t->fold->total_cnt) /* else nobody knows */
		out__printf(&t->out, " in %s intervals", text_cnt(cnt, t->fold->total_cnt));
	if (t->profile->window_ns)
		out__printf(&t->out, " (window %s)", text_ns(ns, t->profile->window_ns));
	out__putc(&t->out, '\n');
	if (lost.ns || lost.cnt)
		out__printf(&t->out, "LOST, not in this table: %s in %s intervals\n",
			    text_ns(ns, lost.ns), text_cnt(cnt, lost.cnt));
}

static void write_threads(struct table *t)
{
	const struct profile *p = t->profile;
	uint64_t on_cpu_ns = 0, blocked_ns = 0, runnable_ns = 0;
	size_t waiting = 0, exited = 0;
	char ns[3][TEXT_NS_LEN];

	if (!p->thread_cnt)
		return;
	for (size_t i = 0; i < p->thread_cnt; i++) {
		const struct profile_thread *th = &p->threads[i];

		on_cpu_ns += th->on_cpu_ns;
		blocked_ns += th->blocked_ns + th->open_blocked_ns;
		runnable_ns += th->runnable_ns + th->open_runnable_ns;
		waiting += th->open;
		exited += th->exited;
	}
	out__printf(&t->out, "threads: %zu, %zu still waiting, %zu exited\n", p->thread_cnt,
		    waiting, exited);
	out__printf(&t->out, "         on-CPU %s, blocked %s, runnable %s\n",
		    text_ns(ns[0], on_cpu_ns), text_ns(ns[1], blocked_ns),
		    text_ns(ns[2], runnable_ns));
}

/* An empty table says why it is empty. */
static void write_nothing(struct table *t)
{
	const struct profile *p = t->profile;
	const struct ledger *l = &p->ledger;
	char ns[TEXT_NS_LEN];

	out__puts(&t->out, "no off-CPU time was seen: ");
	if (t->fold->total_ns)
		out__printf(&t->out, "no stack adds up to a microsecond (%s in all)\n",
			    text_ns(ns, t->fold->total_ns));
	else if (p->hidden_ns)
		out__printf(&t->out, "%s, %s\n", profile__hidden_all(p), text_ns(ns, p->hidden_ns));
	else if (ledger__lost(l).ns)
		out__printf(&t->out, "all of it was lost, %s\n", text_ns(ns, ledger__lost(l).ns));
	else if (l->filtered.ns)
		out__printf(&t->out, "the filters dropped all of it, %s\n",
			    text_ns(ns, l->filtered.ns));
	else if (!p->thread_cnt)
		out__puts(&t->out, "no thread was traced\n");
	else
		out__printf(&t->out, "none of %zu threads blocked or waited for a CPU\n",
			    p->thread_cnt);
}

static int table_write_stacks(const struct profile *p, const struct writer_opts *opts, FILE *to)
{
	_cleanup_(fold__fini) struct fold fold;
	_cleanup_free_ struct entry *entries = NULL;
	struct table t = {.profile = p, .fold = &fold, .width = TABLE_WIDTH};
	size_t cnt = 0;
	int err = fold__init(&fold, p);

	if (err)
		return err;
	entries = sort_entries(&fold, &cnt);
	if (!entries)
		return -ENOMEM;
	if (opts && opts->width > 0)
		t.width = opts->width < TABLE_MIN_WIDTH ? TABLE_MIN_WIDTH : (size_t)opts->width;
	t.top_cnt = opts && opts->top_cnt > 0 ? (size_t)opts->top_cnt : TABLE_TOP_CNT;
	t.color = opts && opts->color;
	out__init(&t.out, to);
	write_title(&t);
	if (cnt)
		write_head(&t);
	else
		write_nothing(&t);
	for (size_t i = 0; i < cnt && i < t.top_cnt; i++)
		write_entry(&t, &entries[i]);
	write_rest(&t, entries, cnt);
	if (cnt)
		write_total(&t);
	write_threads(&t);
	return out__finish(&t.out);
}

static int table_write(const struct profile *p, const struct writer_opts *opts, FILE *to)
{
	return opts && opts->base ? diff_write_table(p, opts, to) : table_write_stacks(p, opts, to);
}

const struct writer table_writer = {
	.name = "table",
	.ext = ".txt",
	.help = "the stacks with the most time, for the terminal",
	.compares = true,
	.write = table_write,
};
