/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Members are only ever added; a change that breaks readers raises "version". */
#include <errno.h>

#include "output/goroutines_parts.h"
#include "output/goroutines_waits.h"
#include "output/json_writer.h"

#define GOROUTINES_WAITS_JSON_VERSION 1

struct writing {
	struct json j;
	const struct goroutines_waits_report *r;
};

static void write_times(struct json *j, const char *key, const struct histogram *h)
{
	json__key(j, key);
	json__begin_object(j);
	json__member_u64(j, "waits", h->cnt);
	if (h->cnt) {
		json__member_u64(j, "p50_ns", histogram__quantile(h, 500));
		json__member_u64(j, "p90_ns", histogram__quantile(h, 900));
		json__member_u64(j, "p99_ns", histogram__quantile(h, 990));
		json__member_u64(j, "max_ns", h->max);
	}
	json__end_object(j);
}

static void write_origin(struct writing *w, const struct go_waits_row *row)
{
	struct go_frames *frames = w->r->waits->frames;
	const char *start = go_frames__function(frames, row->startpc);
	struct go_line creator;

	if (*start)
		json__member_string(&w->j, "function", start);
	if (!go_frames__creator(frames, row->gopc, &creator) ||
	    (creator.is_hidden && !w->r->runtime && !w->r->waits->system))
		return;
	json__key(&w->j, "created_by");
	json__begin_object(&w->j);
	goroutines_json_place(&w->j, &creator);
	json__end_object(&w->j);
}

static int write_stack(struct writing *w, const struct go_waits_row *row)
{
	struct go_stack_view stack = w->r->stack(w->r->ctx, row->stack);
	int err;

	if (!stack.cnt)
		return 0;
	json__member_bool(&w->j, "stack_is_whole", stack.is_whole);
	json__key(&w->j, "stack");
	json__begin_array(&w->j);
	err = go_frames__each(w->r->waits->frames, stack, w->r->runtime, goroutines_json_frame,
			      &w->j);
	json__end_array(&w->j);
	return err;
}

static int write_row(struct writing *w, const struct go_waits_row *row)
{
	int err;

	json__line(&w->j);
	json__begin_object(&w->j);
	json__member_u64(&w->j, "waits", row->cnt);
	json__member_u64(&w->j, "total_ns", row->total_ns);
	json__member_string(&w->j, "wait_reason", row->wait_reason);
	json__member_string(&w->j, "blocking_reason", go_reason_name(row->reason));
	write_times(&w->j, "blocked", &row->blocked);
	write_times(&w->j, "to_run", &row->delay);
	write_origin(w, row);
	err = write_stack(w, row);
	json__end_object(&w->j);
	return err;
}

static void write_head(struct writing *w)
{
	const struct goroutines_waits_report *r = w->r;

	json__member_u64(&w->j, "version", GOROUTINES_WAITS_JSON_VERSION);
	json__member_u64(&w->j, "pid", r->pid);
	json__member_string(&w->j, "comm", r->comm);
	json__member_string(&w->j, "go", r->waits->runtime->version);
	json__member_u64(&w->j, "start_ns", r->start_ns);
	json__member_u64(&w->j, "end_ns", r->end_ns);
	json__member_bool(&w->j, "ended_early", r->is_over);
	json__member_u64(&w->j, "waits", r->waits->wait_cnt);
	json__member_u64(&w->j, "system_not_shown", r->waits->system_cnt);
	json__member_u64(&w->j, "rows_full", r->waits->unkept_cnt);
	json__member_u64(&w->j, "probe_hits", r->hits);
	json__line(&w->j);
	json__key(&w->j, "ledger");
	json__begin_object(&w->j);
	for (size_t i = 0; i < r->loss_cnt; i++)
		json__member_u64(&w->j, r->losses[i].key, r->losses[i].cnt);
	json__end_object(&w->j);
}

int goroutines_waits_write_json(const struct goroutines_waits_report *r, FILE *to)
{
	size_t cnt = r->waits->cnt < r->top_cnt ? r->waits->cnt : r->top_cnt;
	struct writing w = {.r = r};
	struct out out;
	int err = 0;

	out__init(&out, to);
	json__init(&w.j, &out);
	json__begin_object(&w.j);
	write_head(&w);
	json__line(&w.j);
	json__key(&w.j, "rows");
	json__begin_array(&w.j);
	for (size_t i = 0; !err && i < cnt; i++)
		err = write_row(&w, &r->waits->rows[i]);
	json__end_array(&w.j);
	json__line(&w.j);
	json__end_object(&w.j);
	out__putc(&out, '\n');
	return err ? err : out__finish(&out);
}
