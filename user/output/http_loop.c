/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The thread that serves everybody: waits, lets libmicrohttpd read and write, and ends what takes too long. */
#include <stdlib.h>

#include "base/os_clock.h"
#include "base/os_peer.h"
#include "output/http_part.h"

#define HTTP_WATCH_MS 100

/* ---- connections ---- */

struct http_conn *http_conn__new(struct http_listener *l, int fd)
{
	struct http_conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->listener = l;
	c->fd = fd;
	c->since_ns = os_monotonic_ns();
	c->prev = l->last;
	*(l->last ? &l->last->next : &l->conns) = c;
	l->last = c;
	l->conn_cnt++;
	return c;
}

void http_conn__free(struct http_conn *c)
{
	struct http_listener *l = c->listener;

	*(c->prev ? &c->prev->next : &l->conns) = c->next;
	*(c->next ? &c->next->prev : &l->last) = c->prev;
	l->conn_cnt--;
	free(c);
}

static void http_conn__hang_up(struct http_conn *c)
{
	if (!c->hung_up)
		os_peer_hang_up(c->fd);
	c->hung_up = true;
}

/* Has its client waited until now, and goes on waiting? */
static bool http_conn__rests(const struct http_conn *c)
{
	struct http_server *s = c->listener->server;
	bool rests;

	if (!c->request)
		return false;
	os_mutex__lock(&s->lock);
	rests = c->request->parked && !c->request->answered && !c->request->gone;
	os_mutex__unlock(&s->lock);
	return rests;
}

/* Nobody waits for the answer any more (@gone), or the server stops. The connection goes on, to its end. */
static void http_conn__give_up(struct http_conn *c, bool gone)
{
	struct http_request *r = c->request;
	struct http_server *s = r->server;
	bool resume;

	os_mutex__lock(&s->lock);
	resume = r->parked && !r->answered && !r->gone;
	if (resume) {
		r->gone = true;
		r->cut = !gone;
	}
	os_mutex__unlock(&s->lock);
	if (resume)
		http_mhd_resume(r->mhd);
}

/* Does its request take too long to come, or the answer to be fetched? */
static bool http_conn__is_slow(const struct http_conn *c, uint64_t now_ns)
{
	if (!c->request)
		return now_ns - c->since_ns > HTTP_HEAD_NS;
	return c->request->fetch_ns && now_ns > c->request->fetch_ns;
}

static void http_conn__watch(struct http_conn *c, uint64_t now_ns)
{
	if (http_conn__is_slow(c, now_ns))
		http_conn__hang_up(c);
	else if (http_conn__rests(c) && os_peer_gone(c->fd))
		http_conn__give_up(c, true);
}

/*
 * Makes room where many connect and ask nothing, so that one who asks at once is heard: those that waited longest go
 * first. When all fetch answers, the one that has been at it longest.
 */
static void http_listener__make_room(struct http_listener *l, uint64_t now_ns)
{
	struct http_conn *slow = NULL;
	size_t cnt = l->conn_cnt;

	for (struct http_conn *c = l->conns; c && cnt > HTTP_CROWD; c = c->next) {
		bool old = now_ns - c->since_ns > HTTP_CROWD_NS;

		if (!c->request && old) {
			http_conn__hang_up(c);
			cnt--;
		} else if (!slow && c->request && c->request->fetch_ns && !c->hung_up &&
			   now_ns - c->since_ns > HTTP_CROWD_SLOW_NS) {
			slow = c;
		}
	}
	if (slow && cnt >= HTTP_MAX_CONNECTIONS)
		http_conn__hang_up(slow);
}

static void http_watch(struct http_server *s)
{
	uint64_t now_ns = os_monotonic_ns();

	for (size_t i = 0; i < s->listener_cnt; i++) {
		struct http_listener *l = &s->listeners[i];

		for (struct http_conn *c = l->conns; c; c = c->next)
			http_conn__watch(c, now_ns);
		http_listener__make_room(l, now_ns);
	}
}

/* ---- the loop ---- */

/* Answers that were given meanwhile to requests that are parked. */
static void http_resume_answered(struct http_server *s)
{
	struct http_request *r, *next;

	os_mutex__lock(&s->lock);
	r = s->done;
	s->done = NULL;
	os_mutex__unlock(&s->lock);
	for (; r; r = next) {
		next = r->next_done;
		if (r->conn)
			http_mhd_resume(r->mhd);
		http_request__unref(r);
	}
}

static size_t http_conn_cnt(const struct http_server *s)
{
	size_t cnt = 0;

	for (size_t i = 0; i < s->listener_cnt; i++)
		cnt += s->listeners[i].conn_cnt;
	return cnt;
}

static void http_round(struct http_server *s)
{
	int fds[HTTP_MAX_LISTENERS], timeout_ms = http_conn_cnt(s) ? HTTP_WATCH_MS : -1;

	for (size_t i = 0; i < s->listener_cnt; i++) {
		int ms = http_mhd__timeout_ms(s->listeners[i].mhd);

		fds[i] = http_mhd__fd(s->listeners[i].mhd);
		if (ms >= 0 && (timeout_ms < 0 || ms < timeout_ms))
			timeout_ms = ms;
	}
	os_wait(fds, s->listener_cnt, &s->waker, timeout_ms);
	http_resume_answered(s);
	for (size_t i = 0; i < s->listener_cnt; i++)
		http_mhd__run(s->listeners[i].mhd);
	http_watch(s);
}

static bool http_is_stopping(struct http_server *s)
{
	bool stopping;

	os_mutex__lock(&s->lock);
	stopping = s->stopping;
	os_mutex__unlock(&s->lock);
	return stopping;
}

/* Lets connections go that have nothing to get any more; true while others are left. */
static bool http_say_goodbye(struct http_server *s)
{
	for (size_t i = 0; i < s->listener_cnt; i++)
		for (struct http_conn *c = s->listeners[i].conns; c; c = c->next) {
			if (c->request)
				http_conn__give_up(c, false);
			else
				http_conn__hang_up(c);
		}
	return http_conn_cnt(s);
}

static void http_finish(struct http_server *s)
{
	uint64_t end_ns = os_monotonic_ns() + HTTP_STOP_NS;

	for (size_t i = 0; i < s->listener_cnt; i++) {
		http_mhd__quiesce(s->listeners[i].mhd);
		os_listener__close(&s->listeners[i].socket);
	}
	while (http_say_goodbye(s) && os_monotonic_ns() < end_ns)
		http_round(s);
	for (size_t i = 0; i < s->listener_cnt; i++)
		http_mhd__stop(s->listeners[i].mhd);
	http_resume_answered(s);
}

void *http_loop(void *arg)
{
	struct http_server *s = arg;

	http_set_thread_kind(HTTP_THREAD_SERVING);
	while (!http_is_stopping(s))
		http_round(s);
	http_finish(s);
	return NULL;
}
