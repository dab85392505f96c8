/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The life of one thread as a state machine: pure functions over struct task_state, no helpers, so that
 * the same lines run in the kernel and in unit tests on the host.
 *
 *         task_state__out()              task_state__in()
 *   on CPU ----------------> off CPU ----------------> on CPU
 *                              |  ^
 *                              +--+ task_state__wake()
 *
 * Everything is clipped to the window [start_ns, stop): time before the start counts for nothing, so the
 * state may be kept exact from the moment of attaching.
 */
#ifndef DWELL_INTERVAL_H
#define DWELL_INTERVAL_H

#include "wire.h"

enum task_flags {
	TASK_F_TARGET = 1 << 0,
	TASK_F_KTHREAD = 1 << 1,
	TASK_F_BASED = 1 << 2,	     /* base_* are set */
	TASK_F_BASE_APPROX = 1 << 3, /* they are up to a scheduler tick off */
	TASK_F_DEAD = 1 << 4,	     /* its last switch-out was seen */
	TASK_F_GROUP_DEAD = 1 << 5,  /* it was the last thread of its process */
	TASK_F_SEED = 1 << 6,	     /* off CPU since before tracing: user space keeps its stacks */
	TASK_F_SAME_STACK = 1 << 7,  /* the last two user stacks had one place in the memo */
	TASK_F_KERNEL_WAY =
		1 << 8,		   /* the last kernel stack was at the second of its places there */
	TASK_F_SAME_WAKE = 1 << 9, /* as SAME_STACK, of the stacks in which it woke others */
	TASK_F_FINAL = 1 << 10,	   /* its totals at the end of the window were told */
	TASK_F_WAKER =
		1
		<< 11, /* here for its name only: no target, nor can its name or cgroup make it one */
	TASK_F_LEAVING = 1 << 12, /* it is counted in ctl.leaving */
};

/* One per traced thread. */
struct task_state {
	__u64 start_ns;			/* of the thread: with tid its identity */
	__u64 out_ns;			/* last switch-out; 0: on CPU */
	__u64 in_ns;			/* last switch-in */
	__u64 wake_ns;			/* first wake-up since out_ns; 0: none yet */
	__u64 early_wake_ns;		/* last wake-up seen while on CPU */
	__u64 exec_ns;			/* the kernel's sum_exec_runtime at the last switch seen */
	__u64 kernel_stack, user_stack; /* ids, of the last switch-out */
	/* Totals inside the window. */
	__u64 begin_ns; /* of its life, 0: before the window */
	__u64 on_cpu_ns, blocked_ns, runnable_ns, intervals;
	__u64 base_on_cpu_ns, base_runnable_ns; /* the kernel's own figures when the window began */
	__u64 cgroup_id;
	__u64 css_set; /* address for which `flags & TASK_F_TARGET` was decided; cgroup targets only */
	struct wire_image image;
	struct wire_wait wait; /* of the last switch-out */
	__u32 tid;
	__u32 comm_gen;	     /* +1 whenever comm or image changes */
	__u32 announced_gen; /* the last one that user space was told */
	__u32 flags;	     /* enum task_flags */
	__u32 user_memo;     /* where in the memo the last user stack was found */
	__u32 waker_memo;    /* and that of its last wake-up of another thread */
	__u32 go;	     /* does its process run Go? See go.bpf.h */
	__u64 go_seen;	     /* control.gos when that was looked up */
	__u64 cut_ns; /* to here the interval that began at out_ns was told by dwell_open; may be older */
	/* Python: see python.bpf.h. */
	__u32 python_tid;    /* as the thread sees it itself; 0: its process has no Python */
	__u64 python_seen;   /* control.pythons when that was looked up */
	__u64 python_thread; /* address of its PyThreadState, 0: not known */
	__u32 python_misses; /* how often it was looked for in vain */
	__u32 python_wait;   /* switches until it is looked for again */
	char comm[WIRE_COMM_LEN];
	/* With config.wakers: */
	struct wire_waker waker; /* of the wake-up at wake_ns */
	__u64 lock;		 /* as in struct wire_waked, of the last switch-out */
};

/* One off-CPU stretch, clipped to the window. */
struct interval {
	__u64 out_ns, wake_ns, in_ns;
	__u32 flags; /* enum wire_interval_flags, beside those of the switch-out */
};

static __always_inline __u64 interval_max(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

/*
 * The thread leaves the CPU. @runnable: it was preempted, yielded or was never dequeued (state 0, or a
 * signal cancelled the sleep). It was on CPU: see task_state__missed_in().
 */
static __always_inline void task_state__out(struct task_state *st, __u64 ts, __u64 start_ns,
					    bool runnable)
{
	if (start_ns && ts > start_ns && st->in_ns)
		st->on_cpu_ns += ts - interval_max(st->in_ns, start_ns);
	/*
	 * A waker on another CPU may be here between the dequeue and this switch-out: it must not be erased.
	 * So early_wake_ns stays, and wake_ns (0 while on CPU) is only written if nobody can wake the thread.
	 */
	if (runnable) {
		st->wait.flags |= WIRE_F_PREEMPT;
		st->wake_ns = ts;
	}
	st->out_ns = ts;
}

/* Something wakes the thread. Only the first wake-up of an interval counts. */
static __always_inline void task_state__wake(struct task_state *st, __u64 ts)
{
	if (!st->out_ns)
		st->early_wake_ns = ts;
	else if (!st->wake_ns)
		st->wake_ns = ts;
}

/*
 * Splits the stretch that ends at @in: *@ret_iv, clipped to the window. False: nothing of it lies inside.
 *
 * Without a wake-up since the switch-out there are two cases. A wake-up during the last stint on the CPU
 * hit the gap between dequeue and switch-out (an earlier, cancelled sleep's wake-up is always followed by
 * a real one): blocked = 0. None at all (hotplug moved the task, or the tracer had not begun): all
 * blocked, flagged.
 */
static __always_inline bool task_state__split(const struct task_state *st, __u64 in, __u64 start_ns,
					      struct interval *ret_iv)
{
	__u64 out = st->out_ns, wake = st->wake_ns;
	__u32 flags = 0;

	if (!out || !start_ns || in <= start_ns)
		return false;
	if (!wake) {
		if (st->early_wake_ns && st->early_wake_ns >= st->in_ns && st->in_ns) {
			wake = out;
		} else {
			wake = in;
			flags |= WIRE_F_NO_WAKEUP;
		}
	}
	if (wake < out || wake > in) {
		wake = wake < out ? out : in;
		flags |= WIRE_F_CLAMPED;
	}
	if (out < start_ns) {
		out = start_ns;
		flags |= WIRE_F_SEEDED;
	}
	ret_iv->out_ns = out;
	ret_iv->wake_ns = interval_max(wake, out);
	ret_iv->in_ns = in;
	ret_iv->flags = flags;
	return in > out;
}

/* The thread gets the CPU: closes the interval into *@ret_iv and the totals. False: nothing to report. */
static __always_inline bool task_state__in(struct task_state *st, __u64 ts, __u64 start_ns,
					   struct interval *ret_iv)
{
	bool some = task_state__split(st, ts, start_ns, ret_iv);

	if (some) {
		st->blocked_ns += ret_iv->wake_ns - ret_iv->out_ns;
		st->runnable_ns += ret_iv->in_ns - ret_iv->wake_ns;
		st->intervals++;
	}
	st->in_ns = ts;
	st->out_ns = 0;
	st->wake_ns = 0;
	st->early_wake_ns = 0;
	return some;
}

/*
 * Kernels leave switches out (CPUs going off- or online; some virtual machines). The kernel's own run time
 * tells when they must have been: it stands still while a thread is off CPU.
 *
 * The thread leaves the CPU at @ts, or is found on it, but never came: when did it? @exec_ns: its
 * sum_exec_runtime now.
 */
static __always_inline __u64 task_state__missed_in(const struct task_state *st, __u64 ts,
						   __u64 exec_ns)
{
	__u64 ran = exec_ns - st->exec_ns, earliest = interval_max(st->out_ns, st->wake_ns);

	if (ts <= earliest) /* a wake-up by another CPU's clock */
		return ts;
	return ran > ts - earliest ? earliest : ts - ran;
}

/* The thread comes at @ts, or is found off the CPU, but never left: when did it? */
static __always_inline __u64 task_state__missed_out(const struct task_state *st, __u64 ts,
						    __u64 exec_ns)
{
	__u64 ran = exec_ns - st->exec_ns;

	return ts <= st->in_ns || ran > ts - st->in_ns ? ts : st->in_ns + ran;
}

/*
 * The same, carried out: the thread was switched out at that moment. Where it waited is unknown; whether it
 * slept, a wake-up seen since tells.
 */
static __always_inline void task_state__rebuild_out(struct task_state *st, __u64 ts, __u64 exec_ns,
						    __u64 start_ns)
{
	__u64 out = task_state__missed_out(st, ts, exec_ns);
	bool slept = st->early_wake_ns >= out;

	st->wait.flags = WIRE_F_REBUILT | (st->wait.flags & WIRE_F_CLASS_MASK) |
			 (st->flags & TASK_F_KTHREAD ? WIRE_F_KTHREAD : 0);
	st->wait.syscall = -1;
	st->wait.state = 0;
	st->kernel_stack = st->user_stack = 0;
	task_state__out(st, out, start_ns, !slept);
	if (slept)
		st->wake_ns = st->early_wake_ns;
}

enum interval_missed {
	INTERVAL_MISSED_NONE,
	INTERVAL_MISSED_IN,
	INTERVAL_MISSED_OUT,
};

#define INTERVAL_SLACK_NS 1000000

/*
 * A last switch that went unreported would count a sleep as running, or the other way round, to the end of
 * the window. Seen at @now, after the window's end @stop: is the thread on a CPU, and its sum_exec_runtime.
 * What it did since @stop shows here too, so a difference counts only if it is larger than that and than the
 * clocks' disagreement (interrupts and stolen time are not in sum_exec_runtime).
 */
static __always_inline enum interval_missed
task_state__missed(const struct task_state *st, bool on_cpu, __u64 exec_ns, __u64 now, __u64 stop)
{
	__u64 ran = exec_ns - st->exec_ns;

	if (st->out_ns)
		return on_cpu && ran > now - stop + INTERVAL_SLACK_NS ? INTERVAL_MISSED_IN
								      : INTERVAL_MISSED_NONE;
	if (on_cpu || !st->in_ns || stop <= st->in_ns)
		return INTERVAL_MISSED_NONE;
	return ran + ((stop - st->in_ns) >> 6) + INTERVAL_SLACK_NS < stop - st->in_ns
		       ? INTERVAL_MISSED_OUT
		       : INTERVAL_MISSED_NONE;
}

/*
 * Before the open interval of a thread is split: if it sleeps (not @queued to run), a wake-up seen on its last
 * stint belonged to an earlier, cancelled sleep.
 */
static __always_inline void task_state__settle(struct task_state *st, bool queued)
{
	if (!queued)
		st->early_wake_ns = 0;
}

#endif
