/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the continuous mode knows of Go programs, by service: a group of processes, as groups.h has them. Processes of one service are
 * added up.
 *
 *   go_metrics__init -> { go_metrics__add after each look, go_metrics__leave } ... -> go_metrics__copy for an exposition
 *     -> go_metrics__fini
 *
 * Labels are of closed sets, and a service has GO_SERVICE_SERIES_MAX series at most, however many goroutines it has: pairs of reason and depth
 * get series when they are first seen, the first GO_CELLS_MAX of them; what comes later counts for the reason "other". Waits by length
 * likewise. What was shown once stays, so no counter moves.
 */
#ifndef ANALYZE_GO_METRICS_H
#define ANALYZE_GO_METRICS_H

#include "analyze/go_leaks.h"
#include "analyze/go_sched_tally.h"
#include "analyze/go_tally.h"
#include "analyze/groups.h"

#define GO_PROCESSES_MAX 256 /* that can be watched at a time */

#define GO_CELLS_MAX 40 /* pairs of reason and depth, beside those of "other" */
#define GO_WAITS_MAX 7	/* reasons that have their own histogram, beside "other" */

/* Why the goroutines of a program that looks like Go can't be read. */
enum go_unread {
	GO_UNREAD_UNSUPPORTED,	 /* made by another compiler, altered, for another processor */
	GO_UNREAD_NO_PERMISSION, /* its memory may not be read */
	GO_UNREAD_NO_GOROUTINES, /* none are there, or none were found */
	GO_UNREAD_TOO_MANY,	 /* programs: see go_programs_opts.max */
	GO_UNREAD_CNT
};

/* What a program's threads do, by its scheduler. */
enum go_thread_state {
	GO_THREAD_USER,	  /* runs a goroutine of the program, or waits in its system call */
	GO_THREAD_SYSTEM, /* the runtime's own; or it is kept for a goroutine that is locked to it */
	GO_THREAD_WAITING, /* for something to do */
	GO_THREAD_STATE_CNT
};

/* Of suspicious sites, by verdict. */
struct go_leak_counts {
	uint64_t goroutine_cnt[GO_LEAK_VERDICT_CNT], site_cnt[GO_LEAK_VERDICT_CNT];
};

struct go_service {
	bool used;	      /* it had a Go process */
	uint64_t shown;	      /* bits of go_cell_bit() */
	uint32_t shown_waits; /* bits of reasons */
	/* Counters. */
	unsigned __int128 blocked_ns[GO_BLOCKED_CNT][GO_DEPTH_CNT];
	struct bounds_counts waits[GO_BLOCKED_CNT];
	uint64_t park_cnt, switch_cnt;
	bool has_parks, has_switches;
	/* Of the scheduler. */
	struct bounds_counts latency, pauses[GO_PAUSE_CNT];
	unsigned __int128 mutex_wait_ns;
	uint64_t created_cnt;
	bool has_sched, has_pauses, has_mutex_wait;
	/* In a copy: of all processes now. */
	struct go_gauges now;
	struct go_leak_counts leaks;
	uint64_t thread_cnt[GO_THREAD_STATE_CNT];
	uint64_t process_cnt;
};

/* A process that is watched. */
struct go_member {
	bool used;
	uint32_t group;
	struct go_gauges now; /* of the last look */
	struct go_leak_counts leaks;
	uint64_t thread_cnt[GO_THREAD_STATE_CNT];
};

struct go_metrics {
	struct groups groups;
	struct go_service *services; /* by slot of the group */
	struct go_member members[GO_PROCESSES_MAX];
	/* Of the looks themselves. */
	struct bounds_counts looks;
	uint64_t torn_cnt, overrun_cnt;
	uint64_t unread_cnt[GO_UNREAD_CNT]; /* processes */
};

/* Lengths of looks: 100 us to 1 s. */
extern const struct bounds go_bounds_look;

/* "unsupported"... */
const char *go_unread_name(enum go_unread why);
/* "user", "system", "idle". */
const char *go_thread_state_name(enum go_thread_state state);
static inline uint64_t go_cell_bit(int reason, int depth)
{
	return 1ull << (reason * GO_DEPTH_CNT + depth);
}

/* The groups are taken over. 0 or -ENOMEM; go_metrics__fini() is right in both cases. */
int go_metrics__init(struct go_metrics *m, struct groups *groups);
void go_metrics__fini(struct go_metrics *m);
/* A place for a process; -1: there is none. */
int go_metrics__join(struct go_metrics *m);
/* What a look at process @place of @group, of groups__get(), found, and how long it took. */
void go_metrics__add(struct go_metrics *m, int place, uint32_t group, const struct go_tally *t,
		     uint64_t look_ns);
/* What its scheduler says, and what is said to leak: after go_metrics__add(). */
void go_metrics__add_sched(struct go_metrics *m, int place, const struct go_sched_tally *t);
void go_metrics__set_leaks(struct go_metrics *m, int place, const struct go_leaks *l);
/* It has ended. Its counters stay. */
void go_metrics__leave(struct go_metrics *m, int place);
/* For an exposition, which is when idle groups retire. NULL: no memory; go_metrics__free(). */
struct go_metrics *go_metrics__copy(struct go_metrics *m, uint64_t now_ns);
void go_metrics__free(struct go_metrics *m);

#endif
