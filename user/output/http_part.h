/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the files of the HTTP server share: see http.h. */
#ifndef OUTPUT_HTTP_PART_H
#define OUTPUT_HTTP_PART_H

#include "base/os_socket.h"
#include "base/os_thread.h"
#include "base/os_wait.h"
#include "output/http.h"
#include "output/http_policy.h"

#define HTTP_MAX_LISTENERS 24

/* Connections without a request are given up for others while there are more than this, if they had this time. */
#define HTTP_CROWD    (HTTP_MAX_CONNECTIONS / 2)
#define HTTP_CROWD_NS 200000000ull
#define HTTP_CROWD_SLOW_NS \
	2000000000ull /* and those that fetch an answer, when there is no room at all */
#define HTTP_MAX_ADDRESS_CONNECTIONS 32 /* of one address, beyond loopback */

struct http_mhd; /* libmicrohttpd's daemon */
struct http_mhd_connection;

/* ---- owned by the serving thread ---- */

struct http_listener {
	struct http_server *server;
	struct os_listener socket;
	bool open; /* beyond loopback: public routes only */
	struct http_mhd *mhd;
	struct http_conn *conns; /* oldest first */
	struct http_conn *last;
	size_t conn_cnt;
};

struct http_conn {
	struct http_listener *listener;
	struct http_conn *prev, *next;
	struct http_request *request; /* NULL: none, or its head is still coming */
	int fd;
	uint64_t since_ns; /* when it was made, or answered last */
	bool hung_up;
	bool uid_known;
	int uid_err;
	uint32_t uid; /* of its other end */
};

/* ---- requests ---- */

struct http_reply {
	unsigned int status;
	char content_type[64];
	struct buf body;
	bool packed;
};

struct http_request {
	struct http_server *server;
	const struct http_route *route;
	struct http_head head; /* points into the connection's memory */
	bool expensive;
	/* The serving thread's. */
	struct http_conn *conn; /* NULL: over */
	struct http_mhd_connection *mhd;
	bool dispatched;
	uint64_t fetch_ns; /* until when its answer has to be fetched; 0: there is none yet */
	/* Whoever answers it has this to itself, until it is answered. */
	struct http_reply reply;
	http_work_fn work;
	void *work_arg;
	struct http_request *next_work;
	/* Under the server's lock. */
	unsigned int refs;
	bool answered;
	bool parked;	       /* its connection rests until it is answered or gone */
	bool gone;	       /* its answer goes nowhere */
	bool cut;	       /* the server stops: 503 */
	uint64_t answer_bytes; /* that are counted in the server's */
	struct http_request *next_done;
};

/* Does what http_request__work() was given, one after the other. */
struct http_worker {
	struct http_server *server;
	struct os_thread thread;
	struct os_cond more;
	struct http_request *first, **last;
	bool busy;
};

enum http_worker_kind { HTTP_WORKER_QUICK, HTTP_WORKER_EXPENSIVE, HTTP_WORKER_CNT };

struct http_server {
	struct http_opts opts;
	uint32_t *uids; /* a copy of those in opts */
	uint32_t own_uid;
	struct http_listener listeners[HTTP_MAX_LISTENERS];
	size_t listener_cnt;
	struct os_thread thread;
	struct os_waker waker;
	struct http_worker workers[HTTP_WORKER_CNT];
	struct os_mutex lock;
	/* Under it. */
	unsigned int refs; /* the owner's, and each request's */
	bool stopping, workers_stopping;
	size_t expensive_cnt;
	uint64_t answer_bytes;
	struct http_request *done; /* answered while they were parked */
};

/* ---- http_request.c ---- */

/* The request that came on @conn; NULL: no memory. */
struct http_request *http_request__new(struct http_conn *conn, struct http_mhd_connection *mhd);
/* The serving thread has nothing more to do with it. */
void http_request__end(struct http_request *r);
void http_request__unref(struct http_request *r);
/* Makes it a sentence. */
void http_reply__say(struct http_reply *a, unsigned int status, const char *sentence);
/* Gives up what an answer holds. */
void http_reply__fini(struct http_reply *a);
/* Releases the server; the last one frees it. */
void http_server__unref(struct http_server *s);

/* ---- http_dispatch.c ---- */

/* Answers what needs no handler to be answered, before its body comes. True: it is answered. */
bool http_refuse_early(struct http_request *r);
/* Calls the handler for it, or answers. */
void http_dispatch(struct http_request *r, const char *method, const char *path);

/* ---- http_worker.c ---- */

int http_workers__start(struct http_server *s);
void http_workers__stop(struct http_server *s);
/* What the calling thread is to the server. */
enum http_thread_kind { HTTP_THREAD_FOREIGN, HTTP_THREAD_SERVING, HTTP_THREAD_WORKING };
enum http_thread_kind http_thread_kind(void);
void http_set_thread_kind(enum http_thread_kind kind);

/* ---- http_loop.c ---- */

/* The thread that serves: @arg is the server. */
void *http_loop(void *arg);
/* What libmicrohttpd tells: a connection came, went. NULL: no memory. */
struct http_conn *http_conn__new(struct http_listener *l, int fd);
void http_conn__free(struct http_conn *c);

/* ---- http_mhd.c: the only one that knows libmicrohttpd. All for the serving thread. ---- */

bool http_mhd_works(void);
/* Serves the listener's socket from now on. NULL + errno. */
struct http_mhd *http_mhd__start(struct http_listener *l);
/* The descriptor to wait for, and how long at most; -1: for ever. */
int http_mhd__fd(const struct http_mhd *m);
int http_mhd__timeout_ms(const struct http_mhd *m);
/* Does all that can be done at once. */
void http_mhd__run(struct http_mhd *m);
/* No more connections: the socket is the listener's again. */
void http_mhd__quiesce(struct http_mhd *m);
void http_mhd__stop(struct http_mhd *m);
/* A parked connection goes on. */
void http_mhd_resume(struct http_mhd_connection *c);
const char *http_mhd_header(struct http_mhd_connection *c, const char *name);
/* The value of a parameter; *@ret_cnt: how often it is there. */
const char *http_mhd_parameter(struct http_mhd_connection *c, const char *name,
			       unsigned int *ret_cnt);

#endif
