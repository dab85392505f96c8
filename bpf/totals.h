/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is told of a thread at its end or the window's: its totals and the interval that is still open. Pure functions,
 * the same lines in the kernel and in user space (where there are no task iterators).
 */
#ifndef DWELL_TOTALS_H
#define DWELL_TOTALS_H

#include "filter.h"
#include "interval.h"

/* What the last look at a thread writes; both in one go. */
struct totals_records {
	struct wire_summary summary;
	struct wire_interval open;
};

/* @exec_ns, @delay_ns: the kernel's figures now (schedstat fields 1 and 2). @flags: enum wire_thread_flags. */
static __always_inline void totals_summary(const struct task_state *st, __u64 start_ns,
					   __u64 end_ns, __u64 exec_ns, __u64 delay_ns, __u32 flags,
					   struct wire_summary *rec)
{
	rec->h.kind = WIRE_SUMMARY;
	rec->h.size = sizeof(*rec);
	rec->key.start_ns = st->start_ns;
	rec->key.tid = st->tid;
	rec->key.comm_gen = st->comm_gen;
	rec->image = st->image;
	rec->begin_ns = interval_max(st->begin_ns, start_ns);
	rec->end_ns = end_ns;
	rec->on_cpu_ns = st->on_cpu_ns;
	rec->blocked_ns = st->blocked_ns;
	rec->runnable_ns = st->runnable_ns;
	rec->intervals = st->intervals;
	if (st->flags & TASK_F_BASED) {
		rec->kernel_on_cpu_ns = exec_ns - st->base_on_cpu_ns;
		rec->kernel_runnable_ns = delay_ns - st->base_runnable_ns;
	}
	if (st->flags & TASK_F_KTHREAD)
		flags |= WIRE_THREAD_KTHREAD;
	if (st->flags & TASK_F_BASE_APPROX)
		flags |= WIRE_THREAD_BASE_APPROX;
	if (st->flags & TASK_F_GROUP_DEAD)
		flags |= WIRE_THREAD_GROUP_DEAD;
	rec->flags = flags;
	__builtin_memcpy(rec->comm, st->comm, sizeof(rec->comm));
}

/* @min_ns: as filter_throttles() wants it. */
static __always_inline void totals_open(const volatile struct config *cfg, __u64 min_ns,
					const struct task_state *st, const struct interval *iv,
					const struct wire_thread_key *thread,
					struct wire_interval *rec)
{
	rec->h.kind = WIRE_INTERVAL;
	rec->h.size = sizeof(*rec);
	rec->thread = *thread;
	rec->out_ns = iv->out_ns;
	rec->wake_ns = iv->wake_ns;
	rec->in_ns = iv->in_ns;
	rec->kernel_stack = st->kernel_stack;
	rec->user_stack = st->user_stack;
	rec->wait = st->wait;
	rec->wait.flags |= WIRE_F_OPEN | (iv->flags & ~(WIRE_F_NO_WAKEUP | WIRE_F_CLAMPED));
	if (!filter_interval(cfg, st->flags, &st->wait, iv->in_ns - iv->out_ns) ||
	    filter_throttles(min_ns, st, iv->out_ns, iv->in_ns - iv->out_ns))
		rec->wait.flags |= WIRE_F_FILTERED;
}

/* At the window's end @stop_ns. @queued: the thread is to run. True: an interval is open, both records are filled. */
static __always_inline bool totals_final(const volatile struct config *cfg, __u64 min_ns,
					 struct task_state *st, __u64 start_ns, __u64 stop_ns,
					 __u64 exec_ns, __u64 delay_ns, bool queued,
					 struct totals_records *out)
{
	struct interval iv;

	__builtin_memset(out, 0, sizeof(*out));
	totals_summary(st, start_ns, stop_ns, exec_ns, delay_ns,
		       st->out_ns ? 0 : WIRE_THREAD_RUNNING, &out->summary);
	if (!st->out_ns && st->in_ns && stop_ns > st->in_ns)
		out->summary.on_cpu_ns += stop_ns - interval_max(st->in_ns, start_ns);
	task_state__settle(st, queued);
	if (!task_state__split(st, stop_ns, start_ns, &iv))
		return false;
	totals_open(cfg, min_ns, st, &iv, &out->summary.key, &out->open);
	return true;
}

#endif
