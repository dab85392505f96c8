/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The scheduler of one process that runs Go, from look to look; also when it runs another program meanwhile. */
#ifndef APP_GO_SCHEDULER_H
#define APP_GO_SCHEDULER_H

#include "app/go_process.h"
#include "format/go_sched.h"

/* A zeroed one is to begin with; it owns nothing. */
struct go_scheduler {
	struct go_sched sched;
	uint64_t program; /* the one it was found in */
	struct {
		struct go_sched_stats stats;
		uint64_t ns; /* CLOCK_MONOTONIC */
	} looks[2];	     /* the last one and the one before, in turn */
	uint64_t look_cnt;   /* at that program */
};

/*
 * Reads that of @p, which was looked at before (go_process__read()). @scan: don't look for symbols. 0; -ESTALE: it has ended or
 * runs another program since; else with error_set(): -ENOTSUP, -ENOENT (see go_sched__find()); -EBADMSG: it makes no sense any
 * more; -ENOMEM.
 */
int go_scheduler__read(struct go_scheduler *s, const struct go_process *p, bool scan);
/* The last look. */
const struct go_sched_stats *go_scheduler__stats(const struct go_scheduler *s);
/* The one before, and when it was before; NULL: there was one look only. */
const struct go_sched_stats *go_scheduler__before(const struct go_scheduler *s,
						  uint64_t *ret_interval_ns);

#endif
