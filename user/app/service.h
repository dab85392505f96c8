/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The continuous mode: one source that runs on for months, and what is made of it: a profile for each window of
 * time, rotating ones and others that are asked for, and counters.
 *
 *   service__new -> service__run, which returns when a stop signal came -> service__free
 *
 * One thread, the collector, owns all of it. Other threads only ask: service__ask() is the one call that they may make.
 * What they get is theirs, and nothing of it changes any more.
 *
 *   service.c          the loop, windows, requests
 *   service_counts.c   waits -> metrics
 *   service_sweep.c    forgets what nobody needs any more, so that memory stays flat
 */
#ifndef APP_SERVICE_H
#define APP_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/metrics.h"
#include "analyze/wait_facts.h"
#include "analyze/windows.h"
#include "app/session.h"
#include "base/os_thread.h"
#include "source/os_cgroup.h"

/* Who names frames; the same as for session__profile(). */
struct service_naming {
	const struct resolver *const *resolvers;
	const struct line_reader *const *readers;
	/* Forgets what was read of files that grow (perf maps), with @all of others too. 0 or -ENOMEM. NULL: nothing. */
	int (*renew)(void *arg, bool all);
	void *arg;
};

/* A window that is complete. @profile is the callee's. */
typedef void (*service_window_fn)(void *arg, struct profile *profile);

struct service_opts {
	uint64_t
		every_ns; /* length of the rotating windows, on multiples of it by the wall clock; 0: none */
	service_window_fn rotated;
	void *rotated_arg;
	bool whole_max; /* of the rotating windows, see struct window */
	/* Called once the first window has begun; an error ends the run. NULL: nothing. */
	int (*started)(void *arg);
	void *started_arg;
	/*
	 * Called in every round of the loop, ten times a second or more often. An error ends the run, and so does 1, which is
	 * none. NULL: nothing.
	 */
	int (*tick)(void *arg, uint64_t now_ns);
	void *tick_arg;
	struct offcpu_view view;
	struct service_naming naming;
	enum group_by group_by;
	uint32_t max_groups;	     /* 0: GROUPS_DEFAULT_MAX */
	const struct bounds *bounds; /* of histograms of time; NULL: bounds_time */
};

enum service_want {
	SERVICE_COUNTS, /* the counters, and what is blocked now */
	SERVICE_WINDOW, /* a profile of the next @duration_ns */
};

/* A question to the collector. The asker keeps it until @done was called. */
struct service_request {
	enum service_want want;
	uint64_t duration_ns;
	/*
	 * Called once, by the collector: it should only hand over. @err 0: the answer is in the request and the asker's; -EBUSY:
	 * too many windows at a time; -ESHUTDOWN; -ENOMEM.
	 */
	void (*done)(struct service_request *r, int err);
	void *arg;
	struct profile *profile;
	struct service_counts *counts;
	/* The service's. */
	bool cut_for; /* what is open will be known when the cut has settled */
	struct service_request *next;
	struct window *window;
	uint64_t end_ns;
};

/* What is open at a cut. */
struct service_open {
	uint64_t blocked_cnt[REASON_CNT];
	uint64_t longest_ns; /* since when the longest has been blocked */
	uint64_t time_ns;    /* of the cut; 0: none yet */
};

/* All counters at a moment. */
struct service_counts {
	struct metrics metrics;
	struct service_open open;
	uint64_t event_realtime_ns; /* when the last wait was read; 0: never */
};

/* See service_sweep.c. */
struct service_sweep {
	enum {
		SWEEP_IDLE,
		SWEEP_LOOKING, /* at the next cut: who is not needed */
		SWEEP_TOLD,    /* the source knows; at the next cut it is done */
	} phase;
	size_t left;	    /* stacks, threads and images, after the last one */
	bool always, never; /* at every second cut, however little there is; or not at all */
	uint64_t ns;	    /* when the last one ended */
	uint64_t kernel_ns; /* when the kernel's symbols were forgotten */
};

struct service {
	struct session *session;
	struct service_opts opts;
	struct symbolizer *symbols;
	struct windows windows;
	struct window *rotating; /* NULL: no rotation */
	uint64_t cut_ns;	 /* of the cut at hand */
	uint64_t rotate_ns;	 /* when the rotating window ends, CLOCK_REALTIME */
	bool settled;		 /* the cut at hand, in this round */
	bool ended;		 /* the source, while a window was made a profile of */
	uint64_t polled_ns;	 /* while that goes on: when the source was read */
	struct wait_facts facts;
	/* See service_counts.c. */
	struct metrics metrics;
	struct os_cgroups *cgroups;
	struct ledger_term delivered, spilled, still_open;
	struct wire_waked *pending;
	size_t pending_cnt, pending_cap, pending_old_cnt; /* the old ones have seen a round */
	uint64_t event_ns;				  /* when the last wait was read */
	bool all_ext; /* a scheduler of sched_ext has taken over all threads */
	struct service_open open,
		telling; /* of the last cut that is settled, and the one that settles */
	struct service_sweep sweep;
	struct service_request
		*waiting; /* for a cut that was made after they came, for their end */
	/* What the askers share with the collector. */
	struct os_mutex lock;
	struct service_request *asked;
	bool closed; /* no more questions */
};

/* @session and what @opts points to stay the caller's. NULL + errno. */
struct service *service__new(struct session *session, const struct service_opts *opts);
void service__free(struct service *s);
/* Runs @source until os_signal_stop() or its end. What was asked and has no answer then gets -ESHUTDOWN. 0 or -errno. */
int service__run(struct service *s, struct source *source);
/* Another length of windows, from the next one on; from tick(). */
void service__set_every(struct service *s, uint64_t every_ns);
/* From any thread, also before the run. @r->done() may be called before this returns. */
void service__ask(struct service *s, struct service_request *r);
/* The answer to SERVICE_COUNTS. Accepts NULL. */
void service_counts__free(struct service_counts *c);
/* Where all time went so far; exact after the run. */
void service__ledger(const struct service *s, struct ledger *ret);

#endif
