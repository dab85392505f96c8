/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_peer.h"
#include "output/http_part.h"

bool http_server_works(void)
{
	return http_mhd_works();
}

/* ---- where to listen ---- */

/* Takes a socket into use, if that is allowed. It is the server's in any case. */
static int http_add_listener(struct http_server *s, const struct os_listener *socket)
{
	struct http_listener *l = &s->listeners[s->listener_cnt++];

	*l = (struct http_listener){.server = s, .socket = *socket};
	l->open = !socket->is_unix && !socket->loopback;
	if (l->open && !s->opts.listen_public)
		return error_set(
			-EPERM,
			"%s can be reached from other machines, where anybody could read from it: "
			"use unix:PATH behind a proxy that asks for passwords, or with "
			"--listen-public offer the metrics only",
			l->socket.name);
	return 0;
}

static int http_listen_on(struct http_server *s, const char *text)
{
	struct os_listen_spec spec;
	struct os_listener socket;
	int err;

	if (s->listener_cnt == HTTP_MAX_LISTENERS)
		return error_set(-E2BIG, "at most %d addresses can be listened on",
				 HTTP_MAX_LISTENERS);
	err = os_listen_parse(text, &spec);
	if (err)
		return err;
	/* Nobody gets as far as a connection to what is not allowed. */
	if (!spec.is_unix && !os_is_loopback(spec.host) && !s->opts.listen_public) {
		socket = (struct os_listener){.fd = -1};
		memcpy(socket.name, text, strnlen(text, sizeof(socket.name) - 1) + 1);
		return http_add_listener(s, &socket);
	}
	err = os_listen(&spec, s->opts.unix_gid, &socket);
	return err ? err : http_add_listener(s, &socket);
}

static int http_listen(struct http_server *s)
{
	struct os_listener passed[OS_LISTEN_MAX];
	size_t passed_cnt = 0;
	int err = os_listen_activated(passed, OS_LISTEN_MAX, &passed_cnt);

	for (size_t i = 0; i < passed_cnt; i++) {
		int refused = http_add_listener(s, &passed[i]);

		err = err ? err : refused;
	}
	for (size_t i = 0; !err && i < s->opts.listen_cnt; i++)
		err = http_listen_on(s, s->opts.listen[i]);
	if (!err && !s->listener_cnt)
		err = http_listen_on(s, HTTP_DEFAULT_LISTEN);
	return err;
}

const char *http_server__address(const struct http_server *s, size_t i)
{
	return i < s->listener_cnt ? s->listeners[i].socket.name : NULL;
}

/* ---- its life ---- */

static void http_server__free(struct http_server *s)
{
	for (int i = 0; i < HTTP_WORKER_CNT; i++)
		os_cond__fini(&s->workers[i].more);
	os_mutex__fini(&s->lock);
	os_waker__fini(&s->waker);
	free(s->uids);
	free(s);
}

void http_server__unref(struct http_server *s)
{
	bool last;

	os_mutex__lock(&s->lock);
	last = !--s->refs;
	os_mutex__unlock(&s->lock);
	if (last)
		http_server__free(s);
}

static struct http_server *http_server__new(const struct http_opts *opts)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->opts = *opts;
	s->refs = 1;
	s->waker.fd = -1;
	os_mutex__init(&s->lock);
	for (int i = 0; i < HTTP_WORKER_CNT; i++) {
		struct http_worker *w = &s->workers[i];

		w->server = s;
		w->last = &w->first;
		os_cond__init(&w->more);
	}
	if (!s->opts.max_expensive)
		s->opts.max_expensive = HTTP_MAX_EXPENSIVE;
	if (!s->opts.max_answer_bytes)
		s->opts.max_answer_bytes = HTTP_MAX_ANSWER_BYTES;
	s->uids = calloc(opts->uid_cnt + 1, sizeof(*s->uids));
	if (!s->uids) {
		http_server__free(s);
		errno = ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < opts->uid_cnt; i++)
		s->uids[i] = opts->uids[i];
	s->opts.uids = s->uids;
	return s;
}

struct http_server *http_server__open(const struct http_opts *opts)
{
	struct http_server *s;
	int err;

	if (!http_server_works()) {
		errno = -error_set(-ENOSYS, "this dwell was built without libmicrohttpd: install "
					    "libmicrohttpd-dev and build it again");
		return NULL;
	}
	s = http_server__new(opts);
	if (!s)
		return NULL;
	err = os_waker__init(&s->waker);
	if (!err)
		err = http_listen(s);
	if (!err)
		return s;
	http_server__close(s);
	errno = -err;
	return NULL;
}

int http_server__start(struct http_server *s)
{
	int err = 0;

	s->own_uid = os_peer_own_uid();
	for (size_t i = 0; !err && i < s->listener_cnt; i++) {
		struct http_listener *l = &s->listeners[i];

		l->mhd = http_mhd__start(l);
		if (!l->mhd)
			err = error_set(-errno, "cannot serve HTTP on %s: %s", l->socket.name,
					strerror(errno));
	}
	if (!err)
		err = http_workers__start(s);
	if (!err)
		err = os_thread__start(&s->thread, "dwell-http", http_loop, s);
	if (err)
		http_server__stop(s);
	return err;
}

void http_server__stop(struct http_server *s)
{
	bool served;

	if (!s)
		return;
	served = s->thread.running;
	os_mutex__lock(&s->lock);
	s->stopping = true;
	os_mutex__unlock(&s->lock);
	if (served)
		os_waker__wake(&s->waker);
	os_thread__join(&s->thread);
	http_workers__stop(s);
	for (size_t i = 0; i < s->listener_cnt; i++) {
		struct http_listener *l = &s->listeners[i];

		if (!served && l->mhd) {
			http_mhd__quiesce(l->mhd);
			http_mhd__stop(l->mhd);
		}
		l->mhd = NULL;
		os_listener__close(&l->socket);
	}
}

void http_server__close(struct http_server *s)
{
	if (!s)
		return;
	http_server__stop(s);
	http_server__unref(s);
}
