/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which requests get to a handler, and what the others are told. */
#include <string.h>

#include "base/os_peer.h"
#include "output/http_part.h"

#define HTTP_LIST_MAX_BYTES 65536

bool http_refuse_early(struct http_request *r)
{
	if (r->head.broken)
		http_request__refuse(r, 400, "this is no proper request");
	else if (r->head.has_body)
		http_request__refuse(r, 413, "requests have no body here");
	else
		return false;
	return true;
}

/* Does the route exist for whom the connection comes from? */
static bool http_exists(const struct http_route *route, const struct http_listener *l)
{
	return !l->open || route->flags & HTTP_PUBLIC;
}

static const struct http_route *http_find(const struct http_listener *l, const char *path)
{
	const struct http_opts *opts = &l->server->opts;

	for (size_t i = 0; i < opts->route_cnt; i++)
		if (strcmp(opts->routes[i].path, path) == 0 && http_exists(&opts->routes[i], l))
			return &opts->routes[i];
	return NULL;
}

/* What there is, as an answer to "/", and to what there is not. */
static void http_list(struct http_request *r, unsigned int status)
{
	const struct http_listener *l = r->conn->listener;
	const struct http_opts *opts = &l->server->opts;
	struct buf text;

	buf__init(&text, HTTP_LIST_MAX_BYTES);
	if (status == 404)
		buf__puts(&text, "there is no such page here, but these:\n");
	for (size_t i = 0; i < opts->route_cnt; i++)
		if (http_exists(&opts->routes[i], l))
			buf__printf(&text, "%-26s %s\n", opts->routes[i].path,
				    opts->routes[i].help);
	if (l->open)
		buf__puts(&text, "profiles are not served beyond this machine: use the unix socket "
				 "behind a proxy\n");
	http_request__reply(r, status, HTTP_TEXT, &text);
}

/* Whose is the other end? Asked once: it can't change. */
static int http_conn__uid(struct http_conn *c, uint32_t *ret_uid)
{
	if (!c->uid_known)
		c->uid_err = os_peer_uid(c->fd, &c->uid);
	c->uid_known = true;
	*ret_uid = c->uid;
	return c->uid_err;
}

static bool http_uid_allowed(const struct http_server *s, uint32_t uid)
{
	if (uid == 0 || uid == s->own_uid)
		return true;
	for (size_t i = 0; i < s->opts.uid_cnt; i++)
		if (s->opts.uids[i] == uid)
			return true;
	return false;
}

/* Lets those in who may see profiles; the others are told what to do. */
static bool http_refuse_private(struct http_request *r)
{
	const struct http_listener *l = r->conn->listener;
	uint32_t uid;
	int err;

	/* Whoever could open it has been allowed to by the file. */
	if (l->socket.guarded)
		return false;
	err = http_conn__uid(r->conn, &uid);
	if (err)
		http_request__refuse(
			r, 403,
			"profiles are not for every user, and the kernel does not tell who asks "
			"(%s): use the unix socket, --listen unix:PATH",
			strerror(-err));
	else if (!http_uid_allowed(r->server, uid))
		http_request__refuse(
			r, 403,
			"profiles are for root and the users that --http-user names, and you are "
			"user %u: use sudo, or the unix socket (--listen unix:PATH, for those who "
			"may write to it), or start dwell serve with --http-user %u",
			uid, uid);
	else
		return false;
	return true;
}

/* Pages of other sites may be a link to here, but may not make a browser work for them. */
static bool http_refuse_page(struct http_request *r)
{
	const struct http_listener *l = r->conn->listener;

	if (!l->open && !l->socket.is_unix && !http_head__is_local(&r->head))
		http_request__refuse(
			r, 421,
			"the Host header is not this machine's: ask for 127.0.0.1, [::1] or "
			"localhost, or put the proxy in front of the unix socket");
	else if (r->head.cross_site && !r->head.navigate && r->route &&
		 r->route->flags & (HTTP_PRIVATE | HTTP_EXPENSIVE))
		http_request__refuse(r, 403, "pages of other sites may not read this");
	else
		return false;
	return true;
}

static bool http_refuse_busy(struct http_request *r)
{
	struct http_server *s = r->server;
	bool stopping, busy = false;

	os_mutex__lock(&s->lock);
	stopping = s->stopping;
	if (!stopping && r->route->flags & HTTP_EXPENSIVE) {
		busy = s->expensive_cnt >= s->opts.max_expensive;
		r->expensive = !busy;
		s->expensive_cnt += r->expensive;
	}
	os_mutex__unlock(&s->lock);
	if (stopping)
		http_request__refuse(r, 503, "dwell is stopping");
	else if (busy)
		http_request__refuse(r, 503,
				     "%zu requests like this one are in progress, which is the "
				     "limit: try again later",
				     s->opts.max_expensive);
	return stopping || busy;
}

void http_dispatch(struct http_request *r, const char *method, const char *path)
{
	bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (strlen(path) <= HTTP_MAX_PATH)
		r->route = http_find(r->conn->listener, path);
	if (http_refuse_page(r))
		return;
	if (!get)
		http_request__refuse(r, 405, "only GET and HEAD are answered here");
	else if (strlen(path) > HTTP_MAX_PATH)
		http_request__refuse(r, 414, "no path here is as long as that");
	else if (!r->route)
		http_list(r, strcmp(path, "/") == 0 ? 200 : 404);
	else if (!(r->route->flags & HTTP_PRIVATE && http_refuse_private(r)) &&
		 !http_refuse_busy(r))
		r->route->handle(r->route->arg, r);
}
