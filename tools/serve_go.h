/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the files of dwell serve --go share. */
#ifndef TOOLS_SERVE_GO_H
#define TOOLS_SERVE_GO_H

#include "analyze/go_block.h"
#include "app/go_programs.h"
#include "output/go_pprof.h"
#include "serve.h"
#include "source/os_cgroup.h"

struct go_targets {
	struct go_target *items;
	size_t cnt, cap;
};

enum go_want {
	GO_WANT_PPROF,	/* /debug/pprof/goroutine */
	GO_WANT_STACKS, /* ?debug=1 */
	GO_WANT_EACH,	/* ?debug=2 */
	GO_WANT_BLOCK,	/* /debug/pprof/block?scheduler=goroutine */
};

struct go_question {
	struct go_question *next;
	struct http_request *http;
	enum go_want want;
	uint64_t duration_ns;
	/* Which processes; 0 and "": all. */
	uint32_t pid;
	char comm[2 * WIRE_COMM_LEN];
	/* The thread's. */
	uint64_t begin_ns, begin_realtime_ns;
	struct go_pprof *pprof;
	struct go_block blocks[GO_PROCESSES_MAX]; /* by place of the process */
	/* The answer. */
	int err;
	size_t process_cnt;
	struct buf body;
};

struct serve_go {
	struct os_thread thread;
	/* The thread's. */
	struct go_programs *watch; /* but for go_programs__copy() */
	struct os_cgroups *cgroups;
	struct go_targets taken;
	struct go_question *open; /* whose time is not over */
	/* Shared. */
	struct os_mutex lock;
	struct os_cond wake;
	struct go_targets told; /* by the collector */
	bool has_told;
	struct go_question *asked;
	bool stop, closed;
	int err; /* why the thread ended */
};

/* ---- serve_go_http.c: the handlers, and the way back ---- */

/* Answers @q, in a thread of the server's, and frees it. */
void serve_go_done(struct go_question *q, int err);

/* ---- serve_go_profile.c: in the thread ---- */

/* Answers, or keeps for later, what was asked. */
void serve_go_answer(struct serve_go *g, struct go_question *asked);
/* Answers those whose time is over. */
void serve_go_answer_ended(struct serve_go *g, uint64_t now_ns);
/* The thread has ended. */
void serve_go_refuse_all(struct serve_go *g);
/* Callbacks of the watch. */
int serve_go_looked(void *arg, struct go_seen *s);
int serve_go_leaves(void *arg, struct go_seen *s);

#endif
