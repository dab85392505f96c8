/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which threads are targets. The selection costs one look-up per event; what is no target is not counted anywhere. */
#ifndef DWELL_TARGET_BPF_H
#define DWELL_TARGET_BPF_H

#include "filter.h"
#include "task_state.bpf.h"

static __always_inline bool pid_matches(struct task_struct *task, __u32 pid)
{
	struct target_pid *target = bpf_map_lookup_elem(&target_pids, &pid);
	struct task_struct *leader;
	__u64 start_ns;

	if (!target || target->after_exec)
		return false;
	leader = TASK_GET(task, group_leader);
	start_ns = task_start(leader);
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
	st->start_ns = task_start(task);
	st->tid = task_visible_pid(task, TASK_GET(task, pid));
	st->image = task_image(task);
	st->cgroup_id = task_cgroup_id(task);
	bpf_probe_read_kernel(st->comm, sizeof(st->comm), task->comm);
	st->comm_gen++;
	st->python_seen = st->go_seen = 0;
}

/*
 * The state of a task; made if it is new and a target (or could become one). NULL: not ours. The caller
 * still has to look at TASK_F_TARGET.
 */
static __always_inline struct task_state *task_state_get(struct task_struct *task)
{
	struct task_state *st = task_state_find(task);

	if (st && !(st->flags & TASK_F_WAKER))
		return st;
	if (!TASK_GET(task, pid) || !target_static(task))
		return NULL;
	if (!st)
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
	st->flags &= ~TASK_F_WAKER;
	if (!(cfg.target & TARGET_DYNAMIC) || target_dynamic(task, st))
		st->flags |= TASK_F_TARGET;
	return st;
}

/*
 * Notes the thread's name. True: that or the cgroup changed, which may be at any time, so that it may have come to be a target
 * or ceased to be one.
 */
static __always_inline bool task_state_changed(struct task_struct *task, struct task_state *st)
{
	__u64 comm[2] = {};
	__u64 *old = (__u64 *)st->comm;

	task_comm(task, comm);
	if (comm[0] != old[0] || comm[1] != old[1]) {
		old[0] = comm[0];
		old[1] = comm[1];
		st->comm_gen++;
		return true;
	}
	return (cfg.target & CONFIG_TARGET_CGROUP) && (__u64)TASK_GET(task, cgroups) != st->css_set;
}

/* Where nothing depends on when: makes it a target, or none. */
static __always_inline void task_state_retarget(struct task_struct *task, struct task_state *st)
{
	if (!task_state_changed(task, st) || !(cfg.target & TARGET_DYNAMIC))
		return;
	if (target_dynamic(task, st))
		st->flags |= TASK_F_TARGET;
	else
		st->flags &= ~TASK_F_TARGET;
}

#endif
