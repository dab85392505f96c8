/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is noted about a thread that leaves the CPU: its stacks and what it waits for. And the two ways to mend a
 * life of which the kernel left a switch out.
 */
#ifndef DWELL_CAPTURE_BPF_H
#define DWELL_CAPTURE_BPF_H

#include "stacks.bpf.h"

/* Kernel stacks mostly have the shape of their system call, and of where it is made. */
static __always_inline __u64 kernel_key(struct pt_regs *regs)
{
	return intern_mix(task_syscall(regs), task_user_ip(regs)) | 1;
}

static __always_inline bool wants_stacks(const struct task_state *st)
{
	bool kthread = st->flags & TASK_F_KTHREAD;

	return !(cfg.threads == CONFIG_THREADS_USER && kthread) &&
	       !(cfg.threads == CONFIG_THREADS_KERNEL && !kthread);
}

/* The kernel's own figures from the moment the window began, for comparison. */
static __always_inline void base_task(struct task_struct *task, struct task_state *st,
				      __u64 on_cpu_ns, bool approx)
{
	if (st->flags & TASK_F_BASED)
		return;
	st->base_on_cpu_ns = TASK_GET(task, se.sum_exec_runtime) - on_cpu_ns;
	st->base_runnable_ns = TASK_GET(task, sched_info.run_delay);
	st->flags |= TASK_F_BASED | (approx ? TASK_F_BASE_APPROX : 0);
}

static __always_inline void capture_wait(struct task_struct *task, struct task_state *st,
					 __u32 state, struct pt_regs *regs)
{
	task_wait(task, st->flags & TASK_F_KTHREAD, state, regs, &st->wait);
}

/*
 * The kernel did not report that the thread came (it leaves the CPU, or is found on it): closes the
 * interval where its run time says it ended.
 */
static __always_inline void rebuild_in(struct task_struct *task, struct task_state *st, __u64 ts)
{
	struct interval iv;
	__u64 in = task_state__missed_in(st, ts, TASK_GET(task, se.sum_exec_runtime));

	count(WIRE_C_UNPAIRED, 1);
	if (!(st->flags & TASK_F_BASED))
		st->flags |= TASK_F_BASE_APPROX;
	st->wait.flags |= WIRE_F_REBUILT;
	if (task_state__in(st, in, ctl.start_ns, &iv))
		emit_interval(st, &iv);
	st->flags &= ~TASK_F_SEED;
}

/* Nor that it left: see task_state__rebuild_out(). */
static __always_inline void rebuild_out(struct task_struct *task, struct task_state *st, __u64 ts)
{
	count(WIRE_C_UNPAIRED, 1);
	task_state__rebuild_out(st, ts, TASK_GET(task, se.sum_exec_runtime), ctl.start_ns);
}

#endif
