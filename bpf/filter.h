/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is delivered: pure decisions, the same lines in the kernel and on the host. */
#ifndef DWELL_FILTER_H
#define DWELL_FILTER_H

#include "config.h"
#include "interval.h"

/*
 * Does the interval pass -u -k -m -M --state? What does not is counted as `filtered`. Open intervals are
 * asked with the part inside the window.
 */
static __always_inline bool filter_interval(const volatile struct config *cfg, __u32 task_flags,
					    const struct wire_wait *wait, __u64 length_ns)
{
	bool kthread = task_flags & TASK_F_KTHREAD;

	if (cfg->threads == CONFIG_THREADS_USER && kthread)
		return false;
	if (cfg->threads == CONFIG_THREADS_KERNEL && !kthread)
		return false;
	if (length_ns < cfg->min_ns || (cfg->max_ns && length_ns > cfg->max_ns))
		return false;
	if (!cfg->state_filter)
		return true;
	return cfg->state_mask ? (wait->state & cfg->state_mask) != 0 : wait->state == 0;
}

/*
 * Is the interval too short at present (--max-cpu)? @min_ns: of struct control. What was told in part at a cut between two windows is
 * told to its end.
 */
static __always_inline bool filter_throttles(__u64 min_ns, const struct task_state *st,
					     __u64 out_ns, __u64 length_ns)
{
	return length_ns < min_ns && st->cut_ns <= out_ns;
}

/* Does the name, NUL-terminated within WIRE_COMM_LEN, match? One step per character, no backtracking. */
static __always_inline bool filter_comm(const volatile struct config_glob *glob, const char *comm)
{
	__u64 set = 1;

	for (int i = 0; i < WIRE_COMM_LEN; i++) {
		__u8 c = (__u8)comm[i];

		if (!c)
			break;
		set = ((set & glob->accept[c]) << 1) | (set & glob->star);
	}
	return (set & glob->final) != 0;
}

#endif
