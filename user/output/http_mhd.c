/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/http_part.h"

#ifdef HAVE_LIBMICROHTTPD

#include <microhttpd.h>

#include "base/os_clock.h"

/*
 * A page has its script and style inside, and may ask us again. Nothing that a name in it could smuggle in may load or send
 * anything elsewhere.
 */
#define HTTP_CSP_HTML                                                       \
	"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "    \
	"script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'none'"
#define HTTP_CSP_OTHER "default-src 'none'; frame-ancestors 'none'"
#define HTTP_RETRY     "5" /* HTTP_RETRY_S */

struct http_mhd {
	struct MHD_Daemon *daemon;
	int fd; /* epoll's */
};

static struct MHD_Connection *http_mhd_of(struct http_mhd_connection *c)
{
	return (struct MHD_Connection *)c;
}

bool http_mhd_works(void)
{
	return MHD_is_feature_supported(MHD_FEATURE_EPOLL) == MHD_YES;
}

/* ---- answers ---- */

static void http_mhd_add_headers(struct MHD_Response *response, const struct http_reply *a)
{
	bool html = strncmp(a->content_type, "text/html", 9) == 0;

	MHD_add_response_header(response, "Content-Type", a->content_type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	MHD_add_response_header(response, "Content-Security-Policy",
				html ? HTTP_CSP_HTML : HTTP_CSP_OTHER);
	MHD_add_response_header(response, "Vary", "Accept-Encoding");
	if (a->packed)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (a->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (a->status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", HTTP_RETRY);
}

/* Hands the answer over, with the memory that holds it. */
static enum MHD_Result http_mhd_queue(struct MHD_Connection *c, struct http_request *r,
				      struct http_reply *a)
{
	static char nothing[] = "";
	struct buf *body = &a->body;
	size_t len = body->len;
	struct MHD_Response *response = MHD_create_response_from_buffer(
		len, body->data ? body->data : nothing,
		body->data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	buf__init(body, 0);
	http_mhd_add_headers(response, a);
	r->fetch_ns =
		os_monotonic_ns() + HTTP_FETCH_NS + (uint64_t)len * 1000000000 / HTTP_FETCH_RATE;
	result = MHD_queue_response(c, a->status, response);
	MHD_destroy_response(response);
	return result;
}

/* What becomes of the connection when the handler has returned, and when it went on after it was parked. */
static enum MHD_Result http_mhd_continue(struct MHD_Connection *c, struct http_request *r)
{
	struct http_server *s = r->server;
	struct http_reply stopping = {.status = 0};
	bool answered, gone, cut;
	enum MHD_Result result;

	os_mutex__lock(&s->lock);
	answered = r->answered;
	gone = r->gone;
	cut = r->cut;
	r->parked = !answered && !gone;
	os_mutex__unlock(&s->lock);
	if (answered)
		return http_mhd_queue(c, r, &r->reply);
	if (!gone) {
		MHD_suspend_connection(c);
		return MHD_YES;
	}
	if (!cut)
		return MHD_NO;
	/* The request's own answer is still in the making. */
	http_reply__say(&stopping, 503, "dwell is stopping");
	result = http_mhd_queue(c, r, &stopping);
	http_reply__fini(&stopping);
	return result;
}

/* ---- what libmicrohttpd calls ---- */

static enum MHD_Result http_mhd_each_header(void *arg, enum MHD_ValueKind kind, const char *name,
					    const char *value)
{
	(void)kind;
	http_head__add(arg, name, value);
	return MHD_YES;
}

/* The head is complete. Whoever answers now closes the connection, as its body will not be read. */
static enum MHD_Result http_mhd_begin(struct MHD_Connection *c, void **ret_request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_conn *conn = info ? info->socket_context : NULL;
	struct http_request *r =
		conn ? http_request__new(conn, (struct http_mhd_connection *)c) : NULL;

	if (!r)
		return MHD_NO;
	*ret_request = r;
	MHD_get_connection_values(c, MHD_HEADER_KIND, http_mhd_each_header, &r->head);
	return http_refuse_early(r) ? http_mhd_queue(c, r, &r->reply) : MHD_YES;
}

static enum MHD_Result http_mhd_handle(void *arg, struct MHD_Connection *c, const char *url,
				       const char *method, const char *version, const char *body,
				       size_t *body_len, void **request)
{
	struct http_request *r = *request;

	(void)arg, (void)version, (void)body;
	if (!r)
		return http_mhd_begin(c, request);
	/* There can be none: see http_refuse_early(). */
	if (*body_len)
		return MHD_NO;
	if (!r->dispatched) {
		r->dispatched = true;
		http_dispatch(r, method, url);
	}
	return http_mhd_continue(c, r);
}

static void http_mhd_completed(void *arg, struct MHD_Connection *c, void **request,
			       enum MHD_RequestTerminationCode why)
{
	struct http_request *r = *request;

	(void)arg, (void)c, (void)why;
	*request = NULL;
	if (!r)
		return;
	r->conn->request = NULL;
	r->conn->since_ns = os_monotonic_ns();
	http_request__end(r);
}

static void http_mhd_notify(void *arg, struct MHD_Connection *c, void **context,
			    enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
		*context = info ? http_conn__new(arg, info->connect_fd) : NULL;
	} else if (*context) {
		http_conn__free(*context);
		*context = NULL;
	}
}

static size_t http_mhd_unescape(void *arg, struct MHD_Connection *c, char *text)
{
	(void)arg, (void)c;
	return http_unescape(text);
}

/* ---- a daemon ---- */

struct http_mhd *http_mhd__start(struct http_listener *l)
{
	struct MHD_OptionItem options[] = {
		{MHD_OPTION_LISTEN_SOCKET, l->socket.fd, NULL},
		{MHD_OPTION_CONNECTION_LIMIT, HTTP_MAX_CONNECTIONS, NULL},
		{MHD_OPTION_PER_IP_CONNECTION_LIMIT, l->open ? HTTP_MAX_ADDRESS_CONNECTIONS : 0,
		 NULL},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_MAX_HEAD_BYTES, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT, HTTP_HEAD_NS / 1000000000, NULL},
		{MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
		{MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)http_mhd_notify, l},
		{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_mhd_completed, l},
		{MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)http_mhd_unescape, l},
		{MHD_OPTION_END, 0, NULL},
	};
	struct http_mhd *m = calloc(1, sizeof(*m));
	const union MHD_DaemonInfo *info;

	if (!m)
		return NULL;
	m->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
				     http_mhd_handle, l, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	info = m->daemon ? MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		free(m);
		errno = EIO;
		return NULL;
	}
	m->fd = info->epoll_fd;
	return m;
}

int http_mhd__fd(const struct http_mhd *m)
{
	return m->fd;
}

int http_mhd__timeout_ms(const struct http_mhd *m)
{
	unsigned long long ms;

	if (MHD_get_timeout(m->daemon, &ms) != MHD_YES)
		return -1;
	return ms > 1000000 ? 1000000 : (int)ms;
}

void http_mhd__run(struct http_mhd *m)
{
	MHD_run(m->daemon);
}

void http_mhd__quiesce(struct http_mhd *m)
{
	MHD_quiesce_daemon(m->daemon);
}

void http_mhd__stop(struct http_mhd *m)
{
	if (!m)
		return;
	MHD_stop_daemon(m->daemon);
	free(m);
}

void http_mhd_resume(struct http_mhd_connection *c)
{
	MHD_resume_connection(http_mhd_of(c));
}

const char *http_mhd_header(struct http_mhd_connection *c, const char *name)
{
	return MHD_lookup_connection_value(http_mhd_of(c), MHD_HEADER_KIND, name);
}

struct http_mhd_search {
	const char *name;
	const char *value;
	unsigned int cnt;
};

static enum MHD_Result http_mhd_each_parameter(void *arg, enum MHD_ValueKind kind, const char *name,
					       const char *value)
{
	struct http_mhd_search *search = arg;

	(void)kind;
	if (strcmp(name, search->name) == 0 && !search->cnt++)
		search->value = value;
	return MHD_YES;
}

const char *http_mhd_parameter(struct http_mhd_connection *c, const char *name,
			       unsigned int *ret_cnt)
{
	struct http_mhd_search search = {.name = name};

	MHD_get_connection_values(http_mhd_of(c), MHD_GET_ARGUMENT_KIND, http_mhd_each_parameter,
				  &search);
	*ret_cnt = search.cnt;
	return search.value;
}

#else /* without libmicrohttpd: nothing is ever started */

bool http_mhd_works(void)
{
	return false;
}

struct http_mhd *http_mhd__start(struct http_listener *l)
{
	(void)l;
	errno = ENOSYS;
	return NULL;
}

int http_mhd__fd(const struct http_mhd *m)
{
	(void)m;
	return -1;
}

int http_mhd__timeout_ms(const struct http_mhd *m)
{
	(void)m;
	return -1;
}

void http_mhd__run(struct http_mhd *m)
{
	(void)m;
}

void http_mhd__quiesce(struct http_mhd *m)
{
	(void)m;
}

void http_mhd__stop(struct http_mhd *m)
{
	(void)m;
}

void http_mhd_resume(struct http_mhd_connection *c)
{
	(void)c;
}

const char *http_mhd_header(struct http_mhd_connection *c, const char *name)
{
	(void)c, (void)name;
	return NULL;
}

const char *http_mhd_parameter(struct http_mhd_connection *c, const char *name,
			       unsigned int *ret_cnt)
{
	(void)c, (void)name;
	*ret_cnt = 0;
	return NULL;
}

#endif
