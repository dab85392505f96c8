/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* System calls as a table for the terminal, and slow ones line by line. */
#include <string.h>

#include "format/syscall_table.h"
#include "output/calls.h"
#include "output/out.h"
#include "output/text.h"

#define TABLE_NAME_COLS 20

static void put_left(struct out *o, size_t cols, const char *s)
{
	_cleanup_buf_ struct buf text;
	size_t used;

	buf__init(&text, 1 << 16);
	used = text_fit(&text, s, 4096);
	out__puts(o, buf__str(&text));
	for (; used < cols; used++)
		out__putc(o, ' ');
}

static void put_right(struct out *o, size_t cols, const char *s)
{
	for (size_t len = strlen(s); len < cols; len++)
		out__putc(o, ' ');
	out__puts(o, s);
}

static void put_cnt(struct out *o, size_t cols, uint64_t v)
{
	char text[TEXT_CNT_LEN];

	put_right(o, cols, text_cnt(text, v));
}

static void put_ns(struct out *o, uint64_t ns)
{
	char text[TEXT_NS_LEN];

	put_right(o, 10, text_ns(text, ns));
}

static void put_pct(struct out *o, size_t cols, uint64_t part, uint64_t whole)
{
	char text[TEXT_PCT_LEN];

	put_right(o, cols, text_pct(text, part, whole));
}

static void write_head(struct out *o)
{
	put_left(o, TABLE_NAME_COLS, "system call");
	out__puts(o,
		  "     calls   errors     total      mean       p50       p95       p99       max"
		  "  %cpu %blocked %runnable\n");
}

static void write_errors(struct out *o, const struct calls_report *r, const struct call_stat *c)
{
	char text[TEXT_CNT_LEN], name[CALL_NAME_LEN];

	for (size_t i = 0; i < c->error_cnt; i++) {
		out__puts(o, i ? ", " : "  ");
		out__puts(o, calls_report_error(r, c->errors[i].error, name));
		out__putc(o, ' ');
		out__puts(o, text_cnt(text, c->errors[i].cnt));
	}
}

static void write_row(struct out *o, const struct calls_report *r, const struct call_stat *c)
{
	char name[CALL_NAME_LEN];

	put_left(o, TABLE_NAME_COLS, calls_report_call(r, c->nr, name));
	put_cnt(o, 10, c->lengths.cnt);
	put_cnt(o, 9, c->failed_cnt);
	put_ns(o, c->total_ns);
	put_ns(o, call_stat_mean_ns(c));
	put_ns(o, histogram__quantile(&c->lengths, 500));
	put_ns(o, histogram__quantile(&c->lengths, 950));
	put_ns(o, histogram__quantile(&c->lengths, 990));
	put_ns(o, c->lengths.max);
	put_pct(o, 6, call_stat_on_cpu_ns(c), c->total_ns);
	put_pct(o, 9, c->blocked_ns, c->total_ns);
	put_pct(o, 10, c->runnable_ns, c->total_ns);
	write_errors(o, r, c);
	out__putc(o, '\n');
}

static void write_entity(struct out *o, const struct calls_report *r, const struct call_stat *c)
{
	char name[CALLS_NAME_LEN], ns[TEXT_NS_LEN];

	r->name(r->arg, &c->entity, name);
	out__putc(o, '\n');
	put_left(o, 0, name);
	out__printf(o, "  %s\n", text_ns(ns, c->entity_ns));
}

static bool same_entity(const struct call_stat *a, const struct call_stat *b)
{
	return a->entity.id == b->entity.id && a->entity.nr == b->entity.nr;
}

static void write_rows(struct out *o, const struct calls_report *r)
{
	const struct call_stats *s = r->stats;
	const struct call_stat *last = NULL;
	size_t shown = 0, left = 0;

	for (size_t i = 0; i < s->cnt; i++) {
		const struct call_stat *c = &s->items[i];

		if (!c->lengths.cnt)
			continue;
		if (r->top_cnt && shown == r->top_cnt) {
			left++;
			continue;
		}
		if (r->entities && (!last || !same_entity(last, c)))
			write_entity(o, r, c);
		write_row(o, r, c);
		last = c;
		shown++;
	}
	if (left)
		out__printf(o, "and %zu rows more: --top N shows them\n", left);
}

static void write_histograms(struct out *o, const struct calls_report *r)
{
	char name[CALL_NAME_LEN], entity[CALLS_NAME_LEN];

	for (size_t i = 0; i < r->stats->cnt; i++) {
		const struct call_stat *c = &r->stats->items[i];
		_cleanup_buf_ struct buf text;

		if (!c->lengths.cnt)
			continue;
		buf__init(&text, 1 << 16);
		out__printf(o, "\n%s", calls_report_call(r, c->nr, name));
		if (r->entities) {
			r->name(r->arg, &c->entity, entity);
			out__puts(o, "  ");
			put_left(o, 0, entity);
		}
		out__puts(o, "  ns\n");
		histogram__draw(&c->lengths, "  ", &text);
		out__puts(o, buf__str(&text));
	}
}

static void write_open(struct out *o, const struct calls_report *r)
{
	char name[CALL_NAME_LEN], entity[CALLS_NAME_LEN], ns[TEXT_NS_LEN];
	bool head = false;

	for (size_t i = 0; i < r->stats->cnt; i++) {
		const struct call_stat *c = &r->stats->items[i];

		if (!c->open_cnt)
			continue;
		if (!head)
			out__puts(o, "\nstill inside at the end (not counted above):\n");
		head = true;
		out__puts(o, "  ");
		put_left(o, TABLE_NAME_COLS - 2, calls_report_call(r, c->nr, name));
		put_cnt(o, 10, c->open_cnt);
		out__printf(o, "  longest %s", text_ns(ns, c->open_max_ns));
		if (r->entities) {
			r->name(r->arg, &c->entity, entity);
			out__puts(o, "  ");
			put_left(o, 0, entity);
		}
		out__putc(o, '\n');
	}
}

int calls_table_write(const struct calls_report *r, FILE *to)
{
	struct out o;

	out__init(&o, to);
	write_head(&o);
	write_rows(&o, r);
	if (r->histograms)
		write_histograms(&o, r);
	write_open(&o, r);
	return out__finish(&o);
}

/* "13:04:05.678901" of the day at the place that is @utc_offset_s from Greenwich. */
static void put_time(struct out *o, uint64_t realtime_ns, int64_t utc_offset_s)
{
	/* A day more: west of Greenwich the offset is negative. */
	uint64_t us = realtime_ns / 1000 + (uint64_t)(utc_offset_s + 86400) * 1000000;
	unsigned int s = (unsigned int)(us / 1000000 % 86400);

	out__printf(o, "%02u:%02u:%02u.%06u", s / 3600, s / 60 % 60, s % 60,
		    (unsigned int)(us % 1000000));
}

int calls_slow_write(const struct calls_slow *s, FILE *to)
{
	char comm[WIRE_COMM_LEN + 1] = {0}, text[CALL_NAME_LEN], ns[TEXT_NS_LEN];
	const struct call_record *rec = s->rec;
	struct out o;

	out__init(&o, to);
	memcpy(comm, rec->comm, WIRE_COMM_LEN);
	put_time(&o, s->realtime_ns, s->utc_offset_s);
	out__printf(&o, "  %-7u %-7u ", rec->image.pid, rec->tid);
	put_left(&o, WIRE_COMM_LEN, comm);
	put_right(&o, 10, text_ns(ns, rec->time.total_ns));
	out__printf(&o, "  %s = ", call_name(rec->nr, text));
	out__puts(&o, call_result(rec, text));
	if (s->file) {
		out__printf(&o, "  fd %d ", (int)rec->arg);
		put_left(&o, 0, s->file);
	}
	out__putc(&o, '\n');
	for (size_t i = 0; i < s->frame_cnt; i++) {
		out__puts(&o, "        ");
		put_left(&o, 0, s->frames[i]);
		out__putc(&o, '\n');
	}
	return out__finish(&o);
}
