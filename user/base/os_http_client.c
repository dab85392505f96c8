/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_http_client.h"

#include <errno.h>

#ifdef HAVE_LIBCURL

#include <curl/curl.h>
#include <string.h>

#include "base/compiler.h"
#include "base/os_clock.h"

#define HTTP_CONNECT_NS 10000000000ull
#define HTTP_STALL_NS	60000000000ull
/* A connection that rested for longer may have been closed by the other side while a request is on its way to it. */
#define HTTP_MAX_REST_S 5
#define HTTP_MAX_CONNS	8
/* http_client__wait() is called more often than that, unless something keeps its caller. */
#define HTTP_MAX_LOOK_NS 1500000000ull
#define HTTP_EXCEPTION	 "X-ClickHouse-Exception-Code:"

struct http_client {
	CURLM *multi;
	const char *agent;
};

struct http_call {
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	uint64_t stall_ns;
	uint64_t moved_ns;  /* when bytes moved last, CLOCK_MONOTONIC */
	uint64_t looked_ns; /* when that was looked at last; 0: never */
	curl_off_t moved;   /* how many had by then */
	bool stalled, done;
	CURLcode code;
	uint32_t exception;
	uint64_t answer_len; /* bytes of the answer's body */
	size_t body_len;     /* of them kept */
	char body[HTTP_REPLY_MAX_BYTES + 1];
	char error[CURL_ERROR_SIZE];
};

bool http_client_works(void)
{
	return true;
}

struct http_client *http_client_open(const char *agent)
{
	struct http_client *c;

	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		errno = EIO;
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (c)
		c->multi = curl_multi_init();
	if (!c || !c->multi) {
		free(c);
		curl_global_cleanup();
		errno = ENOMEM;
		return NULL;
	}
	c->agent = agent;
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_MAX_CONNS);
	return c;
}

void http_client__close(struct http_client *c)
{
	if (!c)
		return;
	curl_multi_cleanup(c->multi);
	curl_global_cleanup();
	free(c);
}

/* ---- what libcurl calls ---- */

static size_t http_take_body(char *data, size_t size, size_t cnt, void *arg)
{
	struct http_call *call = arg;
	size_t len = size * cnt, room = HTTP_REPLY_MAX_BYTES - call->body_len;

	call->answer_len += len;
	if (call->answer_len > HTTP_ANSWER_MAX_BYTES)
		return 0; /* ends the transfer */
	if (room > len)
		room = len;
	memcpy(call->body + call->body_len, data, room);
	call->body_len += room;
	return len;
}

static size_t http_take_header(char *data, size_t size, size_t cnt, void *arg)
{
	struct http_call *call = arg;
	size_t len = size * cnt, at = strlen(HTTP_EXCEPTION);
	uint32_t code = 0;

	if (len <= at || strncasecmp(data, HTTP_EXCEPTION, at) != 0)
		return len;
	while (at < len && data[at] == ' ')
		at++;
	for (; at < len && data[at] >= '0' && data[at] <= '9' && code < 1000000; at++)
		code = code * 10 + (uint32_t)(data[at] - '0');
	call->exception = code;
	return len;
}

/*
 * libcurl's own limit looks at seconds and averages over several. What this process slept through itself, on a slow disk
 * for example, is nobody else's fault and doesn't count.
 */
static int http_watch(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		      curl_off_t up)
{
	struct http_call *call = arg;
	uint64_t now_ns = os_monotonic_ns();

	(void)down_total, (void)up_total;
	if (down + up != call->moved || !call->looked_ns) {
		call->moved = down + up;
		call->moved_ns = now_ns;
	} else if (now_ns - call->looked_ns > HTTP_MAX_LOOK_NS) {
		call->moved_ns += now_ns - call->looked_ns;
	}
	call->looked_ns = now_ns;
	call->stalled = now_ns - call->moved_ns > call->stall_ns;
	return call->stalled;
}

/* ---- calls ---- */

static int http_set_headers(struct http_call *call, const char *const *headers)
{
	/* No question whether the body may come: not every server answers that. */
	static const char *const none[] = {"Expect:", NULL};
	const char *const *lists[] = {none, headers};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (const char *const *h = lists[i]; h && *h; h++) {
			struct curl_slist *list = curl_slist_append(call->headers, *h);

			if (!list)
				return -ENOMEM;
			call->headers = list;
		}
	return 0;
}

static long http_ms(uint64_t ns)
{
	return (long)((ns + 999999) / 1000000);
}

/* Both copies of an option have to succeed: a program that could not ask for verification must not go on. */
#define HTTP_SET(option, value)                                           \
	do {                                                              \
		if (!code)                                                \
			code = curl_easy_setopt(easy, (option), (value)); \
	} while (0)

static CURLcode http_set_limits(CURL *easy, const struct http_post *r)
{
	CURLcode code = CURLE_OK;

	HTTP_SET(CURLOPT_FOLLOWLOCATION, 0L);
	HTTP_SET(CURLOPT_SSL_VERIFYPEER, 1L);
	HTTP_SET(CURLOPT_SSL_VERIFYHOST, 2L);
	HTTP_SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	HTTP_SET(CURLOPT_NOSIGNAL, 1L);
	HTTP_SET(CURLOPT_CONNECTTIMEOUT_MS,
		 http_ms(r->connect_ns ? r->connect_ns : HTTP_CONNECT_NS));
	HTTP_SET(CURLOPT_TIMEOUT_MS, http_ms(r->total_ns));
	HTTP_SET(CURLOPT_MAXAGE_CONN, (long)HTTP_MAX_REST_S);
	HTTP_SET(CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)r->max_rate);
	if (r->max_rate)
		HTTP_SET(CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	if (r->ca_file)
		HTTP_SET(CURLOPT_CAINFO, r->ca_file);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A name server that doesn't answer would hold up everything when its call is given up. */
	HTTP_SET(CURLOPT_QUICK_EXIT, 1L);
#endif
	return code;
}

static CURLcode http_set_post(struct http_call *call, const struct http_post *r)
{
	CURL *easy = call->easy;
	CURLcode code = CURLE_OK;

	HTTP_SET(CURLOPT_URL, r->url);
	HTTP_SET(CURLOPT_USERAGENT, call->client->agent);
	HTTP_SET(CURLOPT_POST, 1L);
	HTTP_SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
	HTTP_SET(CURLOPT_POSTFIELDS, r->body ? r->body : "");
	HTTP_SET(CURLOPT_HTTPHEADER, call->headers);
	HTTP_SET(CURLOPT_ERRORBUFFER, call->error);
	HTTP_SET(CURLOPT_PRIVATE, call);
	HTTP_SET(CURLOPT_WRITEFUNCTION, http_take_body);
	HTTP_SET(CURLOPT_WRITEDATA, call);
	HTTP_SET(CURLOPT_HEADERFUNCTION, http_take_header);
	HTTP_SET(CURLOPT_HEADERDATA, call);
	HTTP_SET(CURLOPT_NOPROGRESS, 0L);
	HTTP_SET(CURLOPT_XFERINFOFUNCTION, http_watch);
	HTTP_SET(CURLOPT_XFERINFODATA, call);
	return code ? code : http_set_limits(easy, r);
}

static int http_begin(struct http_call *call, const struct http_post *r)
{
	int err = http_set_headers(call, r->headers);

	if (err)
		return err;
	call->easy = curl_easy_init();
	if (!call->easy)
		return -ENOMEM;
	call->stall_ns = r->stall_ns ? r->stall_ns : HTTP_STALL_NS;
	if (http_set_post(call, r))
		return -EINVAL;
	return curl_multi_add_handle(call->client->multi, call->easy) ? -ENOMEM : 0;
}

struct http_call *http_client__post(struct http_client *c, const struct http_post *request)
{
	struct http_call *call = calloc(1, sizeof(*call));
	int err;

	if (!call)
		return NULL;
	call->client = c;
	err = http_begin(call, request);
	if (!err)
		return call;
	http_call__end(call);
	errno = -err;
	return NULL;
}

/* Goes on with all calls; how many came to their end. */
static int http_perform(struct http_client *c)
{
	int running, left, done = 0;
	CURLMsg *msg;

	curl_multi_perform(c->multi, &running);
	while ((msg = curl_multi_info_read(c->multi, &left))) {
		char *call = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
		((struct http_call *)(void *)call)->code = msg->data.result;
		((struct http_call *)(void *)call)->done = true;
		done++;
	}
	return done;
}

int http_client__wait(struct http_client *c, uint64_t ns)
{
	CURLMcode code;

	if (http_perform(c))
		return 0;
	code = curl_multi_poll(c->multi, NULL, 0, (int)http_ms(ns), NULL);
	http_perform(c);
	return code == CURLM_OK ? 0 : code == CURLM_OUT_OF_MEMORY ? -ENOMEM : -EIO;
}

static enum http_failure http_failure_of(const struct http_call *call)
{
	switch (call->code) {
	case CURLE_OK:
		return HTTP_OK;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_TIMEOUT;
	case CURLE_ABORTED_BY_CALLBACK:
		return call->stalled ? HTTP_TIMEOUT : HTTP_NETWORK;
	case CURLE_COULDNT_CONNECT:
		return HTTP_REFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HTTP_DNS;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_ENGINE_SETFAILED:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_SHUTDOWN_FAILED:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return HTTP_TLS;
	default:
		return HTTP_NETWORK;
	}
}

static const char *http_error_of(const struct http_call *call)
{
	if (!call->code)
		return "";
	if (call->stalled)
		return "no byte moved for too long";
	if (call->answer_len > HTTP_ANSWER_MAX_BYTES)
		return "it answers more than any answer is long";
	return *call->error ? call->error : curl_easy_strerror(call->code);
}

bool http_call__done(const struct http_call *call, struct http_answer *ret_answer)
{
	curl_off_t retry_after_s = 0;
	long status = 0;

	if (!call->done)
		return false;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	*ret_answer = (struct http_answer){
		.failure = http_failure_of(call),
		.error = http_error_of(call),
		.status = (int)status,
		/* Nobody waits for longer than a day, and longer times would not fit. */
		.retry_after_ns = (uint64_t)(retry_after_s < 0	     ? 0
					     : retry_after_s > 86400 ? 86400
								     : retry_after_s) *
				  1000000000ull,
		.exception = call->exception,
		.body = call->body,
		.body_len = call->body_len,
	};
	return true;
}

void http_call__end(struct http_call *call)
{
	if (!call)
		return;
	if (call->easy) {
		curl_multi_remove_handle(call->client->multi, call->easy);
		curl_easy_cleanup(call->easy);
	}
	curl_slist_free_all(call->headers);
	free(call);
}

#else /* without libcurl */

#include <stddef.h>

bool http_client_works(void)
{
	return false;
}

struct http_client *http_client_open(const char *agent)
{
	(void)agent;
	errno = ENOTSUP;
	return NULL;
}

void http_client__close(struct http_client *c)
{
	(void)c;
}

struct http_call *http_client__post(struct http_client *c, const struct http_post *request)
{
	(void)c, (void)request;
	errno = ENOTSUP;
	return NULL;
}

int http_client__wait(struct http_client *c, uint64_t ns)
{
	(void)c, (void)ns;
	return -ENOTSUP;
}

bool http_call__done(const struct http_call *call, struct http_answer *ret_answer)
{
	(void)call, (void)ret_answer;
	return false;
}

void http_call__end(struct http_call *call)
{
	(void)call;
}

#endif
