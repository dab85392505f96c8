/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A server that does nothing but serve, for tests/live/test_http.py:
 *
 *   serve_http [public] [uid=N] [gid=N] [busy=N] [bytes=N] [ADDRESS]...
 *
 * It says where it listens and "ready", serves until its standard input ends, stops, and only then answers what is left.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_socket.h"
#include "base/os_thread.h"
#include "output/http.h"

#define WAITING_MAX 1024
#define BODY_MAX    (256u << 20)

/* The one that answers later, as the collector does. */
struct later {
	struct os_mutex lock;
	struct os_cond more;
	struct os_thread thread;
	struct {
		struct http_request *request;
		uint64_t due_ns;
		uint64_t bytes;
	} waiting[WAITING_MAX];
	size_t cnt;
	uint64_t gone_cnt, answered_cnt;
	bool stopped;
};

static struct later later;

static void fill(struct buf *body, uint64_t bytes)
{
	buf__init(body, BODY_MAX);
	for (uint64_t line = 0; body->len < bytes; line++)
		if (buf__printf(body, "main;work;wait_%" PRIu64 " %" PRIu64 "\n", line % 97, line))
			return;
	body->len = bytes;
}

static void answer(struct http_request *r, uint64_t bytes)
{
	struct buf body;

	fill(&body, bytes);
	http_request__reply(r, 200, HTTP_TEXT, &body);
	buf__fini(&body);
}

static void later_answer(size_t i)
{
	struct http_request *r = later.waiting[i].request;
	uint64_t bytes = later.waiting[i].bytes;
	bool gone = http_request__gone(r);

	later.waiting[i] = later.waiting[--later.cnt];
	later.gone_cnt += gone;
	later.answered_cnt += !gone;
	answer(r, bytes);
}

static void *later_run(void *arg)
{
	(void)arg;
	os_mutex__lock(&later.lock);
	while (!later.stopped) {
		for (size_t i = later.cnt; i-- > 0;)
			if (os_monotonic_ns() >= later.waiting[i].due_ns ||
			    http_request__gone(later.waiting[i].request))
				later_answer(i);
		os_cond__wait_for(&later.more, &later.lock, 10);
	}
	while (later.cnt)
		later_answer(later.cnt - 1);
	os_mutex__unlock(&later.lock);
	return NULL;
}

/* ---- routes ---- */

static void handle_at_once(void *arg, struct http_request *r)
{
	(void)arg;
	answer(r, 40);
}

static void handle_metrics(void *arg, struct http_request *r)
{
	(void)arg;
	answer(r, 20000);
}

static void handle_later(void *arg, struct http_request *r)
{
	uint64_t ms, bytes;

	(void)arg;
	if (http_request__number(r, "ms", 0, 60000, 200, &ms) ||
	    http_request__number(r, "bytes", 0, BODY_MAX, 40, &bytes))
		return;
	os_mutex__lock(&later.lock);
	if (later.cnt == WAITING_MAX) {
		http_request__refuse(r, 503, "too many wait");
	} else {
		later.waiting[later.cnt].request = r;
		later.waiting[later.cnt].bytes = bytes;
		later.waiting[later.cnt++].due_ns = os_monotonic_ns() + ms * 1000000;
		os_cond__wake(&later.more);
	}
	os_mutex__unlock(&later.lock);
}

static void work_huge(void *arg, struct http_request *r)
{
	uint64_t *bytes = arg;

	answer(r, *bytes);
	free(bytes);
}

static void handle_huge(void *arg, struct http_request *r)
{
	uint64_t *bytes = malloc(sizeof(*bytes));

	(void)arg;
	if (!bytes) {
		http_request__refuse(r, 503, "no memory");
		return;
	}
	if (http_request__number(r, "bytes", 1, BODY_MAX, 8u << 20, bytes))
		free(bytes);
	else
		http_request__work(r, work_huge, bytes);
}

/* A buffer with less room than its content needs. */
static void handle_broken(void *arg, struct http_request *r)
{
	struct buf body;

	(void)arg;
	buf__init(&body, 8);
	buf__puts(&body, "this is longer");
	http_request__reply(r, 200, HTTP_TEXT, &body);
	buf__fini(&body);
}

static void handle_page(void *arg, struct http_request *r)
{
	struct buf body;

	(void)arg;
	buf__init(&body, 4096);
	buf__puts(&body, "<!doctype html><title>page</title><p>a page");
	http_request__reply(r, 200, HTTP_HTML, &body);
	buf__fini(&body);
}

static void handle_echo(void *arg, struct http_request *r)
{
	const char *name = http_request__parameter(r, "name");
	const char *accept = http_request__header(r, "Accept");
	struct buf body;

	(void)arg;
	buf__init(&body, 65536);
	buf__printf(&body, "name %s\naccept %s\n", name ? name : "-", accept ? accept : "-");
	http_request__reply(r, 200, HTTP_TEXT, &body);
	buf__fini(&body);
}

static void handle_counts(void *arg, struct http_request *r)
{
	struct buf body;

	(void)arg;
	buf__init(&body, 4096);
	os_mutex__lock(&later.lock);
	buf__printf(&body, "waiting %zu\ngone %" PRIu64 "\nanswered %" PRIu64 "\n", later.cnt,
		    later.gone_cnt, later.answered_cnt);
	os_mutex__unlock(&later.lock);
	http_request__reply(r, 200, HTTP_TEXT, &body);
	buf__fini(&body);
}

static const struct http_route routes[] = {
	{"/metrics", "numbers", HTTP_PUBLIC, handle_metrics, NULL},
	{"/-/healthy", "", HTTP_PUBLIC, handle_at_once, NULL},
	{"/private", "", HTTP_PRIVATE, handle_at_once, NULL},
	{"/later", "?ms=N", HTTP_PRIVATE | HTTP_EXPENSIVE, handle_later, NULL},
	{"/soon", "?ms=N", HTTP_PRIVATE, handle_later, NULL},
	{"/huge", "?bytes=N", HTTP_PRIVATE | HTTP_EXPENSIVE, handle_huge, NULL},
	{"/broken", "", 0, handle_broken, NULL},
	{"/page", "", 0, handle_page, NULL},
	{"/echo", "?name=", 0, handle_echo, NULL},
	{"/counts", "", 0, handle_counts, NULL},
};

/* ---- main ---- */

static bool option(const char *arg, const char *name, uint64_t *value)
{
	size_t len = strlen(name);

	if (strncmp(arg, name, len) != 0 || arg[len] != '=')
		return false;
	*value = strtoull(arg + len + 1, NULL, 10);
	return true;
}

static int serve(struct http_server *s)
{
	char line[64];

	if (http_server__start(s)) {
		log_error("%s", error_text(-errno));
		return 1;
	}
	for (size_t i = 0; http_server__address(s, i); i++)
		printf("listening %s\n", http_server__address(s, i));
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		;
	return 0;
}

int main(int argc, char **argv)
{
	const char *listen[64];
	struct http_opts opts = {.listen = listen,
				 .unix_gid = OS_SOCKET_NO_GROUP,
				 .routes = routes,
				 .route_cnt = ARRAY_SIZE(routes)};
	uint32_t uids[16];
	struct http_server *s;
	uint64_t n;
	int status;

	for (int i = 1; i < argc && i < 64; i++) {
		if (strcmp(argv[i], "public") == 0)
			opts.listen_public = true;
		else if (option(argv[i], "uid", &n))
			uids[opts.uid_cnt++ % ARRAY_SIZE(uids)] = (uint32_t)n;
		else if (option(argv[i], "gid", &n))
			opts.unix_gid = (uint32_t)n;
		else if (option(argv[i], "busy", &n))
			opts.max_expensive = n;
		else if (option(argv[i], "bytes", &n))
			opts.max_answer_bytes = n;
		else
			listen[opts.listen_cnt++] = argv[i];
	}
	opts.uids = uids;
	s = http_server__open(&opts);
	if (!s) {
		log_error("%s", error_text(-errno));
		return 1;
	}
	os_mutex__init(&later.lock);
	os_cond__init(&later.more);
	if (os_thread__start(&later.thread, "later", later_run, NULL))
		return 1;
	status = serve(s);
	http_server__close(s);
	os_mutex__lock(&later.lock);
	later.stopped = true;
	os_cond__wake(&later.more);
	os_mutex__unlock(&later.lock);
	os_thread__join(&later.thread);
	os_cond__fini(&later.more);
	os_mutex__fini(&later.lock);
	return status;
}
