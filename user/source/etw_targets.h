/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Of whom the waits are wanted that Windows tells of: it tells of the whole system. */
#ifndef SOURCE_ETW_TARGETS_H
#define SOURCE_ETW_TARGETS_H

#include "source/etw_facts.h"

/* Whose waits are told, and which; all zero: everybody's, all of them. */
struct etw_targets {
	const uint32_t *pids, *tids;
	size_t pid_cnt, tid_cnt;
	const char *comm;	     /* a glob for the thread's name; NULL: any */
	bool children;		     /* also processes that those of @pids started, and so on */
	bool user_only, kernel_only; /* threads */
	uint32_t not_pid;	     /* the tracer's own process; 0: none */
	uint64_t min_ns, max_ns;     /* of waits; 0: no limit. Others are counted as filtered. */
};

/* Is the thread one, as it was at @time_ns? */
bool etw_targets__has(const struct etw_targets *t, const struct etw_facts *f, uint32_t tid,
		      uint64_t time_ns);

#endif
