/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The beginning and the end of a target's life, which its name and its cgroup decide anew at any time. */
#ifndef DWELL_LIFE_BPF_H
#define DWELL_LIFE_BPF_H

#include "emit.bpf.h"
#include "target.bpf.h"
#include "totals.h"

/*
 * From sched_process_exit to its last switch a thread may wait for a CPU, and no iterator finds it once it has left the
 * list of its process (__unhash_process(), kernel/exit.c). User space waits for those when the window has ended.
 */
static __always_inline void leaving_begin(struct task_state *st)
{
	if (st->flags & TASK_F_LEAVING)
		return;
	st->flags |= TASK_F_LEAVING;
	__sync_fetch_and_add(&ctl.leaving, 1);
}

/* All was told of it. */
static __always_inline void leaving_end(struct task_state *st)
{
	if (!(st->flags & TASK_F_LEAVING))
		return;
	st->flags &= ~TASK_F_LEAVING;
	__sync_fetch_and_add(&ctl.leaving, -1);
}

/* Asked anew each time: a word that outlives calls is one more on a stack of 512 bytes. */
static __always_inline bool life_in_window(__u64 ts)
{
	__u64 start_ns = *(volatile __u64 *)&ctl.start_ns;

	return start_ns && ts > start_ns;
}

/* The thread will not be seen again under this identity: its totals go out. */
static __noinline void finish_task(struct task_struct *task, struct task_state *st, __u64 ts,
				   __u32 flags)
{
	struct wire_summary rec = {};

	leaving_end(st);
	/* User space may know it as one that slept; this tells that it is none of the window's. */
	if (!life_in_window(ts) && !(flags & WIRE_THREAD_EXITED))
		return;
	totals_summary(st, ctl.start_ns, ts, TASK_GET(task, se.sum_exec_runtime),
		       TASK_GET(task, sched_info.run_delay), flags, &rec);
	if (life_in_window(ts) && !st->out_ns && st->in_ns)
		rec.on_cpu_ns += ts - interval_max(st->in_ns, ctl.start_ns);
	if (!ring_send(&rec, sizeof(rec)) && !exit_spill_add(&rec))
		count(WIRE_C_SUMMARY_LOST, 1);
}

/* A thread becomes a target at @ts, on CPU. */
static __always_inline void begin_task(struct task_struct *task, struct task_state *st, __u64 ts)
{
	st->begin_ns = ts;
	st->in_ns = ts;
	st->exec_ns = TASK_GET(task, se.sum_exec_runtime);
	st->out_ns = st->wake_ns = st->early_wake_ns = 0;
	st->on_cpu_ns = st->blocked_ns = st->runnable_ns = st->intervals = 0;
	st->base_on_cpu_ns = TASK_GET(task, se.sum_exec_runtime);
	st->base_runnable_ns = TASK_GET(task, sched_info.run_delay);
	st->flags |= TASK_F_TARGET | TASK_F_BASED;
}

/* Asks anew whether the thread, on CPU, is a target. */
static __always_inline void retarget(struct task_struct *task, struct task_state *st, __u64 ts)
{
	bool was = st->flags & TASK_F_TARGET, is;

	if (!(cfg.target & TARGET_DYNAMIC))
		return;
	is = target_dynamic(task, st);
	if (is && !was)
		begin_task(task, st, ts);
	if (was && !is) {
		finish_task(task, st, ts, 0);
		st->flags &= ~TASK_F_TARGET;
	}
}

/* Looked at whenever the thread switches. */
static __always_inline void refresh_task(struct task_struct *task, struct task_state *st, __u64 ts)
{
	if (task_state_changed(task, st))
		retarget(task, st, ts);
}

#endif
