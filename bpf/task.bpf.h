/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Everything that is read from a task. The variants:
 *
 * CORE (5.15+): typed pointers of tp_btf programs are dereferenced directly; state in task-local storage.
 * COMPAT: raw tracepoints, bpf_probe_read_kernel(); state in a hash.
 * BOUNDED: the same for kernels without bpf_loop() (before 5.17): user stacks are walked in loops with a fixed end.
 * MINIMAL: no walks of our own.
 */
#ifndef DWELL_TASK_BPF_H
#define DWELL_TASK_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "shared.bpf.h"

#if defined(DWELL_VARIANT_BOUNDED) || defined(DWELL_VARIANT_MINIMAL)
#define DWELL_OLD_KERNEL
#endif

#define TASK_DEAD_STATE	  0x80	     /* TASK_DEAD, include/linux/sched.h */
#define TASK_PF_KTHREAD	  0x00200000 /* PF_KTHREAD */
#define TASK_TS_COMPAT	  0x0002     /* x86 TS_COMPAT: in a 32-bit system call */
#define TASK_CGROUP_DEPTH 32
#define TASK_HIERARCHIES  32
#define TASK_PIDNS_LEVELS 33 /* MAX_PID_NS_LEVEL + 1 */

#ifdef DWELL_VARIANT_CORE
#define TASK_GET(task, field)	  ((task)->field)
#define TASK_GET_BIT(task, field) BPF_CORE_READ_BITFIELD(task, field)
#define task_current()		  bpf_get_current_task_btf()
#define DWELL_TP(name)		  SEC("tp_btf/" #name)
#define DWELL_TP_OPTIONAL(name)	  SEC("?tp_btf/" #name)
#else
#define TASK_GET(task, field)	  BPF_CORE_READ(task, field)
#define TASK_GET_BIT(task, field) BPF_CORE_READ_BITFIELD_PROBED(task, field)
#define task_current()		  ((struct task_struct *)bpf_get_current_task())
#define DWELL_TP(name)		  SEC("raw_tp/" #name)
#define DWELL_TP_OPTIONAL(name)	  SEC("?raw_tp/" #name)
#endif

/*
 * The number that the tracer's pid namespace gives to @task (whose number in the initial one is
 * @kernel_pid); 0 when it can't see it. The usual case, the initial namespace, needs no walk.
 */
static __always_inline __u32 task_visible_pid(struct task_struct *task, __u32 kernel_pid)
{
	struct pid *pid;
	struct upid up;

	if (!cfg.pidns_inum)
		return kernel_pid;
	pid = BPF_CORE_READ(task, thread_pid);
	if (!pid)
		return 0;
	for (__u32 i = 0; i < TASK_PIDNS_LEVELS && i <= BPF_CORE_READ(pid, level); i++) {
		if (bpf_probe_read_kernel(&up, sizeof(up), &pid->numbers[i]))
			return 0;
		if (BPF_CORE_READ(up.ns, ns.inum) == cfg.pidns_inum)
			return up.nr;
	}
	return 0;
}

/* When the thread began: what tells it from others that had its tid. As field 22 of /proc/PID/stat where it must be. */
static __always_inline __u64 task_start(struct task_struct *task)
{
	__u64 ns;

	if (!cfg.proc_ids || !cfg.tick_ns)
		return TASK_GET(task, start_time);
	ns = TASK_GET(task, start_boottime);
	return ns - ns % cfg.tick_ns;
}

/*
 * Members that became a byte in 7.2 (on_cpu, on_rq). A typed load is narrowed by CO-RE; a probed read is as
 * wide as our declaration and brings the neighbours along.
 */
#define TASK_GET_NARROW(task, field) \
	(TASK_GET(task, field) & (bpf_core_field_size((task)->field) == 1 ? 0xff : 0xffffffff))

static __always_inline __u32 task_raw_state(struct task_struct *task)
{
	struct task_struct___old_state *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return TASK_GET(task, __state);
	return (__u32)BPF_CORE_READ(old, state);
}

/* A zombie: it has left its CPU for good, and waits for nothing. */
static __always_inline bool task_is_dead(struct task_struct *task)
{
	return task_raw_state(task) & TASK_DEAD_STATE;
}

/* enum wire_sched_class. The numbers of the policies are in include/uapi/linux/sched.h. */
static __always_inline __u32 task_class(struct task_struct *task)
{
	switch (TASK_GET(task, policy)) {
	case 1: /* SCHED_FIFO */
	case 2: /* SCHED_RR */
		return WIRE_CLASS_RT;
	case 5: /* SCHED_IDLE */
		return WIRE_CLASS_IDLE;
	case 6: /* SCHED_DEADLINE */
		return WIRE_CLASS_DEADLINE;
	case 7: /* SCHED_EXT */
		return WIRE_CLASS_EXT;
	default:
		return WIRE_CLASS_FAIR;
	}
}

/* Is the task still queued to run? False once __schedule() took it off, delayed dequeue included. */
static __always_inline bool task_queued(struct task_struct *task)
{
	struct sched_entity___delayed *se = (void *)&task->se;

	if (!TASK_GET_NARROW(task, on_rq))
		return false;
	return !bpf_core_field_exists(se->sched_delayed) || !TASK_GET(se, sched_delayed);
}

/* The thread's name, as two words. */
static __always_inline void task_comm(struct task_struct *task, __u64 ret[WIRE_COMM_LEN / 8])
{
#ifdef DWELL_VARIANT_CORE
	const __u64 *comm = (const __u64 *)&task->comm;

	ret[0] = comm[0];
	ret[1] = comm[1];
#else
	bpf_probe_read_kernel(ret, WIRE_COMM_LEN, task->comm);
#endif
}

static __always_inline bool task_on_cpu(struct task_struct *task)
{
	return bpf_core_field_exists(task->on_cpu) && TASK_GET_NARROW(task, on_cpu);
}

/* The CPU that runs the task, or in whose queue it is. */
static __always_inline __u32 task_cpu(struct task_struct *task)
{
	struct task_struct___old_cpu *old = (void *)task;

	if (bpf_core_field_exists(task->thread_info.cpu))
		return TASK_GET(task, thread_info.cpu);
	return bpf_core_field_exists(old->cpu) ? BPF_CORE_READ(old, cpu) : 0;
}

/*
 * Differs between any two images of a process. Where /proc must show it too: the stack's start, which exec places anew
 * at random (field 28 of /proc/PID/stat; 0 for kernel threads, which may borrow an mm).
 */
static __always_inline __u32 task_exec_id(struct task_struct *task)
{
	struct mm_struct *mm;

	if (!cfg.proc_ids)
		return (__u32)BPF_CORE_READ(task, self_exec_id);
	mm = TASK_GET(task, flags) & TASK_PF_KTHREAD ? NULL : TASK_GET(task, mm);
	return mm ? config_exec_id(TASK_GET(mm, start_stack)) : 0;
}

static __always_inline struct wire_image task_image(struct task_struct *task)
{
	struct task_struct *leader = TASK_GET(task, group_leader);
	struct wire_image image = {};

	image.pid = task_visible_pid(leader, TASK_GET(task, tgid));
	image.exec_id = task_exec_id(task);
	image.start_ns = task_start(leader);
	return image;
}

static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/* The task's cgroup in the hierarchy of the target, any version: found among the links of its css_set. */
static __always_inline struct cgroup *task_target_cgroup(struct css_set *set)
{
	struct list_head *head = &set->cgrp_links, *at;
	struct cgroup *cgrp;

	if (!cfg.cgroup_hierarchy)
		return BPF_CORE_READ(set, dfl_cgrp);
	at = BPF_CORE_READ(head, next);
	for (int i = 0; i < TASK_HIERARCHIES && at && at != head; i++) {
		struct cgrp_cset_link *link =
			(void *)at - bpf_core_field_offset(struct cgrp_cset_link, cgrp_link);

		cgrp = BPF_CORE_READ(link, cgrp);
		if (BPF_CORE_READ(cgrp, root, hierarchy_id) == cfg.cgroup_hierarchy)
			return cgrp;
		at = BPF_CORE_READ(at, next);
	}
	return NULL;
}

static __always_inline bool task_in_cgroup(struct css_set *set)
{
	struct cgroup *cgrp = task_target_cgroup(set);
	struct cgroup_subsys_state *parent;

	for (int i = 0; i < TASK_CGROUP_DEPTH && cgrp; i++) {
		if (BPF_CORE_READ(cgrp, kn, id) == cfg.cgroup_id)
			return true;
		parent = BPF_CORE_READ(cgrp, self.parent);
		cgrp = parent ? BPF_CORE_READ(parent, cgroup) : NULL;
	}
	return false;
}

/*
 * The user registers saved at the kernel's entry, NULL for kernel threads: of the current task, and of one that an
 * iterator gives. Before bpf_task_pt_regs (5.15) they are found at the top of the kernel stack; kernels that leave a
 * gap there (FRED) are newer.
 */
#ifdef DWELL_OLD_KERNEL
static __always_inline struct pt_regs *task_current_regs(struct task_struct *task)
{
	void *stack = TASK_GET(task, stack);

	if (!stack || !cfg.thread_size_order)
		return NULL;
	return stack + (1ull << cfg.thread_size_order) - bpf_core_type_size(struct pt_regs);
}

#define task_iterated_regs(task) task_current_regs(task)
#else
static __always_inline struct pt_regs *task_current_regs(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

#define task_iterated_regs(task) ((struct pt_regs *)bpf_task_pt_regs(task))
#endif

/* The number of the system call that the task is in, -1 if none. Interrupts and faults leave -1. */
static __always_inline __s16 task_syscall(struct pt_regs *regs)
{
	long nr = -1;

	if (!regs)
		return -1;
#if defined(__TARGET_ARCH_x86)
	nr = (long)TASK_GET(regs, orig_ax);
#elif defined(__TARGET_ARCH_arm64)
	nr = TASK_GET(regs, syscallno);
#endif
	return nr < 0 || nr > 0x7fff ? -1 : (__s16)nr;
}

/*
 * The futex that a thread waits for in the system call of @wait, as in struct wire_waked. FUTEX_PRIVATE_FLAG and FUTEX2_PRIVATE
 * are both 128 (include/uapi/linux/futex.h).
 */
#define TASK_FUTEX_PRIVATE 128

static __always_inline __u64 task_futex(struct pt_regs *regs, const struct wire_wait *wait)
{
	bool futex, futex2 = wait->syscall == 455; /* futex_wait, in all tables */
	__u64 addr, flags;

	if (!regs || wait->syscall < 0)
		return 0;
#if defined(__TARGET_ARCH_x86)
	if (wait->flags & WIRE_F_COMPAT) {
		futex = wait->syscall == 240 || wait->syscall == 422; /* futex_time64 */
		addr = TASK_GET(regs, bx);
		flags = futex2 ? TASK_GET(regs, si) : TASK_GET(regs, cx);
	} else {
		futex = wait->syscall == 202;
		addr = TASK_GET(regs, di);
		flags = futex2 ? TASK_GET(regs, r10) : TASK_GET(regs, si);
	}
#elif defined(__TARGET_ARCH_arm64)
	futex = wait->syscall == 98;
	addr = TASK_GET(regs, user_regs.regs[0]);
	flags = futex2 ? TASK_GET(regs, user_regs.regs[3]) : TASK_GET(regs, user_regs.regs[1]);
#endif
	if (!futex && !futex2)
		return 0;
	return (addr & ~3ull) | (flags & TASK_FUTEX_PRIVATE ? 0 : WIRE_LOCK_SHARED);
}

static __always_inline __u64 task_user_ip(const struct pt_regs *regs)
{
	if (!regs)
		return 0;
#if defined(__TARGET_ARCH_x86)
	return TASK_GET(regs, ip);
#elif defined(__TARGET_ARCH_arm64)
	return TASK_GET(regs, user_regs.pc);
#endif
}

static __always_inline __u64 task_user_sp(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return TASK_GET(regs, sp);
#elif defined(__TARGET_ARCH_arm64)
	return TASK_GET(regs, user_regs.sp);
#endif
}

/* What a walk begins with. rbx stands for any register but these that carries frames; arm64 has none. */
static __always_inline void task_user_frame(const struct pt_regs *regs, __u64 *ret_ip,
					    __u64 *ret_sp, __u64 *ret_fp, __u64 *ret_bx,
					    __u64 *ret_lr)
{
	if (!regs)
		return;
#if defined(__TARGET_ARCH_x86)
	*ret_ip = TASK_GET(regs, ip);
	*ret_sp = TASK_GET(regs, sp);
	*ret_fp = TASK_GET(regs, bp);
	*ret_bx = TASK_GET(regs, bx);
#elif defined(__TARGET_ARCH_arm64)
	*ret_ip = TASK_GET(regs, user_regs.pc);
	*ret_sp = TASK_GET(regs, user_regs.sp);
	*ret_fp = TASK_GET(regs, user_regs.regs[29]);
	*ret_lr = TASK_GET(regs, user_regs.regs[30]);
#endif
}

/* All of them, by their DWARF numbers (System V ABI AMD64, figure 3.36; AADWARF64, 4.1). */
static __always_inline void task_user_regs_all(struct pt_regs *regs, struct wire_regs *ret)
{
	if (!regs)
		return;
#if defined(__TARGET_ARCH_x86)
	ret->ip = TASK_GET(regs, ip);
	ret->reg[0] = TASK_GET(regs, ax);
	ret->reg[1] = TASK_GET(regs, dx);
	ret->reg[2] = TASK_GET(regs, cx);
	ret->reg[3] = TASK_GET(regs, bx);
	ret->reg[4] = TASK_GET(regs, si);
	ret->reg[5] = TASK_GET(regs, di);
	ret->reg[6] = TASK_GET(regs, bp);
	ret->reg[7] = TASK_GET(regs, sp);
	ret->reg[8] = TASK_GET(regs, r8);
	ret->reg[9] = TASK_GET(regs, r9);
	ret->reg[10] = TASK_GET(regs, r10);
	ret->reg[11] = TASK_GET(regs, r11);
	ret->reg[12] = TASK_GET(regs, r12);
	ret->reg[13] = TASK_GET(regs, r13);
	ret->reg[14] = TASK_GET(regs, r14);
	ret->reg[15] = TASK_GET(regs, r15);
#elif defined(__TARGET_ARCH_arm64)
	ret->ip = TASK_GET(regs, user_regs.pc);
	bpf_probe_read_kernel(ret->reg, 31 * sizeof(__u64), &regs->user_regs.regs);
	ret->reg[31] = TASK_GET(regs, user_regs.sp);
#endif
}

/* What the thread-local variables of the task count from, of the current one or one off CPU; 0: not known. */
static __always_inline __u64 task_thread_pointer(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	if (bpf_core_field_exists(task->thread.fsbase))
		return TASK_GET(task, thread.fsbase);
#endif
	return 0;
}

/* Pages of executable memory that can't be written: changes when code is mapped or unmapped. */
static __always_inline __u64 task_exec_pages(struct task_struct *task)
{
	struct mm_struct *mm = TASK_GET(task, mm);

	return mm ? TASK_GET(mm, exec_vm) : 0;
}

static __always_inline bool task_compat(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return TASK_GET(task, thread_info.status) & TASK_TS_COMPAT;
#else
	return false;
#endif
}

/* What a thread in @state waits for; @regs as it entered the kernel. */
static __always_inline void task_wait(struct task_struct *task, bool kthread, __u32 state,
				      struct pt_regs *regs, struct wire_wait *ret)
{
	ret->state = state;
	ret->flags = task_class(task) << WIRE_F_CLASS_SHIFT;
	ret->syscall = -1;
	if (kthread) {
		ret->flags |= WIRE_F_KTHREAD;
	} else {
		ret->syscall = task_syscall(regs);
		if (task_compat(task))
			ret->flags |= WIRE_F_COMPAT;
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): libbpf's macro has each size that there can be. */
	if (TASK_GET_BIT(task, in_iowait))
		ret->flags |= WIRE_F_IOWAIT;
}

#endif
