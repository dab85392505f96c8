/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which threads are targets, and the beginning and the end of a target's life. The selection costs one look-up
 * per switch; what is no target is not counted anywhere.
 */
#ifndef DWELL_TARGET_BPF_H
#define DWELL_TARGET_BPF_H

#include "emit.bpf.h"
#include "task.bpf.h"

static __always_inline bool pid_matches(struct task_struct *task, __u32 pid)
{
	struct target_pid *target = bpf_map_lookup_elem(&target_pids, &pid);
	struct task_struct *leader;
	__u64 start_ns;

	if (!target || target->after_exec)
		return false;
	leader = TASK_GET(task, group_leader);
	start_ns = TASK_GET(leader, start_time);
	if (!target->start_ns)
		target->start_ns = start_ns;
	return target->start_ns == start_ns;
}

/* The part of the target selection that can't change while a thread lives between two execs. */
static __always_inline bool target_static(struct task_struct *task)
{
	__u32 pid = task_visible_pid(TASK_GET(task, group_leader), TASK_GET(task, tgid));

	if (!pid || pid == cfg.self_pid)
		return false;
	if ((cfg.target & CONFIG_TARGET_PIDS) && !pid_matches(task, pid))
		return false;
	if (cfg.target & CONFIG_TARGET_TIDS) {
		pid = task_visible_pid(task, TASK_GET(task, pid));
		if (!bpf_map_lookup_elem(&target_tids, &pid))
			return false;
	}
	return true;
}

static __always_inline bool target_dynamic(struct task_struct *task, struct task_state *st)
{
	struct config_glob *glob;
	struct css_set *set;
	__u32 zero = 0;

	if (cfg.target & CONFIG_TARGET_COMM) {
		glob = bpf_map_lookup_elem(&comm_glob, &zero);
		if (!glob || !filter_comm(glob, st->comm))
			return false;
	}
	if (cfg.target & CONFIG_TARGET_CGROUP) {
		set = TASK_GET(task, cgroups);
		st->css_set = (__u64)set;
		if (!set || !task_in_cgroup(set))
			return false;
	}
	return true;
}

#define TARGET_DYNAMIC (CONFIG_TARGET_COMM | CONFIG_TARGET_CGROUP)

static __always_inline void task_state_identify(struct task_struct *task, struct task_state *st)
{
	st->start_ns = TASK_GET(task, start_time);
	st->tid = task_visible_pid(task, TASK_GET(task, pid));
	st->image = task_image(task);
	st->cgroup_id = task_cgroup_id(task);
	bpf_probe_read_kernel(st->comm, sizeof(st->comm), task->comm);
	st->comm_gen++;
}

/*
 * The state of a task; made if it is new and a target (or could become one). NULL: not ours. The caller
 * still has to look at TASK_F_TARGET.
 */
static __always_inline struct task_state *task_state_get(struct task_struct *task)
{
	struct task_state *st = task_state_find(task);

	if (st)
		return st;
	if (!TASK_GET(task, pid) || !target_static(task))
		return NULL;
	st = task_state_create(task);
	if (!st) {
		/* Before the window there is another chance: the iterator interrupted here, for one. */
		if (ctl.start_ns)
			count(WIRE_C_TASK_STATE_FULL, 1);
		return NULL;
	}
	task_state_identify(task, st);
	/* Late: it was refused before. Its life begins here for us, so that its sums are right. */
	if (ctl.start_ns)
		st->begin_ns = bpf_ktime_get_ns();
	if (TASK_GET(task, flags) & TASK_PF_KTHREAD)
		st->flags |= TASK_F_KTHREAD;
	if (!(cfg.target & TARGET_DYNAMIC) || target_dynamic(task, st))
		st->flags |= TASK_F_TARGET;
	return st;
}

static __always_inline void fill_summary(struct task_state *st, __u64 end_ns, __u64 exec_ns,
					 __u64 delay_ns, __u32 flags, struct wire_summary *rec)
{
	rec->h.kind = WIRE_SUMMARY;
	rec->h.size = sizeof(*rec);
	rec->key.start_ns = st->start_ns;
	rec->key.tid = st->tid;
	rec->key.comm_gen = st->comm_gen;
	rec->image = st->image;
	rec->begin_ns = interval_max(st->begin_ns, ctl.start_ns);
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

/* The thread will not be seen again under this identity: its totals go out. */
static __noinline void finish_task(struct task_struct *task, struct task_state *st, __u64 ts,
				   __u32 flags)
{
	struct wire_summary rec = {};

	if (!ctl.start_ns || ts <= ctl.start_ns)
		return;
	fill_summary(st, ts, TASK_GET(task, se.sum_exec_runtime),
		     TASK_GET(task, sched_info.run_delay), flags, &rec);
	if (!st->out_ns && st->in_ns)
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

/* Comm and cgroup may change at any time: looked at whenever the thread switches. */
static __always_inline void refresh_task(struct task_struct *task, struct task_state *st, __u64 ts)
{
	__u64 comm[2] = {};
	__u64 *old = (__u64 *)st->comm;
	bool renamed;

	task_comm(task, comm);
	renamed = comm[0] != old[0] || comm[1] != old[1];
	if (renamed) {
		old[0] = comm[0];
		old[1] = comm[1];
		st->comm_gen++;
	}
	if (renamed ||
	    ((cfg.target & CONFIG_TARGET_CGROUP) && (__u64)TASK_GET(task, cgroups) != st->css_set))
		retarget(task, st, ts);
}

#endif
