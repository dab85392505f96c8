/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The probes for off-CPU time. Each program gathers its facts and calls the state machine (interval.h);
 * what comes out goes through emit.bpf.h. The file is compiled twice: task.bpf.h says how the variants differ.
 *
 *   sched_switch          the thread that leaves: stacks, state; the one that comes: its interval
 *   sched_waking          end of the blocked part (runs on the waker's CPU)
 *   sched_wakeup_new      a new thread waits for its first CPU
 *   sched_process_fork    children of targets
 *   sched_process_exec    a new image
 *   sched_process_exit    the last thread of a process
 *   iter/task             the edges of the window: edges.bpf.h
 */
#include "task.bpf.h"

#include "output.bpf.h"

#include "edges.bpf.h"

#include "waker.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* ---- switching ---- */

/*
 * The parts of a switch are functions of their own because their variables would not fit on one stack: up to 6.1 at least the kernel
 * adds up those of all that are called, callbacks included, and refuses more than 512 bytes.
 */

enum switch_left {
	SWITCH_OUT,    /* nothing is left to do */
	SWITCH_STACKS, /* its stacks are wanted */
	SWITCH_DEAD,   /* it was its last */
};

static __noinline enum switch_left switch_out(struct task_struct *task, bool preempt, __u32 state,
					      __u64 ts)
{
	struct task_state *st = task_state_get(task);
	struct pt_regs *regs;
	__u64 on_cpu_ns;

	if (st)
		refresh_task(task, st, ts);
	if (!st || !(st->flags & TASK_F_TARGET)) {
		/* It may have a state although it is none of ours: as a waker, or until its name changed. */
		if (state & TASK_DEAD_STATE)
			task_state_end(task);
		return SWITCH_OUT;
	}
	regs = task_current_regs(task);
	if (st->out_ns)
		rebuild_in(task, st, ts);
	on_cpu_ns = st->on_cpu_ns;
	capture_wait(task, st, preempt ? 0 : state, regs);
	if (cfg.wakers)
		st->lock = preempt ? 0 : task_futex(regs, &st->wait);
	task_state__out(st, ts, ctl.start_ns, preempt || !state || task_queued(task));
	st->exec_ns = TASK_GET(task, se.sum_exec_runtime);
	if (ctl.start_ns && ts > ctl.start_ns)
		base_task(task, st, st->on_cpu_ns - on_cpu_ns, st->in_ns < ctl.start_ns);
	if (state & TASK_DEAD_STATE) {
		st->flags |= TASK_F_DEAD;
		return SWITCH_DEAD;
	}
	st->kernel_stack = st->user_stack = 0;
	return wants_stacks(st) ? SWITCH_STACKS : SWITCH_OUT;
}

static __noinline void switch_end(struct task_struct *task, __u64 ts)
{
	struct task_state *st = task_state_find(task);

	if (st)
		finish_task(task, st, ts, WIRE_THREAD_EXITED);
	task_state_end(task);
}

static __noinline void switch_late(struct task_struct *task)
{
	finish_late(task);
}

static __noinline void switch_capture(void *ctx, struct task_struct *task, bool preempt, __u64 ts)
{
	struct task_state *st = task_state_find(task);
	struct pt_regs *regs = task_current_regs(task);

	if (!st)
		return;
	/* An interrupt that preempts leaves registers on the path. */
	if (cfg.kernel_stacks)
		st->kernel_stack = capture_kernel(ctx, st, preempt ? 0 : kernel_key(regs), ts);
	if (cfg.user_stacks && !(st->flags & TASK_F_KTHREAD))
		st->user_stack = capture_user(ctx, task, regs, st, ts);
}

static __noinline void switch_in(struct task_struct *task, __u64 ts)
{
	struct task_state *st = task_state_get(task);
	struct interval iv;

	if (!st)
		return;
	if (st->flags & TASK_F_TARGET) {
		if (!st->out_ns && st->in_ns)
			rebuild_out(task, st, ts);
		if (ctl.start_ns && ts > ctl.start_ns)
			base_task(task, st, 0, st->wake_ns && st->wake_ns < ctl.start_ns);
		if (task_state__in(st, ts, ctl.start_ns, &iv))
			emit_interval(st, &iv);
		if (cfg.wakers)
			st->waker.flags = 0;
		st->exec_ns = TASK_GET(task, se.sum_exec_runtime);
		st->flags &= ~TASK_F_SEED;
	}
	if (cfg.target & TARGET_DYNAMIC)
		refresh_task(task, st, ts);
}

static __always_inline bool stopped(__u64 ts)
{
	return ctl.stop_ns && ts >= ctl.stop_ns;
}

static __always_inline int handle_switch(void *ctx, bool preempt, struct task_struct *prev,
					 struct task_struct *next, __u32 prev_state)
{
	__u64 ts = bpf_ktime_get_ns();
	enum switch_left left;

	if (stopped(ts)) {
		if (!preempt && prev_state & TASK_DEAD_STATE)
			switch_late(prev);
		return 0;
	}
	left = switch_out(prev, preempt, prev_state, ts);
	if (left == SWITCH_DEAD)
		switch_end(prev, ts);
	if (left == SWITCH_STACKS)
		switch_capture(ctx, prev, preempt, ts);
	switch_in(next, ts);
	return 0;
}

/* Since fa2c3254d7cf ("sched/tracing: Don't re-read p->state when emitting sched_switch event"), 5.18 */
DWELL_TP_OPTIONAL(sched_switch)
int BPF_PROG(dwell_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	return handle_switch(ctx, preempt, prev, next, prev_state);
}

DWELL_TP_OPTIONAL(sched_switch)
int BPF_PROG(dwell_switch_old, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return handle_switch(ctx, preempt, prev, next, task_raw_state(prev));
}

DWELL_TP(sched_waking)
int BPF_PROG(dwell_waking, struct task_struct *task)
{
	struct task_state *st = task_state_find(task);
	__u64 ts;

	/* Most wake-ups of a system are of others: they cost a look-up. */
	if (!st || st->flags & TASK_F_WAKER)
		return 0;
	ts = bpf_ktime_get_ns();
	if (stopped(ts))
		return 0;
	task_state__wake(st, ts);
	if (cfg.wakers && (st->wake_ns == ts || st->early_wake_ns == ts))
		capture_waker(ctx, task, st, ts);
	return 0;
}

DWELL_TP(sched_wakeup_new)
int BPF_PROG(dwell_wakeup_new, struct task_struct *task)
{
	__u64 ts = bpf_ktime_get_ns();
	struct task_state *st;

	/* First: one that begins after the window is none of ours, and must not get a state. */
	if (stopped(ts))
		return 0;
	st = task_state_get(task);
	if (!st || !(st->flags & TASK_F_TARGET))
		return 0;
	st->begin_ns = ts;
	st->wait.flags = WIRE_F_PREEMPT | WIRE_F_NEW | task_class(task) << WIRE_F_CLASS_SHIFT;
	st->wait.syscall = -1;
	if (st->flags & TASK_F_KTHREAD)
		st->wait.flags |= WIRE_F_KTHREAD;
	st->flags |= TASK_F_BASED; /* both of the kernel's figures begin at 0 */
	st->wake_ns = ts;
	st->out_ns = ts;
	if (cfg.wakers)
		capture_waker(ctx, task, st, ts);
	return 0;
}

/* ---- processes ---- */

DWELL_TP(sched_process_fork)
int BPF_PROG(dwell_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_state *st = task_state_find(parent);
	struct target_pid target = {};
	struct wire_fork rec = {};
	__u64 ts = bpf_ktime_get_ns();

	if (!st || stopped(ts) || !(st->flags & TASK_F_TARGET) ||
	    TASK_GET(child, tgid) == TASK_GET(parent, tgid))
		return 0;
	rec.child = task_image(child);
	if (cfg.target & CONFIG_TARGET_CHILDREN) {
		target.start_ns = rec.child.start_ns;
		if (bpf_map_update_elem(&target_pids, &rec.child.pid, &target, BPF_ANY))
			count(WIRE_C_TASK_STATE_FULL, 1);
	} else if (cfg.target & (CONFIG_TARGET_PIDS | CONFIG_TARGET_TIDS)) {
		return 0;
	}
	count(WIRE_C_FORKS, 1);
	rec.h.kind = WIRE_FORK;
	rec.h.size = sizeof(rec);
	rec.parent = st->image;
	rec.time_ns = ts;
	if (ring_send(&rec, sizeof(rec)))
		inherit_mappings(&rec.parent, &rec.child);
	else
		count(WIRE_C_PROCESS_EVENT_LOST, 1);
	return 0;
}

DWELL_TP(sched_process_exec)
int BPF_PROG(dwell_exec, struct task_struct *task)
{
	struct wire_exec rec = {};
	struct target_pid *target;
	struct task_state *st;
	__u64 ts = bpf_ktime_get_ns();
	__u32 pid;

	if (stopped(ts))
		return 0;
	pid = task_visible_pid(task, TASK_GET(task, tgid));
	target = bpf_map_lookup_elem(&target_pids, &pid);
	if (target && target->after_exec) {
		target->after_exec = 0;
		st = task_state_get(task);
		if (st && (st->flags & TASK_F_TARGET))
			begin_task(task, st, ts);
	}
	st = task_state_find(task);
	if (!st)
		return 0;
	if (st->flags & TASK_F_WAKER) {
		task_state_identify(task, st);
		return 0;
	}
	/* A thread that is not the leader takes over the leader's identity (de_thread(), fs/exec.c). */
	if (st->start_ns != task_start(task) && (st->flags & TASK_F_TARGET)) {
		finish_task(task, st, ts, WIRE_THREAD_EXITED);
		begin_task(task, st, ts);
	}
	task_state_identify(task, st);
	/* An exec renames: the thread may come to be a target, or cease to be one. */
	retarget(task, st, ts);
	if (!(st->flags & TASK_F_TARGET))
		return 0;
	count(WIRE_C_EXECS, 1);
	rec.h.kind = WIRE_EXEC;
	rec.h.size = sizeof(rec);
	rec.image = st->image;
	rec.time_ns = ts;
	__builtin_memcpy(rec.comm, st->comm, sizeof(rec.comm));
	if (!ring_send_now(&rec, sizeof(rec)))
		count(WIRE_C_PROCESS_EVENT_LOST, 1);
	return 0;
}

DWELL_TP(sched_process_exit)
int BPF_PROG(dwell_exit, struct task_struct *task)
{
	struct task_state *st = task_state_find(task);
	__u64 ts = bpf_ktime_get_ns();

	if (!st || !(st->flags & TASK_F_TARGET))
		return 0;
	leaving_begin(st);
	if (stopped(ts))
		return 0;
	count(WIRE_C_EXITS, 1);
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	st->flags |= TASK_F_GROUP_DEAD;
	if (cfg.target & CONFIG_TARGET_PIDS)
		bpf_map_delete_elem(&target_pids, &st->image.pid);
	return 0;
}
