/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who asks for profiles of goroutines over HTTP. The server's threads put a question into a list; the thread that looks answers it with
 * bytes, at once or when its time is over, and one of the server's sends them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve_go.h"

#define GO_MAX_SECONDS	   300
#define GO_DEFAULT_SECONDS 10
#define GO_MAX_PAGE	   (256u << 20)

static void question_free(struct go_question *q)
{
	go_pprof__free(q->pprof);
	for (int i = 0; i < GO_PROCESSES_MAX; i++)
		go_block__fini(&q->blocks[i]);
	buf__fini(&q->body);
	free(q);
}

/* ---- answers, in a thread of the server's ---- */

static void question_refuse(const struct go_question *q)
{
	switch (q->err) {
	case -ESHUTDOWN:
		http_request__refuse(q->http, 503, "dwell is stopping");
		break;
	case -ESRCH:
		http_request__refuse(q->http, 404,
				     "there is no such Go program among the processes that are "
				     "traced: dwell list shows what runs");
		break;
	default:
		http_request__refuse(q->http, 500, "the profile can't be written: %s",
				     strerror(-q->err));
	}
}

static void question_write(void *arg, struct http_request *r)
{
	struct go_question *q = arg;
	bool text = q->want == GO_WANT_STACKS || q->want == GO_WANT_EACH;

	if (q->err)
		question_refuse(q);
	else
		http_request__reply(r, 200, text ? HTTP_TEXT : "application/octet-stream",
				    &q->body);
	question_free(q);
}

void serve_go_done(struct go_question *q, int err)
{
	q->err = err ? err : q->body.err;
	http_request__work(q->http, question_write, q);
}

/* ---- questions, in a thread of the server's ---- */

static struct go_question *question_new(struct http_request *r, enum go_want want)
{
	struct go_question *q = calloc(1, sizeof(*q));
	const char *comm = http_request__parameter(r, "comm");
	uint64_t pid;

	if (!q) {
		http_request__refuse(r, 503, "no memory");
		return NULL;
	}
	if (http_request__number(r, "pid", 1, UINT32_MAX, 0, &pid)) {
		free(q);
		return NULL;
	}
	q->http = r;
	q->want = want;
	q->pid = (uint32_t)pid;
	snprintf(q->comm, sizeof(q->comm), "%s", comm ? comm : "");
	buf__init(&q->body, GO_MAX_PAGE);
	return q;
}

static void question_ask(struct serve_go *g, struct go_question *q)
{
	bool closed;

	os_mutex__lock(&g->lock);
	closed = g->closed || g->stop;
	if (!closed) {
		q->next = g->asked;
		g->asked = q;
		os_cond__wake(&g->wake);
	}
	os_mutex__unlock(&g->lock);
	if (closed)
		serve_go_done(q, -ESHUTDOWN);
}

void serve_go_goroutines(void *arg, struct http_request *r)
{
	static const enum go_want wants[] = {GO_WANT_PPROF, GO_WANT_STACKS, GO_WANT_EACH};
	struct serve *s = arg;
	struct go_question *q;
	uint64_t debug;

	if (http_request__number(r, "debug", 0, ARRAY_SIZE(wants) - 1, 0, &debug))
		return;
	q = question_new(r, wants[debug]);
	if (q)
		question_ask(s->go, q);
}

void serve_go_block(struct serve *s, struct http_request *r)
{
	struct go_question *q;
	uint64_t seconds;

	if (!s->go) {
		http_request__refuse(r, 404, "goroutines are not watched: start dwell serve --go");
		return;
	}
	if (http_request__number(r, "seconds", 1, GO_MAX_SECONDS, GO_DEFAULT_SECONDS, &seconds))
		return;
	q = question_new(r, GO_WANT_BLOCK);
	if (!q)
		return;
	q->duration_ns = seconds * 1000000000;
	question_ask(s->go, q);
}
