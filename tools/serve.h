/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dwell serve, in parts:
 *
 *   serve_options.c  what can be told to it
 *   serve.c          setting up, the end
 *   serve_metrics.c  what /metrics shows, filled in by the collector
 *   serve_http.c     the routes
 *   serve_calls.c    system calls
 *   serve_go.c       Go programs; serve_go_http.c, serve_go_profile.c their profiles
 *   serve_textfile.c --prom-textfile
 *   serve_watch.c    what is done in every round: the manager's watchdog, --max-cpu, the configuration file
 */
#ifndef TOOLS_SERVE_H
#define TOOLS_SERVE_H

#include "app/option.h"
#include "app/service.h"
#include "app/throttle.h"
#include "app/window_writer.h"
#include "base/os_notify.h"
#include "base/os_privilege.h"
#include "live.h"
#include "naming.h"
#include "output/http.h"
#include "output/metrics_text.h"
#include "source/bpf_syscalls.h"

#define SERVE_CONFIG_PATH "/etc/dwell/dwell.conf"
#define SERVE_MAX_LISTEN  8
#define SERVE_MAX_UIDS	  16
#define SERVE_MAX_ROUTES  16

struct serve_config {
	struct live_config live; /* first: the parsers of its options see the config as this */
	struct option_file file;
	const char *listen[SERVE_MAX_LISTEN];
	size_t listen_cnt;
	bool listen_public;
	uint32_t uids[SERVE_MAX_UIDS]; /* who may read profiles */
	size_t uid_cnt;
	enum group_by group_by;
	uint64_t max_groups;
	const char *syscalls; /* NULL: not counted */
	const char *buckets;  /* NULL: bounds_time */
	bool go;
	uint64_t go_hz, go_max, go_leak_window_ns;
	const char *out;
	bool pprof;
	uint64_t every_ns, keep_bytes, keep_age_ns;
	const char *spool;
	uint32_t spool_targets;
	uint64_t spool_bytes, spool_age_ns;
	const char *textfile;
	uint32_t max_cpu_ppm; /* 0: no limit */
	const char *user;     /* NULL: stay who we are */
	bool print_config;
	bool service;	 /* of Windows: its service manager runs it */
	const char *log; /* likewise: instead of standard error */
};

/* Rows of option tables for a struct serve_config. */
#define SERVE_MAX_GROUPS_OPTION                                                                   \
	{                                                                                         \
		.name = "max-groups", .arg = "N", .type = OPTION_U64,                             \
		.offset = offsetof(struct serve_config, max_groups), .min = 2, .max = GROUPS_MAX, \
		.help = "groups at most, the rest is `other` (default 50)"                        \
	}

#define SERVE_BUCKETS_OPTION                                                                     \
	{                                                                                        \
		.name = "buckets", .arg = "LIST", .type = OPTION_STRING,                         \
		.offset = offsetof(struct serve_config, buckets),                                \
		.help = "bounds of histograms, seconds: 0.001,0.01,0.1... (default: 1, 2 and 5 " \
			"per decade "                                                            \
			"from 1 us to 50 s)"                                                     \
	}

#define SERVE_QUIET_OPTION                                                \
	{                                                                 \
		.letter = 'q', .name = "quiet", .type = OPTION_FLAG,      \
		.offset = offsetof(struct serve_config, live.view.quiet), \
		.help = "no ledger on stderr at the end"                  \
	}

/* A configuration that is, or was, in use. */
struct serve_kept {
	struct serve_kept *next;
	struct serve_config *config;
};

/* System calls, counted beside the rest. To read them is to wait for the kernel, so a thread of its own does. */
struct serve_calls {
	struct syscalls *source; /* NULL: not asked for */
	struct os_thread thread;
	struct call_metrics metrics; /* the thread's */
	/* Shared. */
	struct os_mutex lock;
	struct os_cond wake;
	struct call_metrics told; /* a copy: what is exposed */
	bool stop;
	int err; /* why the thread ended */
};

struct serve_go; /* see serve_go.h */

/* All that one run holds. */
struct serve {
	const struct command *command;
	const struct serve_config *config;
	struct serve_kept *kept; /* configurations of reloads, the last one first */
	struct session *session;
	struct source *source;
	struct naming naming;
	struct service *service;
	struct window_writer *writer; /* NULL: nothing is written */
	struct http_server *http;
	struct http_route routes[SERVE_MAX_ROUTES];
	struct serve_textfile *textfile; /* NULL: not asked for */
	struct bounds bounds;
	struct serve_calls calls;
	struct serve_go *go; /* NULL: not asked for */
	/* Of the collector. */
	struct os_notify notify;
	struct throttle throttle;
	uint64_t min_ns; /* what that came to */
	uint64_t notify_ns, watched_ns;
	struct os_privilege rights; /* what was given up */
	bool ready_told;
	bool reload_ok;
	uint64_t reload_realtime_ns;
	/* Shared: written by one, read by any. */
	uint64_t round_ns; /* when the last round ended: the loop lives */
	bool running;
	uint64_t scrape_ns, exposition_bytes; /* of the last exposition */
};

/* ---- serve_metrics.c: in the collector's thread ---- */

/* What there is to expose; takes @counts over. NULL: no memory. */
struct metrics_snapshot *serve_snapshot(struct serve *s, struct service_counts *counts);
/* The rest, which may wait for disks: in any thread. */
void serve_snapshot_finish(const struct serve *s, struct metrics_snapshot *m);

/* ---- serve_watch.c ---- */

/* Before probes are loaded and programs of others read: only what that takes is kept. 0 or -errno with error_set(). */
int serve_narrow(struct serve *s);

/* ---- serve_http.c ---- */

/* Binds as configured. 0 or -errno with error_set(). */
int serve_http_open(struct serve *s);

/* ---- serve_calls.c ---- */

/* 0 or -errno with error_set(). */
int serve_calls_open(struct serve *s);
/* 0, or -errno if calls can't be read any more. */
int serve_calls_check(struct serve *s);
/* What was counted, at most a second old. */
void serve_calls_copy(struct serve *s, struct call_metrics *ret);
void serve_calls_close(struct serve *s);

/* ---- serve_go.c ---- */

/* 0 or -errno. */
int serve_go_open(struct serve *s);
void serve_go_close(struct serve *s);
/* Now and then, in the collector's thread: tells which processes there are. 0, or -errno if it can't go on. */
int serve_go_tick(struct serve *s);
/* 0 or -ENOMEM. */
int serve_go_snapshot(struct serve *s, struct metrics_snapshot *m);
/* Handlers: all goroutines now; where they did not run in the next seconds (@s->go may be NULL). */
void serve_go_goroutines(void *arg, struct http_request *r);
void serve_go_block(struct serve *s, struct http_request *r);

/* ---- serve_textfile.c ---- */

/* 0 or -errno. */
int serve_textfile_open(struct serve *s);
void serve_textfile_close(struct serve *s);
void serve_textfile_tick(struct serve *s, uint64_t now_ns);
/* How writing it goes. */
void serve_textfile_output(const struct serve *s, struct metrics_output *ret);

/* ---- serve_watch.c ---- */

/* A struct service_opts' tick. */
int serve_tick(void *arg, uint64_t now_ns);

#endif
