/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * An HTTP client that posts, many requests at a time and none that waits: libcurl, where it is there at build time.
 *
 *   http_client_open -> (http_client__post -> http_client__wait... -> http_call__done -> http_call__end)...
 *                    -> http_client__close
 *
 * Certificates are verified, redirects never followed, and what comes back is bounded. For one thread.
 */
#ifndef BASE_OS_HTTP_CLIENT_H
#define BASE_OS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_REPLY_MAX_BYTES  4096	 /* of the answer's body that are kept */
#define HTTP_ANSWER_MAX_BYTES (1u << 20) /* more than that is no answer to a post */

/* Why there is no answer. */
enum http_failure {
	HTTP_OK, /* there is one, whatever it says */
	HTTP_TIMEOUT,
	HTTP_REFUSED, /* nobody listens there, or no way leads there */
	HTTP_DNS,     /* its name has no address */
	HTTP_TLS,     /* no trust, or no common language */
	HTTP_NETWORK, /* anything else: reset, cut off, no HTTP */
};

struct http_post {
	const char *url;
	const char *const *headers; /* "Name: value"; ends with NULL */
	const void *body;	    /* stays the caller's, until http_call__end() */
	size_t body_len;
	const char *ca_file; /* certificates to trust; NULL: those of the system */
	uint64_t max_rate;   /* bytes a second; 0: no limit */
	uint64_t connect_ns; /* to connect at most, 0: 10 s */
	uint64_t stall_ns;   /* without a byte at most, 0: 60 s; in steps of a second */
	uint64_t total_ns;   /* altogether at most; 0: no limit */
};

struct http_answer {
	enum http_failure failure;
	const char *error;	 /* what failed, in words; "" when nothing did */
	int status;		 /* 0: none came */
	uint64_t retry_after_ns; /* that it asks for; 0: it doesn't */
	uint32_t exception;	 /* X-ClickHouse-Exception-Code; 0: none */
	const char *body;	 /* its beginning, NUL-terminated */
	size_t body_len;
};

struct http_client;
struct http_call;

/* Was the program built with libcurl? */
bool http_client_works(void);
/* NULL + errno; ENOTSUP without libcurl. @agent: what it calls itself, "dwell/1.0". */
struct http_client *http_client_open(const char *agent);
/* After the last http_call__end(). */
void http_client__close(struct http_client *c);
/* Begins to post. NULL + errno. */
struct http_call *http_client__post(struct http_client *c, const struct http_post *request);
/* Goes on with all that was begun, waits at most @ns for something to happen. Signals end it early. 0 or -errno. */
int http_client__wait(struct http_client *c, uint64_t ns);
/* Has it come to its end? Then *@ret_answer, valid until http_call__end(). */
bool http_call__done(const struct http_call *call, struct http_answer *ret_answer);
/* Ends it, whether done or not. Accepts NULL. */
void http_call__end(struct http_call *call);

#endif
