/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The life of a request: from its handler to the answer, on whatever thread that is given. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "output/http_part.h"

#define HTTP_SENTENCE_MAX_BYTES 4096
#define HTTP_PACK_MIN_BYTES	1024 /* less is not worth it */

/* ---- life ---- */

struct http_request *http_request__new(struct http_conn *conn, struct http_mhd_connection *mhd)
{
	struct http_request *r = calloc(1, sizeof(*r));
	struct http_server *s = conn->listener->server;

	if (!r)
		return NULL;
	r->server = s;
	r->conn = conn;
	r->mhd = mhd;
	r->refs = 2; /* the serving thread's, and that of whoever answers */
	conn->request = r;
	os_mutex__lock(&s->lock);
	s->refs++;
	os_mutex__unlock(&s->lock);
	return r;
}

void http_reply__fini(struct http_reply *a)
{
	buf__fini(&a->body);
}

void http_request__unref(struct http_request *r)
{
	struct http_server *s = r->server;
	bool last;

	os_mutex__lock(&s->lock);
	last = !--r->refs;
	if (last) {
		s->expensive_cnt -= r->expensive;
		s->answer_bytes -= r->answer_bytes;
	}
	os_mutex__unlock(&s->lock);
	if (!last)
		return;
	http_reply__fini(&r->reply);
	free(r);
	http_server__unref(s);
}

void http_request__end(struct http_request *r)
{
	os_mutex__lock(&r->server->lock);
	r->gone = true;
	os_mutex__unlock(&r->server->lock);
	r->conn = NULL;
	r->mhd = NULL;
	http_request__unref(r);
}

bool http_request__gone(const struct http_request *r)
{
	bool gone;

	os_mutex__lock(&r->server->lock);
	gone = r->gone;
	os_mutex__unlock(&r->server->lock);
	return gone;
}

/* ---- what it asks: in a handler's thread only, elsewhere the connection may be gone at any moment ---- */

const char *http_request__header(const struct http_request *r, const char *name)
{
	return http_thread_kind() == HTTP_THREAD_SERVING ? http_mhd_header(r->mhd, name) : NULL;
}

const char *http_request__parameter(const struct http_request *r, const char *name)
{
	unsigned int cnt;

	if (http_thread_kind() != HTTP_THREAD_SERVING)
		return NULL;
	return http_mhd_parameter(r->mhd, name, &cnt);
}

int http_request__number(struct http_request *r, const char *name, uint64_t min, uint64_t max,
			 uint64_t fallback, uint64_t *ret)
{
	unsigned int cnt;
	const char *text = http_mhd_parameter(r->mhd, name, &cnt);

	if (!cnt) {
		*ret = fallback;
		return 0;
	}
	if (cnt == 1 && text && http_parse_number(text, min, max, ret))
		return 0;
	http_request__refuse(r, 400,
			     "%s: give one whole number from %" PRIu64 " to %" PRIu64
			     ", as in ?%s=%" PRIu64,
			     name, min, max, name, fallback >= min ? fallback : min);
	return -EINVAL;
}

/* ---- answering ---- */

void http_reply__say(struct http_reply *a, unsigned int status, const char *sentence)
{
	buf__fini(&a->body);
	buf__init(&a->body, HTTP_SENTENCE_MAX_BYTES);
	buf__puts(&a->body, sentence);
	buf__putc(&a->body, '\n');
	a->status = status;
	a->packed = false;
	snprintf(a->content_type, sizeof(a->content_type), "%s", HTTP_TEXT);
}

/* The answer is complete: it goes out, or nowhere. */
static void http_request__settle(struct http_request *r)
{
	struct http_server *s = r->server;
	struct http_reply *a = &r->reply;

	os_mutex__lock(&s->lock);
	if (a->body.len > s->opts.max_answer_bytes - s->answer_bytes)
		http_reply__say(a, 503,
				"too much is being fetched at the moment: try again later, or "
				"accept gzip");
	r->answer_bytes = a->body.len;
	s->answer_bytes += r->answer_bytes;
	r->answered = true;
	if (r->gone) {
		http_reply__fini(a);
	} else if (r->parked) {
		r->refs++;
		r->next_done = s->done;
		s->done = r;
		os_waker__wake(&s->waker);
	}
	os_mutex__unlock(&s->lock);
	http_request__unref(r);
}

static bool http_is_gzip(const struct buf *body)
{
	return body->len >= 2 && memcmp(body->data, "\x1f\x8b", 2) == 0;
}

static void http_pack(void *arg, struct http_request *r)
{
	struct http_reply *a = &r->reply;
	struct buf packed;

	(void)arg;
	buf__init(&packed, a->body.len);
	/* What does not get shorter goes as it is, as does all when there is no memory. */
	if (!http_request__gone(r) && !gzip_pack(a->body.data, a->body.len, &packed)) {
		buf__fini(&a->body);
		a->body = packed;
		a->packed = true;
	} else {
		buf__fini(&packed);
	}
	http_request__settle(r);
}

void http_request__reply(struct http_request *r, unsigned int status, const char *content_type,
			 struct buf *body)
{
	struct http_reply *a = &r->reply;

	a->status = status;
	snprintf(a->content_type, sizeof(a->content_type), "%s", content_type);
	if (body) {
		a->body = *body;
		buf__init(body, body->max_bytes);
	}
	if (a->body.err)
		http_reply__say(a, a->body.err == -ENOMEM ? 503 : 500,
				a->body.err == -ENOMEM ? "there is no memory for the answer"
						       : "the answer is longer than it may be");
	if (!r->head.gzip || a->body.len < HTTP_PACK_MIN_BYTES || http_is_gzip(&a->body))
		http_request__settle(r);
	else if (http_thread_kind() != HTTP_THREAD_FOREIGN)
		http_pack(NULL, r);
	else
		http_request__work(r, http_pack, NULL);
}

void http_request__refuse(struct http_request *r, unsigned int status, const char *fmt, ...)
{
	char sentence[HTTP_SENTENCE_MAX_BYTES - 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	http_reply__say(&r->reply, status, sentence);
	http_request__settle(r);
}
