/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A row of figures for each process, thread, CPU or class, and below it those who ran instead. */
#include <inttypes.h>
#include <string.h>

#include "output/out.h"
#include "output/runq.h"
#include "output/text.h"

#define RUNQ_NAME_COLS	    40
#define RUNQ_TITLE_COLS	    200
#define RUNQ_MAX_DRAW_BYTES 65536

#define COLOR_BOLD  "\033[1m"
#define COLOR_DIM   "\033[2m"
#define COLOR_RESET "\033[0m"

struct text {
	struct out out;
	const struct runq_report *r;
};

static void put_color(struct text *t, const char *color)
{
	if (t->r->color)
		out__puts(&t->out, color);
}

/* @s to the right of a column of @cols. */
static void put_right(struct text *t, size_t cols, const char *s)
{
	for (size_t len = strlen(s); len < cols; len++)
		out__putc(&t->out, ' ');
	out__puts(&t->out, s);
}

static void put_ns(struct text *t, uint64_t ns)
{
	char text[TEXT_NS_LEN];

	put_right(t, 10, text_ns(text, ns));
}

static void put_cnt(struct text *t, size_t cols, uint64_t cnt)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, cnt);
	put_right(t, cols, text);
}

/* "comm/NUMBER", without anything that could move the cursor. */
static void put_task(struct text *t, const char *comm, uint32_t number)
{
	_cleanup_buf_ struct buf name;
	char raw[WIRE_COMM_LEN + 1] = {0};

	memcpy(raw, comm, WIRE_COMM_LEN);
	buf__init(&name, 256);
	text_fit(&name, *raw ? raw : "?", RUNQ_NAME_COLS);
	if (number)
		out__printf(&t->out, "%s/%u", buf__str(&name), number);
	else
		out__printf(&t->out, "%s/?", buf__str(&name));
}

static void put_row_name(struct text *t, const struct runq_row *row)
{
	const char *class;

	switch (t->r->by) {
	case RUNQ_BY_THREAD:
		put_task(t, row->comm, row->who.tid);
		break;
	case RUNQ_BY_CPU:
		out__printf(&t->out, "cpu %u", row->who.pid);
		break;
	case RUNQ_BY_CLASS:
		class = runq_class_name(row->who.pid);
		if (class)
			out__puts(&t->out, class);
		else
			out__printf(&t->out, "policy %u", row->who.pid);
		break;
	default:
		put_task(t, row->comm, row->who.pid);
		break;
	}
}

static void put_ran_name(struct text *t, const struct runq_ran *ran)
{
	const struct runq_who *who = &ran->key.ran;

	if (who->pid == RUNQ_NOBODY_KNOWS)
		out__puts(&t->out, "[unknown]");
	else if (!who->start_ns)
		out__puts(&t->out, "[idle]");
	else
		put_task(t, ran->sum.comm, t->r->by == RUNQ_BY_THREAD ? who->tid : who->pid);
}

static void write_title(struct text *t)
{
	char begin[TEXT_NS_LEN], end[TEXT_NS_LEN];
	_cleanup_buf_ struct buf title;

	/* It holds the name of a process: any bytes. */
	buf__init(&title, 1 << 16);
	text_fit(&title, t->r->title, RUNQ_TITLE_COLS);
	put_color(t, COLOR_BOLD);
	out__printf(&t->out, "waits for a CPU: %s", buf__str(&title));
	put_color(t, COLOR_RESET);
	if (t->r->begin_ns)
		out__printf(&t->out, ", %s to %s", text_ns(begin, t->r->begin_ns),
			    text_ns(end, t->r->end_ns));
	else
		out__printf(&t->out, ", %s", text_ns(end, t->r->end_ns));
	out__puts(&t->out, "\n\n");
}

static void write_head(struct text *t)
{
	put_color(t, COLOR_DIM);
	out__printf(&t->out,
		    "    waits      mean       p50       p95       p99       max     total  %s\n",
		    runq_by_name(t->r->by));
	if (t->r->ran_cnt)
		out__puts(&t->out,
			  "                time      %  stretches  preemptions  ran instead\n");
	put_color(t, COLOR_RESET);
}

static void write_rans(struct text *t, const struct runq_ran *rans, size_t cnt, uint64_t all_ns)
{
	uint64_t rest_ns = 0;
	char pct[TEXT_PCT_LEN];

	for (size_t i = 0; i < cnt; i++) {
		if (i >= t->r->ran_cnt) {
			rest_ns += rans[i].sum.ns;
			continue;
		}
		out__puts(&t->out, "          ");
		put_ns(t, rans[i].sum.ns);
		put_right(t, 7, text_pct(pct, rans[i].sum.ns, all_ns));
		put_cnt(t, 11, rans[i].sum.cnt);
		put_cnt(t, 13, rans[i].sum.preempt_cnt);
		out__puts(&t->out, "  ");
		put_ran_name(t, &rans[i]);
		out__putc(&t->out, '\n');
	}
	if (cnt <= t->r->ran_cnt)
		return;
	out__puts(&t->out, "          ");
	put_ns(t, rest_ns);
	put_right(t, 7, text_pct(pct, rest_ns, all_ns));
	out__printf(&t->out, "%26s... %zu more\n", "", cnt - t->r->ran_cnt);
}

static void write_histogram(struct text *t, const struct runq_row *row)
{
	_cleanup_buf_ struct buf drawing;

	buf__init(&drawing, RUNQ_MAX_DRAW_BYTES);
	histogram__draw(&row->waits, "    ", &drawing);
	if (!row->waits.cnt)
		return;
	out__puts(&t->out, "    nanoseconds           waits\n");
	out__append(&t->out, buf__str(&drawing), drawing.len);
	out__putc(&t->out, '\n');
}

static void write_row(struct text *t, const struct runq_row *row)
{
	const struct histogram *h = &row->waits;

	put_color(t, COLOR_BOLD);
	put_cnt(t, 9, h->cnt);
	put_ns(t, h->cnt ? row->ns / h->cnt : 0);
	put_ns(t, histogram__quantile(h, 500));
	put_ns(t, histogram__quantile(h, 950));
	put_ns(t, histogram__quantile(h, 990));
	put_ns(t, h->max);
	put_ns(t, row->ns);
	out__puts(&t->out, "  ");
	put_row_name(t, row);
	put_color(t, COLOR_RESET);
	out__putc(&t->out, '\n');
	if (row->open_cnt) {
		char ns[TEXT_NS_LEN], cnt[TEXT_CNT_LEN];

		out__printf(&t->out, "          and %s that had not ended, %s so far\n",
			    text_cnt(cnt, row->open_cnt), text_ns(ns, row->open_ns));
	}
	if (t->r->ran_cnt)
		write_rans(t, &t->r->table->rans[row->first_ran], row->ran_cnt, row->ran_ns);
	if (t->r->histogram)
		write_histogram(t, row);
}

static void write_total(struct text *t)
{
	const struct runq_table *table = t->r->table;
	uint64_t cnt = 0, ns = 0, rest_ns = 0;
	char text[TEXT_NS_LEN], number[TEXT_CNT_LEN];

	for (size_t i = 0; i < table->cnt; i++) {
		cnt += table->rows[i].waits.cnt;
		ns += table->rows[i].ns;
		if (i >= t->r->top_cnt)
			rest_ns += table->rows[i].ns;
	}
	if (table->cnt > t->r->top_cnt)
		out__printf(&t->out, "  ... %zu more rows, %s\n", table->cnt - t->r->top_cnt,
			    text_ns(text, rest_ns));
	if (!table->cnt)
		out__puts(&t->out, "no thread waited for a CPU\n");
	else
		out__printf(&t->out, "\nwaited for a CPU: %s in %s waits\n", text_ns(text, ns),
			    text_cnt(number, cnt));
}

/* Of one row they stand below it already. */
static void write_sums(struct text *t)
{
	const struct runq_table *table = t->r->table;
	uint64_t all_ns = 0;

	if (table->cnt < 2 || !t->r->ran_cnt)
		return;
	for (size_t i = 0; i < table->sum_cnt; i++)
		all_ns += table->sums[i].sum.ns;
	write_rans(t, table->sums, table->sum_cnt, all_ns);
}

int runq_write_text(const struct runq_report *r, FILE *to)
{
	struct text t = {.r = r};

	out__init(&t.out, to);
	write_title(&t);
	if (r->table->cnt)
		write_head(&t);
	for (size_t i = 0; i < r->table->cnt && i < r->top_cnt; i++)
		write_row(&t, &r->table->rows[i]);
	write_total(&t);
	write_sums(&t);
	return out__finish(&t.out);
}
