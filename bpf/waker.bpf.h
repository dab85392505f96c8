/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who wakes a target: what has the CPU at sched_waking, and where. Whether that is the waker, or an interrupt that took
 * the CPU from it, user space finds out by the names on the kernel stack (analyze/waker_rules.h).
 */
#ifndef DWELL_WAKER_BPF_H
#define DWELL_WAKER_BPF_H

#include "capture.bpf.h"

#define WAKER_KEY 0x77616b6572ull /* its stacks are others than those of switches */

/*
 * The state of the thread that has the CPU; made if need be, for its name and the memory of its stacks. One that is no target
 * by its process stays none, whatever its name and cgroup. NULL: no room.
 */
static __always_inline struct task_state *waker_state(struct task_struct *task, __u64 ts)
{
	struct task_state *st = task_state_find(task);

	if (st && st->flags & TASK_F_WAKER)
		task_state_changed(task, st);
	else if (st)
		refresh_task(task, st, ts);
	if (st)
		return st;
	st = task_state_create(task);
	if (!st) {
		count(WIRE_C_WAKER_LOST, 1);
		return NULL;
	}
	task_state_identify(task, st);
	st->flags |= TASK_F_WAKER;
	if (TASK_GET(task, flags) & TASK_PF_KTHREAD)
		st->flags |= TASK_F_KTHREAD;
	return st;
}

/* Is the program running on the kernel stack of @task? */
static __always_inline bool waker_on_own_stack(void *ctx, struct task_struct *task)
{
	struct wire_stack *room = stack_scratch(WIRE_STACK_KERNEL);
	__u64 stack = (__u64)TASK_GET(task, stack);

	return room && kernel_position(ctx, &room->id) - stack < 1ull << cfg.thread_size_order;
}

/* What a thread last did is no hint at what it does when it wakes others: each has its own. */
static __always_inline void waker_swap_hints(struct task_state *st)
{
	__u32 memo = st->user_memo, flags = st->flags;

	st->user_memo = st->waker_memo;
	st->waker_memo = memo;
	st->flags &= ~(TASK_F_SAME_STACK | TASK_F_SAME_WAKE);
	if (flags & TASK_F_SAME_STACK)
		st->flags |= TASK_F_SAME_WAKE;
	if (flags & TASK_F_SAME_WAKE)
		st->flags |= TASK_F_SAME_STACK;
}

/* The thread @task has the CPU: its name, and whether it is on its own stack. NULL: no room for its state. */
static __always_inline struct task_state *waker_who(void *ctx, struct task_struct *task,
						    struct wire_waker *waker, __u64 ts)
{
	struct task_state *st = waker_state(task, ts);

	if (!waker_on_own_stack(ctx, task))
		waker->flags |= WIRE_W_AWAY;
	if (!st)
		return NULL;
	if (st->flags & TASK_F_KTHREAD)
		waker->flags |= WIRE_W_KTHREAD;
	waker->key.start_ns = st->start_ns;
	waker->key.tid = st->tid;
	waker->key.comm_gen = st->comm_gen;
	emit_thread(st);
	return st;
}

/* @task, whose state is @woken, is woken at @ts. */
static __always_inline void capture_waker(void *ctx, struct task_struct *task,
					  struct task_state *woken, __u64 ts)
{
	struct task_struct *current = (struct task_struct *)task_current();
	struct pt_regs *regs = task_current_regs(current);
	struct wire_waker *waker = &woken->waker;
	struct task_state *st = NULL; /* of the thread that has the CPU */
	__u64 key = 0;

	__builtin_memset(waker, 0, sizeof(*waker));
	if (!ctl.start_ns || !(woken->flags & TASK_F_TARGET) || !wants_stacks(woken))
		return;
	waker->flags = WIRE_W_ANY;
	if (TASK_GET(current, pid) == TASK_GET(task, pid)) {
		waker->flags |= WIRE_W_SELF;
		return;
	}
	if (TASK_GET(current, pid))
		st = waker_who(ctx, current, waker, ts);
	else
		waker->flags |= WIRE_W_IDLE;
	if (st && !(waker->flags & WIRE_W_AWAY))
		key = intern_mix(kernel_key(regs), WAKER_KEY) | 1;
	if (cfg.kernel_stacks)
		waker->kernel_stack = capture_kernel(ctx, st ? st : woken, key, ts);
	if (!st || !cfg.user_stacks || waker->flags & WIRE_W_KTHREAD)
		return;
	waker_swap_hints(st);
	waker->user_stack = capture_user(ctx, current, regs, st, ts);
	waker_swap_hints(st);
}

#endif
