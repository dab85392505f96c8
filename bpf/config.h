/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What user space and the probes share through maps: the configuration, the control words, and the rows of
 * maps that are not wire records.
 */
#ifndef DWELL_CONFIG_H
#define DWELL_CONFIG_H

#include "wire.h"

#define CONFIG_GLOB_BITS 64

/*
 * A comm pattern as an automaton of at most 63 literal positions: bit i of a state set means that i
 * positions have matched. accept[c] holds the positions that the character c may fill; bit i of `star`
 * lets position i swallow any character. Built by user space (source/glob.c).
 */
struct config_glob {
	__u64 accept[256];
	__u64 star;
	__u64 final; /* the bit that must be set at the end */
};

enum config_target {
	CONFIG_TARGET_PIDS = 1 << 0,	 /* in map target_pids */
	CONFIG_TARGET_TIDS = 1 << 1,	 /* in map target_tids */
	CONFIG_TARGET_COMM = 1 << 2,	 /* comm_glob matches */
	CONFIG_TARGET_CGROUP = 1 << 3,	 /* at or below cgroup_id */
	CONFIG_TARGET_CHILDREN = 1 << 4, /* processes forked by targets are targets */
};

enum config_threads {
	CONFIG_THREADS_ALL = 0,
	CONFIG_THREADS_USER = 1,   /* -u */
	CONFIG_THREADS_KERNEL = 2, /* -k */
};

enum config_unwind {
	CONFIG_UNWIND_FP = 0,  /* frame pointers */
	CONFIG_UNWIND_CFI = 1, /* unwind tables */
};

/* For tests and benchmarks all but the first are wrong or slow. */
enum config_memo {
	CONFIG_MEMO_ON = 0,
	CONFIG_MEMO_OFF = 1,
	CONFIG_MEMO_VERIFY = 2, /* walk also on a hit, count disagreements */
	CONFIG_MEMO_BROKEN = 3, /* the same, with one slot left out: must disagree */
};

/* Read-only for the verifier, which drops the branches that can't be taken. */
struct config {
	__u32 target;	  /* enum config_target; 0: every thread */
	__u32 self_pid;	  /* the tracer's own process, never traced */
	__u32 pidns_inum; /* inode number of the tracer's pid namespace; 0: the initial one */
	__u32 _pad;
	__u64 cgroup_id;	/* kernfs id of the target cgroup */
	__u32 cgroup_hierarchy; /* its hierarchy: 0 = v2 */
	__u32 threads;		/* enum config_threads */
	__u64 min_ns, max_ns;	/* shortest and longest interval delivered; max 0: no limit */
	__u32 state_mask;	/* deliver only intervals with one of these state bits */
	__u8 state_filter;	/* 1: state_mask counts; with mask 0: only runnable (state 0) */
	__u8 kernel_stacks, user_stacks; /* capture them */
	__u8 thread_size_order; /* log2 of the kernel stack size; for kernels without bpf_task_pt_regs */
	__u32 max_frames;	/* per stack, 1..WIRE_MAX_FRAMES */
	__u32 ring_wake_bytes; /* wake the reader when a ring holds this much */
	__u32 unwind;	       /* enum config_unwind */
	__u32 memo;	       /* enum config_memo */
	__u32 memo_mask;       /* entries of the memo - 1, cached rules - 1: powers of two */
	__u32 cache_mask;
	__u32 kernel_loads; /* 1: the kernel has bpf_rdonly_cast() */
	/*
	 * 1: no task iterators. User space fills and reads map task_states itself, so threads and images get identities
	 * that /proc shows too: see task_start() and task_exec_id().
	 */
	__u32 proc_ids;
	__u32 wakers; /* 1: note who wakes */
	__u32 _pad2;
	__u64 tick_ns; /* of /proc's times: 1e9 / USER_HZ */
};

/* Of an image whose stack begins at @start_stack: see `proc_ids`. */
static __always_inline __u32 config_exec_id(__u64 start_stack)
{
	return (__u32)(start_stack >> 4);
}

/* Written by user space while the probes run, but for `leaving`. 0: not yet. */
struct control {
	__u64 start_ns; /* the window's start */
	__u64 stop_ns;	/* its end: events after it change nothing */
	__u64 pythons;	/* +1 for each process entered in map pythons; 0: there was none so far */
	__u64 gos;	/* likewise, in map gos */
	/* Where one run is cut into windows: */
	__u64 cut_ns;	  /* dwell_open tells what was open at this moment */
	__u64 memo_epoch; /* another number than before: what was remembered is forgotten */
	__u64 min_ns;	  /* as config.min_ns, whichever is larger; may change at any time */
	__u64 leaving; /* the kernel side's: targets that exit and were not told for the last time yet */
};

/* Key of map task_states, where it is a hash. */
struct task_key {
	__u64 start_ns;
	__u64 tid;
};

/* Values of map target_pids. */
struct target_pid {
	__u64 start_ns;	  /* of the process; 0: whichever has the pid when first seen */
	__u32 after_exec; /* not a target before its next exec (`-- COMMAND`) */
	__u32 _pad;
};

/* A row of the spill maps: intervals that had the same thread, stacks and wait. */
struct spill_key {
	struct wire_thread_key thread;
	__u64 kernel_stack;
	__u64 user_stack;
	struct wire_wait wait;
	struct wire_waker waker; /* this and the lock: zero without --wakers */
	__u64 lock;
};

struct spill_value {
	__u64 cnt;
	__u64 blocked_ns;
	__u64 runnable_ns;
	__u64 max_ns;
};

#endif
