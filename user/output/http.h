/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The HTTP server: libmicrohttpd, where it is there at build time.
 *
 *   http_server__open        binds: may need privileges
 *   http_server__start       serves, in threads of its own
 *   http_server__stop        what has no answer gets 503; waits for the threads
 *   http_server__close
 *
 * A handler gets each request whose path, method and sender are right. It runs in the one thread that serves everybody, so it
 * must not wait: it answers at once, or keeps the request and lets anybody answer it later. Either way exactly once:
 *
 *   http_request__reply, http_request__refuse     from any thread
 *   http_request__work                            later, from a thread where it may take its time
 *
 * A request lives until it was answered, whatever happens to its client or to the server; http_request__gone() tells when
 * nobody waits any more.
 *
 * Who may do what:
 *   - Beyond loopback only HTTP_PUBLIC routes exist, and only with listen_public is anything bound there.
 *   - HTTP_PRIVATE routes are for root, for the server's own user and for opts.uids. On loopback the kernel tells whose
 *     socket it is; on a unix socket it lets in whom the file's permissions allow, unless they allow everybody.
 *   - On loopback the Host header must name this machine: a page of the web can't make a browser read from here
 *     (DNS rebinding). There are no CORS headers.
 *
 * What one can't exhaust: connections, the time that a request may take to come, the size of its head, the number of
 * expensive requests in progress, the memory for answers, the time to fetch one. Bodies of requests are refused.
 *
 *   http.c           sockets, threads, the loop
 *   http_request.c   the life of a request
 *   http_dispatch.c  which requests get to a handler, and what the others are told
 *   http_policy.c    what headers and parameters say: pure functions
 */
#ifndef OUTPUT_HTTP_H
#define OUTPUT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

/* Neither among the ports of Prometheus's exporters nor registered with IANA. */
#define HTTP_DEFAULT_LISTEN "127.0.0.1:19435"

#define HTTP_TEXT "text/plain; charset=utf-8"
#define HTTP_HTML "text/html; charset=utf-8"

struct http_server;
struct http_request;

enum http_route_flags {
	HTTP_PUBLIC = 1 << 0,	 /* is also served beyond loopback */
	HTTP_PRIVATE = 1 << 1,	 /* shows what programs do: not for every user */
	HTTP_EXPENSIVE = 1 << 2, /* few at a time; others get 503 */
};

struct http_route {
	const char *path; /* exactly this */
	const char *help; /* a line for the list of them: "?seconds=N: ..." */
	unsigned int flags;
	void (*handle)(void *arg, struct http_request *r);
	void *arg;
};

struct http_opts {
	/* Where to listen: see os_listen_parse(). None: HTTP_DEFAULT_LISTEN, unless the service manager passed sockets. */
	const char *const *listen;
	size_t listen_cnt;
	bool listen_public; /* TCP beyond loopback is all right */
	uint32_t unix_gid;  /* the group of unix sockets; OS_SOCKET_NO_GROUP */
	const uint32_t *uids;
	size_t uid_cnt;
	/* What they point to stays the caller's. */
	const struct http_route *routes;
	size_t route_cnt;
	size_t max_expensive;	   /* in progress at a time; 0: HTTP_MAX_EXPENSIVE */
	uint64_t max_answer_bytes; /* of answers in memory; 0: HTTP_MAX_ANSWER_BYTES */
};

#define HTTP_MAX_CONNECTIONS  128 /* per address that is listened on */
#define HTTP_MAX_EXPENSIVE    4
#define HTTP_MAX_ANSWER_BYTES (128u << 20) /* answers that wait to be fetched */
#define HTTP_MAX_HEAD_BYTES   (16u << 10)  /* of a request, with what is needed to remember it */
#define HTTP_MAX_PATH	      256
#define HTTP_HEAD_NS \
	10000000000ull /* for a request to come; and until the next one on the same connection */
#define HTTP_FETCH_NS	10000000000ull /* to fetch an answer, and the time for it at this rate: */
#define HTTP_FETCH_RATE (64u << 10)    /* bytes a second */
#define HTTP_RETRY_S	5	       /* what a 503 asks to wait */
#define HTTP_STOP_NS	2000000000ull  /* for the last answers to leave */

/* Was the program built with libmicrohttpd? */
bool http_server_works(void);
/*
 * Listens everywhere that @opts says. NULL + errno with error_set(): ENOSYS without libmicrohttpd, EPERM when it would
 * be open to other machines without listen_public.
 */
struct http_server *http_server__open(const struct http_opts *opts);
/* Answers from now on. The user that the process is now may read everything. 0, or -errno with error_set(). */
int http_server__start(struct http_server *s);
/* Takes at most HTTP_STOP_NS, and the time of the work in progress. Accepts NULL and one that was not started. */
void http_server__stop(struct http_server *s);
/* Stops it. Requests that are still unanswered stay valid, and have to be answered. Accepts NULL. */
void http_server__close(struct http_server *s);
/* The addresses that it listens on, as "127.0.0.1:19435", "unix:PATH"; NULL after the last one. */
const char *http_server__address(const struct http_server *s, size_t i);

/* ---- for handlers, before they return: in another thread there is nothing of this ---- */

/* The value of a header of the request, NULL: none. */
const char *http_request__header(const struct http_request *r, const char *name);
/* The value of "?name=value", NULL: none. */
const char *http_request__parameter(const struct http_request *r, const char *name);
/*
 * A whole number from @min to @max; @fallback when it is not given. 0; or -EINVAL: the request has been answered with 400 and
 * a sentence that says what may be given, and the handler has nothing more to do.
 */
int http_request__number(struct http_request *r, const char *name, uint64_t min, uint64_t max,
			 uint64_t fallback, uint64_t *ret);

/* ---- from any thread ---- */

/*
 * Answers with all of @body, which is left empty; NULL: nothing. A buffer that has an error is answered with 500 or 503.
 * Compressed for those who accept it, unless it is gzip already; in a thread of the server's, except in a handler: so what
 * is large is not answered there. @content_type is copied.
 */
void http_request__reply(struct http_request *r, unsigned int status, const char *content_type,
			 struct buf *body);
/* Answers with a sentence. 503 asks to come back in HTTP_RETRY_S. */
void http_request__refuse(struct http_request *r, unsigned int status, const char *fmt, ...)
	_printf_(3, 4);
/* Is there nobody who waits for the answer? Then it still has to be given, but may be empty. */
bool http_request__gone(const struct http_request *r);

typedef void (*http_work_fn)(void *arg, struct http_request *r);
/*
 * Has @fn(@arg, @r) called soon, in a thread of the server's that does one after the other (expensive requests have one of
 * their own). It is called whatever happens, also for requests that are gone, and answers. After http_server__stop() it
 * is called at once.
 */
void http_request__work(struct http_request *r, http_work_fn fn, void *arg);

#endif
