/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What takes its time is done here: one thread for expensive requests, one for all others. */
#include "output/http_part.h"

static __thread enum http_thread_kind http_this_thread;

enum http_thread_kind http_thread_kind(void)
{
	return http_this_thread;
}

void http_set_thread_kind(enum http_thread_kind kind)
{
	http_this_thread = kind;
}

static struct http_request *http_worker__take(struct http_worker *w)
{
	struct http_request *r = w->first;

	if (!r)
		return NULL;
	w->first = r->next_work;
	if (!w->first)
		w->last = &w->first;
	return r;
}

static void *http_worker_run(void *arg)
{
	struct http_worker *w = arg;
	struct http_server *s = w->server;
	struct http_request *r;

	http_set_thread_kind(HTTP_THREAD_WORKING);
	os_mutex__lock(&s->lock);
	for (;;) {
		r = http_worker__take(w);
		if (!r && s->workers_stopping)
			break;
		if (!r) {
			os_cond__wait(&w->more, &s->lock);
			continue;
		}
		os_mutex__unlock(&s->lock);
		r->work(r->work_arg, r);
		os_mutex__lock(&s->lock);
	}
	os_mutex__unlock(&s->lock);
	return NULL;
}

int http_workers__start(struct http_server *s)
{
	static const char *const names[HTTP_WORKER_CNT] = {
		[HTTP_WORKER_QUICK] = "dwell-http-work",
		[HTTP_WORKER_EXPENSIVE] = "dwell-http-big",
	};
	int err = 0;

	for (int i = 0; !err && i < HTTP_WORKER_CNT; i++)
		err = os_thread__start(&s->workers[i].thread, names[i], http_worker_run,
				       &s->workers[i]);
	return err;
}

void http_workers__stop(struct http_server *s)
{
	os_mutex__lock(&s->lock);
	s->workers_stopping = true;
	for (int i = 0; i < HTTP_WORKER_CNT; i++)
		os_cond__wake(&s->workers[i].more);
	os_mutex__unlock(&s->lock);
	for (int i = 0; i < HTTP_WORKER_CNT; i++)
		os_thread__join(&s->workers[i].thread);
}

void http_request__work(struct http_request *r, http_work_fn fn, void *arg)
{
	struct http_server *s = r->server;
	struct http_worker *w =
		&s->workers[r->expensive ? HTTP_WORKER_EXPENSIVE : HTTP_WORKER_QUICK];
	bool now;

	os_mutex__lock(&s->lock);
	now = s->workers_stopping;
	if (!now) {
		r->work = fn;
		r->work_arg = arg;
		r->next_work = NULL;
		*w->last = r;
		w->last = &r->next_work;
		os_cond__wake(&w->more);
	}
	os_mutex__unlock(&s->lock);
	if (now)
		fn(arg, r);
}
