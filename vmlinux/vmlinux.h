/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The kernel types that the probes use: only the members that are read, in any order. Every access is
 * relocated at load time (CO-RE, preserve_access_index), so one build fits all kernels with BTF. Members
 * that changed over time stand in flavours (struct name___suffix) with the commit that changed them.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u16 __le16;
typedef __u32 __le32;
typedef __u64 __le64;
typedef __u32 __wsum;
typedef int pid_t;
typedef _Bool bool;
enum { false = 0, true = 1 };

/* uapi: include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1024,
	BPF_F_INNER_MAP = 4096,
	BPF_F_USER_STACK = 256,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
	BPF_RB_RING_SIZE = 1,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	unsigned int level;
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct kernfs_node {
	u64 id; /* since 67c0496e87d1 ("kernfs: convert kernfs_node->id from union ... to u64"), 5.5 */
};

struct cgroup;

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct cgrp_cset_link {
	struct cgroup *cgrp;
	struct list_head cgrp_link;
};

struct css_set {
	struct cgroup *dfl_cgrp;
	struct list_head cgrp_links;
};

struct sched_info {
	unsigned long long run_delay;
	unsigned long long last_arrival;
	unsigned long long last_queued;
};

struct sched_entity {
	u64 exec_start;
	u64 sum_exec_runtime;
	u64 prev_sum_exec_runtime;
};

/* Delayed dequeue, 152e11f6df29 ("sched/fair: Implement delayed dequeue"), 6.12 */
struct sched_entity___delayed {
	unsigned char sched_delayed;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
};

struct mm_struct {
	unsigned long start_stack;
	unsigned long exec_vm; /* pages of memory that is executable and not writable */
};

struct thread_info {
	unsigned int status; /* x86: TS_COMPAT */
	unsigned int cpu;    /* since bcf9033e5449 ("sched: move CPU field back..."), 5.16 */
};

struct thread_struct {
	unsigned long fsbase; /* x86-64 */
};

struct task_struct {
	struct thread_info thread_info;
	struct thread_struct thread;
	unsigned int __state;
	void *stack;
	unsigned int flags;
	unsigned int on_cpu; /* int; u8 since 7.2: unsigned here, so libbpf may narrow the load */
	unsigned int on_rq;  /* likewise */
	struct sched_entity se;
	struct sched_info sched_info;
	unsigned int policy;
	struct mm_struct *mm;
	pid_t pid;
	pid_t tgid;
	unsigned int in_iowait : 1;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	unsigned long nvcsw, nivcsw;
	u64 start_time;
	u64 start_boottime;
	char comm[16];
	struct signal_struct *signal;
	u64 self_exec_id; /* u32 before d1e7fd6462ca ("signal: Extend exec_id to 64bits"), 5.7 */
	struct css_set *cgroups;
};

/* `state` became `__state` in 2f064a59a11f ("sched: Change task_struct::state"), 5.14 */
struct task_struct___old_state {
	long state;
};

/* Before thread_info.cpu. */
struct task_struct___old_cpu {
	unsigned int cpu;
};

struct linux_binprm;

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long sp;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
};
struct pt_regs {
	struct user_pt_regs user_regs;
	int syscallno;
};
#endif

struct bpf_raw_tracepoint_args {
	u64 args[0];
};

struct timespec64 {
	long long tv_sec;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
