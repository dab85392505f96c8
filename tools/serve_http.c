/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The routes. The server's threads keep a request and ask the collector; it answers with something that does not change any
 * more, which a thread of the server's then writes and packs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os_clock.h"
#include "base/os_socket.h"
#include "base/os_user.h"
#include "output/writer.h"
#include "serve.h"
#include "version.h"

#define SERVE_MAX_SECONDS     300
#define SERVE_DEFAULT_SECONDS 10
#define SERVE_MAX_PAGE	      (256u << 20)
#define SERVE_ALIVE_NS	      10000000000ull /* a loop that took longer for a round hangs */

/* A request that waits for the collector. */
struct serve_question {
	struct serve *serve;
	struct http_request *http;
	struct service_request ask;
	/* The answer. */
	int err;
	enum exposition_format format;
	struct metrics_snapshot *snapshot;
	const struct writer *writer;
	const char *type;
	uint64_t begin_ns;
};

static void question_free(struct serve_question *q)
{
	metrics_snapshot__free(q->snapshot);
	profile__free(q->ask.profile);
	free(q);
}

static struct serve_question *question_new(struct serve *s, struct http_request *r)
{
	struct serve_question *q = calloc(1, sizeof(*q));

	if (!q) {
		http_request__refuse(r, 503, "no memory");
		return NULL;
	}
	q->serve = s;
	q->http = r;
	q->ask.arg = q;
	q->begin_ns = os_monotonic_ns();
	return q;
}

static void question_refuse(const struct serve_question *q)
{
	switch (q->err) {
	case -EBUSY:
		http_request__refuse(q->http, 503, "too many windows are open: try again later");
		break;
	case -ESHUTDOWN:
		http_request__refuse(q->http, 503, "dwell is stopping");
		break;
	default:
		http_request__refuse(q->http, 503, "%s", strerror(-q->err));
	}
}

/* ---- /metrics ---- */

static void write_metrics(void *arg, struct http_request *r)
{
	struct serve_question *q = arg;
	struct buf body;

	if (q->err) {
		question_refuse(q);
		question_free(q);
		return;
	}
	serve_snapshot_finish(q->serve, q->snapshot);
	buf__init(&body, METRICS_MAX_BYTES);
	metrics_write(q->snapshot, q->format, &body);
	__atomic_store_n(&q->serve->exposition_bytes, body.len, __ATOMIC_RELAXED);
	__atomic_store_n(&q->serve->scrape_ns, os_monotonic_ns() - q->begin_ns, __ATOMIC_RELAXED);
	http_request__reply(r, 200, exposition_content_type(q->format), &body);
	buf__fini(&body);
	question_free(q);
}

static void take_counts(struct service_request *ask, int err)
{
	struct serve_question *q = ask->arg;

	q->err = err;
	if (!err)
		q->snapshot = serve_snapshot(q->serve, ask->counts);
	if (!err && !q->snapshot)
		q->err = -ENOMEM;
	http_request__work(q->http, write_metrics, q);
}

static void handle_metrics(void *arg, struct http_request *r)
{
	struct serve_question *q = question_new(arg, r);

	if (!q)
		return;
	q->format = exposition_negotiate(http_request__header(r, "Accept"));
	q->ask.want = SERVICE_COUNTS;
	q->ask.done = take_counts;
	service__ask(q->serve->service, &q->ask);
}

/* ---- windows ---- */

static void write_window(void *arg, struct http_request *r)
{
	struct serve_question *q = arg;
	struct writer_opts opts = {.live_s = (unsigned int)(q->ask.duration_ns / 1000000000)};
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *mem;
	struct buf body;
	int err = q->err;

	if (err) {
		question_refuse(q);
		question_free(q);
		return;
	}
	buf__init(&body, SERVE_MAX_PAGE);
	mem = http_request__gone(r) ? NULL : open_memstream(&text, &len);
	if (mem) {
		err = q->writer->write(q->ask.profile, &opts, mem);
		if (fclose(mem) && !err)
			err = -ENOMEM;
		if (!err)
			buf__append(&body, text, len);
	}
	if (err)
		http_request__refuse(r, 500, "the profile can't be written: %s", strerror(-err));
	else
		http_request__reply(r, 200, q->type, &body);
	buf__fini(&body);
	question_free(q);
}

static void take_window(struct service_request *ask, int err)
{
	struct serve_question *q = ask->arg;

	q->err = err;
	http_request__work(q->http, write_window, q);
}

static void ask_window(struct serve *s, struct http_request *r, const struct writer *writer,
		       const char *type)
{
	struct serve_question *q;
	uint64_t seconds;

	if (http_request__number(r, "seconds", 1, SERVE_MAX_SECONDS, SERVE_DEFAULT_SECONDS,
				 &seconds))
		return;
	q = question_new(s, r);
	if (!q)
		return;
	q->writer = writer;
	q->type = type;
	q->ask.want = SERVICE_WINDOW;
	q->ask.duration_ns = seconds * 1000000000;
	q->ask.done = take_window;
	service__ask(s->service, &q->ask);
}

/* Of threads, or of goroutines: never of both, since a goroutine in a system call is a blocked thread too. */
static void handle_pprof(void *arg, struct http_request *r)
{
	const char *scheduler = http_request__parameter(r, "scheduler");

	if (!scheduler || !strcmp(scheduler, "thread"))
		ask_window(arg, r, &pprof_writer, "application/octet-stream");
	else if (!strcmp(scheduler, "goroutine"))
		serve_go_block(arg, r);
	else
		http_request__refuse(r, 400, "scheduler: thread (the default) or goroutine");
}

static void handle_folded(void *arg, struct http_request *r)
{
	ask_window(arg, r, &folded_writer, HTTP_TEXT);
}

static void handle_flamegraph(void *arg, struct http_request *r)
{
	ask_window(arg, r, &html_writer, HTTP_HTML);
}

/* ---- the rest ---- */

static void reply_text(struct http_request *r, unsigned int status, const char *text)
{
	struct buf body;

	buf__init(&body, 4096);
	buf__puts(&body, text);
	http_request__reply(r, status, HTTP_TEXT, &body);
	buf__fini(&body);
}

static void handle_healthy(void *arg, struct http_request *r)
{
	const struct serve *s = arg;
	uint64_t round_ns = __atomic_load_n(&s->round_ns, __ATOMIC_RELAXED);

	if (os_monotonic_ns() - round_ns < SERVE_ALIVE_NS)
		reply_text(r, 200, "ok\n");
	else
		http_request__refuse(r, 503, "the loop that reads the kernel's rings hangs");
}

static void handle_ready(void *arg, struct http_request *r)
{
	const struct serve *s = arg;

	if (__atomic_load_n(&s->running, __ATOMIC_RELAXED))
		reply_text(r, 200, "ok\n");
	else
		http_request__refuse(r, 503, "the probes are not attached yet");
}

static void handle_version(void *arg, struct http_request *r)
{
	(void)arg;
	reply_text(r, 200, "dwell " DWELL_VERSION " (" DWELL_REVISION ")\n");
}

int serve_http_open(struct serve *s)
{
	const struct http_route routes[] = {
		{"/metrics", "for Prometheus", HTTP_PUBLIC, handle_metrics, s},
		{"/-/healthy", "200 while it runs", HTTP_PUBLIC, handle_healthy, s},
		{"/-/ready", "200 once it traces", HTTP_PUBLIC, handle_ready, s},
		{"/version", "what this program is", HTTP_PUBLIC, handle_version, s},
		{"/debug/pprof/block",
		 "?seconds=N: off-CPU time of the next N seconds, for go tool pprof; "
		 "&scheduler=goroutine: of goroutines",
		 HTTP_PRIVATE | HTTP_EXPENSIVE, handle_pprof, s},
		{"/folded", "?seconds=N: the same as folded stacks", HTTP_PRIVATE | HTTP_EXPENSIVE,
		 handle_folded, s},
		{"/flamegraph", "?seconds=N: the same as a page that stays up to date",
		 HTTP_PRIVATE | HTTP_EXPENSIVE, handle_flamegraph, s},
		/* The last one: only where goroutines are watched. */
		{"/debug/pprof/goroutine",
		 "the goroutines of Go programs, for go tool pprof; ?debug=2: as tracebacks",
		 HTTP_PRIVATE | HTTP_EXPENSIVE, serve_go_goroutines, s},
	};
	const struct serve_config *c = s->config;
	struct http_opts opts = {
		.listen = c->listen,
		.listen_cnt = c->listen_cnt,
		.listen_public = c->listen_public,
		.unix_gid = OS_SOCKET_NO_GROUP,
		.uids = c->uids,
		.uid_cnt = c->uid_cnt,
		.routes = routes,
		.route_cnt = ARRAY_SIZE(routes) - !c->go,
	};

	memcpy(s->routes, routes, sizeof(routes));
	opts.routes = s->routes;
	/* Who is no such user is said when we are to become it. */
	if (c->user)
		os_user_group(c->user, &opts.unix_gid);
	s->http = http_server__open(&opts);
	return s->http ? 0 : -errno;
}
