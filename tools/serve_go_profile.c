/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is asked of goroutines becomes profiles, in the thread that looks at them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os_clock.h"
#include "output/goroutines.h"
#include "serve_go.h"

static bool question_is_for(const struct go_question *q, const struct go_seen *s)
{
	return (!q->pid || q->pid == s->target.image.pid) &&
	       (!*q->comm || !strcmp(q->comm, s->process->go->process.comm));
}

/* What samples of a process have in common. */
static struct go_pprof_sample question_sample(const struct go_seen *s, const struct go_look *look)
{
	return (struct go_pprof_sample){
		.look = look,
		.program = s->process->go->process.exe,
		.labels = {{"comm", look->comm, 0}, {"pid", NULL, look->pid}},
	};
}

static int question_add_row(struct go_question *q, const struct go_seen *s,
			    const struct go_look *look, const struct go_row *row)
{
	struct go_pprof_sample sample = question_sample(s, look);
	struct go_line creator;
	char created_by[512] = "";

	/* The first one was created by the runtime. */
	if (go_frames__creator(look->frames, row->gopc, &creator) &&
	    strncmp(creator.name, "runtime.", strlen("runtime.")) != 0)
		snprintf(created_by, sizeof(created_by), "%s", creator.name);
	sample.stack = row->stack;
	sample.startpc = row->startpc;
	sample.instead = row->status == GO_RUNNING ? "[running]" : "[stack not read]";
	sample.values[0] = row->cnt;
	sample.labels[2] = (struct go_pprof_label){"state", go_status_name(row->status), 0};
	sample.labels[3] = (struct go_pprof_label){"reason", go_reason_name(row->reason), 0};
	sample.labels[4] = (struct go_pprof_label){"wait_reason", row->wait_reason, 0};
	sample.labels[5] = (struct go_pprof_label){"created_by", created_by, 0};
	return go_pprof__add(q->pprof, &sample);
}

static int question_add_rows(struct go_question *q, const struct go_seen *s,
			     const struct go_look *look, const struct go_table *t)
{
	int err = 0;

	for (size_t i = 0; !err && i < t->cnt; i++)
		err = question_add_row(q, s, look, &t->rows[i]);
	return err;
}

/* As dwell goroutines writes it. */
static int question_write_text(struct go_question *q, const struct go_look *look,
			       const struct go_table *t)
{
	_cleanup_free_ char *text = NULL;
	struct goroutines_report report = {.look = look, .table = t, .top_cnt = UINT32_MAX};
	size_t len = 0;
	FILE *mem = open_memstream(&text, &len);
	int err;

	if (!mem)
		return -ENOMEM;
	err = q->want == GO_WANT_EACH ? goroutines_write_each(&report, mem)
				      : goroutines_write_stacks(&report, mem);
	if (fclose(mem) && !err)
		err = -ENOMEM;
	if (err)
		return err;
	if (q->body.len)
		buf__putc(&q->body, '\n');
	return buf__append(&q->body, text, len);
}

/* All goroutines of a process that was just looked at. */
static int question_take(struct go_question *q, const struct go_seen *s)
{
	struct go_look look = go_process__look(s->process);
	struct go_table t;
	int err;

	go_table__init(&t);
	err = go_table__fill(&t, &look, false, true);
	if (!err && q->want == GO_WANT_PPROF)
		err = question_add_rows(q, s, &look, &t);
	else if (!err)
		err = question_write_text(q, &look, &t);
	go_table__fini(&t);
	q->process_cnt++;
	return err;
}

/* Looks at all that it is for; @take what each look finds. */
static int question_look(struct serve_go *g, struct go_question *q, bool take)
{
	struct go_programs *w = g->watch;
	int err = 0;

	for (size_t i = 0; !err && i < w->seen_cnt;) {
		struct go_seen *s = w->seen[i];
		bool gone = false;

		if (question_is_for(q, s)) {
			err = go_programs__look(w, s, &gone);
			if (!err && !gone && take)
				err = question_take(q, s);
		}
		i += !gone;
	}
	return err;
}

static int question_begin(struct go_question *q)
{
	q->begin_ns = os_monotonic_ns();
	q->begin_realtime_ns = os_realtime_ns();
	if (q->want == GO_WANT_PPROF || q->want == GO_WANT_BLOCK)
		q->pprof = go_pprof__new(q->want == GO_WANT_BLOCK ? GO_PPROF_BLOCK
								  : GO_PPROF_GOROUTINE);
	return q->want == GO_WANT_PPROF || q->want == GO_WANT_BLOCK ? (q->pprof ? 0 : -errno) : 0;
}

static void question_finish(struct go_question *q, int err)
{
	if (!err && !q->process_cnt)
		err = -ESRCH;
	if (!err && q->pprof)
		err = go_pprof__finish(q->pprof, q->begin_realtime_ns,
				       q->duration_ns ? os_monotonic_ns() - q->begin_ns : 0,
				       &q->body);
	serve_go_done(q, err);
}

static bool question_has_any(const struct serve_go *g, const struct go_question *q)
{
	for (size_t i = 0; i < g->watch->seen_cnt; i++)
		if (question_is_for(q, g->watch->seen[i]))
			return true;
	return false;
}

static void answer_one(struct serve_go *g, struct go_question *q)
{
	int err = question_begin(q);

	if (!err && q->want != GO_WANT_BLOCK) {
		question_finish(q, question_look(g, q, true));
		return;
	}
	/* At once, and not in N seconds. */
	if (!err && !question_has_any(g, q))
		err = -ESRCH;
	if (err) {
		serve_go_done(q, err);
		return;
	}
	q->next = g->open;
	g->open = q;
}

void serve_go_answer(struct serve_go *g, struct go_question *asked)
{
	while (asked) {
		struct go_question *q = asked;

		asked = q->next;
		answer_one(g, q);
	}
}

/* ---- windows of time ---- */

int serve_go_looked(void *arg, struct go_seen *s)
{
	struct go_look look = go_process__look(s->process);
	struct serve_go *g = arg;

	for (struct go_question *q = g->open; q; q = q->next) {
		int err = question_is_for(q, s)
				  ? go_block__add(&q->blocks[s->place], &s->facts, &look,
						  go_watch__before(&s->process->watch), q->begin_ns)
				  : 0;

		if (err && !q->err)
			q->err = err;
	}
	return 0;
}

static int question_add_blocks(struct go_question *q, const struct go_seen *s)
{
	struct go_look look = go_process__look(s->process);
	struct go_block *b = &q->blocks[s->place];
	int err = 0;

	for (size_t i = 0; !err && i < b->cnt; i++) {
		const struct go_block_row *row = &b->rows[i];
		struct go_pprof_sample sample = question_sample(s, &look);

		sample.stack = row->stack;
		sample.startpc = row->startpc;
		sample.instead = "[stack not read]";
		sample.values[0] = row->cnt;
		sample.values[1] = row->ns;
		sample.labels[2] =
			(struct go_pprof_label){"reason", go_reason_name(row->reason), 0};
		err = go_pprof__add(q->pprof, &sample);
	}
	q->process_cnt += b->cnt != 0;
	go_block__clear(b);
	return err;
}

int serve_go_leaves(void *arg, struct go_seen *s)
{
	struct serve_go *g = arg;

	for (struct go_question *q = g->open; q; q = q->next) {
		int err = question_add_blocks(q, s);

		if (err && !q->err)
			q->err = err;
	}
	return 0;
}

/* The rest of the window, up to now. */
static void question_end(struct serve_go *g, struct go_question *q)
{
	int err = question_look(g, q, false);

	for (size_t i = 0; !err && i < g->watch->seen_cnt; i++)
		if (question_is_for(q, g->watch->seen[i]))
			err = question_add_blocks(q, g->watch->seen[i]);
	if (!err)
		err = q->err;
	for (struct go_question **at = &g->open; *at; at = &(*at)->next) {
		if (*at != q)
			continue;
		*at = q->next;
		break;
	}
	question_finish(q, err);
}

void serve_go_answer_ended(struct serve_go *g, uint64_t now_ns)
{
	struct go_question *q = g->open, *next;

	for (; q; q = next) {
		next = q->next;
		if (now_ns - q->begin_ns >= q->duration_ns)
			question_end(g, q);
	}
}

void serve_go_refuse_all(struct serve_go *g)
{
	struct go_question *lists[] = {g->open, g->asked};

	g->open = g->asked = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		while (lists[i]) {
			struct go_question *q = lists[i];

			lists[i] = q->next;
			serve_go_done(q, -ESHUTDOWN);
		}
	}
}
