/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The Go programs among many processes, and looks at their goroutines for months, at random moments and within a budget of CPU time:
 *
 *   go_programs__new -> { go_programs__set_targets now and then, go_programs__step when it is due } ... -> go_programs__free
 *
 * All in one thread, but for go_programs__copy(), which may be any. A process that is no Go program is asked once. One whose runtime is not
 * there yet is asked again for some seconds.
 *
 *   go_programs.c       which processes there are
 *   go_programs_look.c  looking at one, and when
 *   go_programs_slow.c  what is asked less often: its scheduler, what leaks
 */
#ifndef APP_GO_PROGRAMS_H
#define APP_GO_PROGRAMS_H

#include "analyze/go_metrics.h"
#include "app/go_process.h"
#include "base/os_thread.h"
#include "format/go_sched.h"

#define GO_PROGRAMS_DEFAULT_HZ	20
#define GO_PROGRAMS_DEFAULT_MAX 64
#define GO_PROGRAMS_BUDGET_PPM	10000 /* of a CPU: 1 % */

/* A process that shall be watched if it runs Go. */
struct go_target {
	struct wire_image image; /* a process between two execs */
	uint64_t cgroup_id;
};

/* One that is. */
struct go_seen {
	struct go_target target;
	struct go_process *process;
	struct go_facts facts;
	struct go_looks looks;
	int place; /* in the metrics */
	uint64_t due_ns;
	uint64_t cost_ns; /* of a look, on average; 0: not known yet */
	/* See go_programs_slow.c. */
	struct go_sched sched;
	enum { GO_SCHED_WANTED, GO_SCHED_FOUND, GO_SCHED_MISSING } sched_state;
	uint32_t sched_tries;
	uint64_t sched_due_ns;
	struct go_sched_stats stats; /* as read last */
	bool has_stats;
	struct go_leaks leaks;
	uint64_t leaks_due_ns;
};

struct go_programs_opts {
	uint32_t hz;		 /* looks at each process in a second */
	uint32_t max;		 /* processes, up to GO_PROCESSES_MAX */
	uint64_t leak_window_ns; /* see go_leaks.h */
	uint32_t budget_ppm; /* what all looks together may take of one CPU; looks get rarer then */
	/* After each look. An error ends the step. NULL: nothing. */
	int (*looked)(void *arg, struct go_seen *s);
	/* Before the numbers of its stacks become void, and before it goes. NULL: nothing. */
	int (*leaves)(void *arg, struct go_seen *s);
	void *arg;
};

struct go_programs {
	struct go_programs_opts opts;
	struct go_entry *entries; /* of all targets, by image */
	size_t cnt, cap;
	struct go_entry *spare; /* for the next list of them */
	size_t spare_cap;
	bool open; /* some of them are to be opened */
	uint64_t open_ns;
	struct go_seen *seen[GO_PROCESSES_MAX];
	size_t seen_cnt;
	uint64_t random;
	uint64_t left_out_ns; /* of looks that were left out; see go_metrics.overrun_cnt */
	struct go_tally tally;
	struct os_mutex lock;
	struct go_metrics metrics; /* by this lock */
};

/* The groups are taken over. NULL + errno. */
struct go_programs *go_programs__new(const struct go_programs_opts *opts, struct groups *groups);
void go_programs__free(struct go_programs *w);
/* All processes there are now; the list is sorted in place. 0 or -ENOMEM. */
int go_programs__set_targets(struct go_programs *w, struct go_target *targets, size_t cnt);
/* When there is something to do; UINT64_MAX: not before there are other targets. */
uint64_t go_programs__due_ns(const struct go_programs *w);
/* Does what is due. 0, -ENOMEM, or what a callback returned. */
int go_programs__step(struct go_programs *w, uint64_t now_ns);
/* A look at @s now, also if none is due. *@ret_gone: it has ended, and is not there any more. As go_programs__step(). */
int go_programs__look(struct go_programs *w, struct go_seen *s, bool *ret_gone);
/* For an exposition, from any thread. NULL: no memory; go_metrics__free(). */
struct go_metrics *go_programs__copy(struct go_programs *w);

#endif
