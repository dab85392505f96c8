/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The records that cross a border: kernel -> user space (rings, iterators) and program -> disk
 * (recordings). One layout for both, so that a recording replays through the code that runs live.
 *
 * Rules: little endian, fixed-width members, every record starts with struct wire_header and is a
 * multiple of 8 bytes; kinds and flags are numbered by hand, only ever appended, never reused; a
 * reader takes a record that is longer than it knows and ignores the rest.
 *
 * Times are CLOCK_MONOTONIC nanoseconds. `pid` is the process (kernel tgid), `tid` the thread, both as
 * seen from the pid namespace of the tracer.
 */
#ifndef DWELL_WIRE_H
#define DWELL_WIRE_H

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define WIRE_COMM_LEN	       16
#define WIRE_MAX_FRAMES	       256
#define WIRE_MAX_KERNEL_FRAMES 127 /* kernel.perf_event_max_stack's default */
#define WIRE_BUILD_ID_LEN      20

enum wire_kind {
	/* From the kernel. */
	WIRE_INTERVAL = 1,
	WIRE_THREAD = 2,
	WIRE_STACK = 3,
	WIRE_EXEC = 4,
	WIRE_FORK = 5,
	WIRE_SUMMARY = 6,
	/* These never leave the BPF source: from the task iterator at the start, requests for mappings, copied stacks. */
	WIRE_SEED = 7,
	WIRE_REMAP = 8,
	WIRE_COPY = 9,
	/* From user space. */
	WIRE_SPILL = 16,
	WIRE_COUNTERS = 17,
	WIRE_MODULE = 18,
	WIRE_MAPPING = 19,
	WIRE_SYMBOL = 20,
	WIRE_META = 21,
	WIRE_WINDOW = 22,
	WIRE_ROUND = 23,
	WIRE_LINE = 24,
	WIRE_CODE = 25,
	WIRE_LOCK = 26,
	WIRE_WAIT_REASON = 27,
	WIRE_LONG_NAME = 28,
	WIRE_DEBUG_FILE = 29,
	WIRE_LABELS = 30,
};

struct wire_header {
	__u16 kind;
	__u16 cpu;
	__u32 size; /* whole record, bytes */
};

/* A process between two execs: what an address belongs to. */
struct wire_image {
	__u32 pid;
	__u32 exec_id;	/* task_struct.self_exec_id: +1 at each exec, so no exec shares mappings */
	__u64 start_ns; /* start of the thread group leader: tells reused pids apart */
};

/* A thread's identity: tids are reused, (tid, start) is not. */
struct wire_thread_key {
	__u64 start_ns;
	__u32 tid;
	__u32 comm_gen; /* which of the thread's names: see WIRE_THREAD */
};

enum wire_interval_flags {
	WIRE_F_PREEMPT = 1 << 0, /* switched out while runnable */
	WIRE_F_IOWAIT = 1 << 1,	 /* task_struct.in_iowait at switch-out */
	WIRE_F_SEEDED = 1 << 2,	 /* off CPU since before the window; out_ns is the window's start */
	WIRE_F_OPEN = 1 << 3,	 /* still off CPU at the end; in_ns is the window's end */
	WIRE_F_NO_WAKEUP = 1 << 4, /* switched in although nothing was seen to wake it */
	WIRE_F_CLAMPED = 1 << 5,   /* the wake-up's time lay outside [out, in] */
	WIRE_F_NEW = 1 << 6,	   /* first wait of a new thread for a CPU */
	WIRE_F_KTHREAD = 1 << 7,
	WIRE_F_COMPAT = 1 << 8,	 /* the system call number is of the 32-bit table */
	WIRE_F_REBUILT = 1 << 9, /* the kernel did not report one of its switches: see UNPAIRED */
	WIRE_F_FILTERED =
		1
		<< 10, /* open, and -m -M --state -u -k leave it out: for the thread's totals only */
};

/*
 * By the thread's policy. While a scheduler of sched_ext has taken over all of them, those of FAIR and IDLE are really in EXT:
 * /sys/kernel/sched_ext tells.
 */
enum wire_sched_class {
	WIRE_CLASS_FAIR = 0,
	WIRE_CLASS_RT = 1,
	WIRE_CLASS_DEADLINE = 2,
	WIRE_CLASS_IDLE = 3, /* SCHED_IDLE */
	WIRE_CLASS_EXT = 4,
};

/* In the flags of struct wire_wait, beside enum wire_interval_flags: flags >> shift & 7. */
#define WIRE_F_CLASS_SHIFT 11
#define WIRE_F_CLASS_MASK  (7 << WIRE_F_CLASS_SHIFT)
/* Likewise: it may have begun before out_ns, nobody saw it; of no length: since when is not known at all. */
#define WIRE_F_AT_LEAST (1 << 14)
/* Likewise: what it waits for has a number of its own, in state: see WIRE_WAIT_REASON. */
#define WIRE_F_NAMED (1 << 15)

/* What decides the blocking reason, sampled at switch-out. */
struct wire_wait {
	__u32 state;   /* task_struct.__state; with WIRE_F_NAMED the number of a WIRE_WAIT_REASON */
	__s16 syscall; /* -1: not in a system call */
	__u16 flags;   /* enum wire_interval_flags, and the scheduling class */
};

struct wire_interval {
	struct wire_header h;
	struct wire_thread_key thread;
	__u64 out_ns;
	__u64 wake_ns; /* in [out_ns, in_ns]; == in_ns: never woken (open) */
	__u64 in_ns;
	__u64 kernel_stack; /* 0: none */
	__u64 user_stack;
	struct wire_wait wait;
};

enum wire_waker_flags {
	WIRE_W_ANY = 1 << 0, /* a wake-up was seen; without it the rest says nothing */
	WIRE_W_AWAY =
		1
		<< 1, /* not on the kernel stack of the thread that had the CPU: an interrupt, or a softirq */
	WIRE_W_IDLE = 1 << 2, /* nobody had the CPU; key is zero */
	WIRE_W_SELF = 1 << 3, /* the thread itself; there are no stacks */
	WIRE_W_KTHREAD = 1 << 4,
};

/* Who woke a thread. In what context, the names of the kernel stack tell: see analyze/waker_rules.h. */
struct wire_waker {
	struct wire_thread_key key; /* the thread that had the CPU */
	__u64 kernel_stack;
	__u64 user_stack;
	__u32 flags; /* enum wire_waker_flags */
	__u32 _pad;
};

/* A WIRE_INTERVAL with --wakers: the record is that much longer. */
struct wire_waked {
	struct wire_interval interval;
	struct wire_waker waker;
	__u64 lock; /* address of the futex that it waited for, | WIRE_LOCK_*; 0: none */
};

/* An interval that stands for several waits, or for a part of one: goroutines, which are looked at now and then. */
struct wire_counted {
	struct wire_waked waked;
	__u64 cnt;
	__u64 labels; /* id of a WIRE_LABELS; 0: none */
};

#define WIRE_LOCK_SHARED \
	1 /* by processes: what counts is the file behind the address; futexes are aligned to 4 */

enum wire_thread_flags {
	WIRE_THREAD_KTHREAD = 1 << 0,
	WIRE_THREAD_EXITED = 1 << 1,	 /* in a summary */
	WIRE_THREAD_RUNNING = 1 << 2,	 /* in a summary or seed: on CPU at that moment */
	WIRE_THREAD_GROUP_DEAD = 1 << 3, /* the last thread of its process */
	WIRE_THREAD_BASE_APPROX =
		1 << 4,		    /* ran at the window's start: kernel_* are up to a tick off */
	WIRE_THREAD_WAKER = 1 << 5, /* no target: it woke one */
	WIRE_THREAD_GOROUTINE =
		1
		<< 6, /* no thread: tid is the lower half of its number, start_ns none of a thread */
};

/* A thread seen for the first time, or under a new name. Sent before its first interval. */
struct wire_thread {
	struct wire_header h;
	struct wire_thread_key key;
	struct wire_image image;
	__u64 time_ns;
	__u64 cgroup_id;
	__u32 flags; /* enum wire_thread_flags */
	__u32 _pad;
	char comm[WIRE_COMM_LEN]; /* arbitrary bytes, NUL-terminated */
};

enum wire_stack_kind {
	WIRE_STACK_KERNEL = 0,
	WIRE_STACK_USER = 1,
};

#define WIRE_STACK_TRUNCATED 1 /* the walk stopped at its depth limit */
#define WIRE_STACK_BY_FP     2 /* user stack, walked by frame pointers although not asked to */
#define WIRE_STACK_END_SHIFT 8 /* flags >> this & 0xff: enum wire_stack_end */
/*
 * From the kernel: flags >> this & 0xff of the ips, the last ones, are frames of Python (python_frames.h), of which there
 * are more when CUT is set. User space puts WIRE_IP_PYTHON ones in the places where they belong.
 */
#define WIRE_STACK_PYTHON_SHIFT 16
#define WIRE_STACK_PYTHON_CUT	4
/* All ips are to be taken as they stand, none is moved into the calling instruction; bits 62 and 63 of them mean nothing. */
#define WIRE_STACK_EXACT 8
/* The last ip is no call: a goroutine was created there, behind the go statement (g.gopc), whose stack this is. */
#define WIRE_STACK_CREATED 16
/* flags >> this & WIRE_STACK_GO_MASK, of a user stack: enum wire_go_class. */
#define WIRE_STACK_GO_SHIFT 24
#define WIRE_STACK_GO_MASK  7

/* Whose stack it is in a Go program. */
enum wire_go_class {
	WIRE_GO_NONE = 0, /* no Go program, or not known */
	WIRE_GO_USER = 1, /* a goroutine's, which a thread runs */
	WIRE_GO_SYSTEM =
		2, /* the thread's own, on which it works for a goroutine: the runtime, or C */
	WIRE_GO_IDLE =
		3, /* the thread's own; it has no goroutine, or one that the runtime keeps for later */
	WIRE_GO_PARKED = 4, /* a goroutine's, which no thread has */
};

/*
 * How the walk of a user stack ended. Order is the numbering; append.
 * name of the counter in --json and metrics, what the frame in its place says, help.
 */
#define WIRE_STACK_ENDS_LIST(X)                                                                   \
	X(DEPTH_LIMIT, "depth_limit", "[truncated]", "more frames than the limit")                \
	X(FAULT, "fault", "[unwind: stack not in memory]", "stack memory that could not be read") \
	X(NO_ROWS, "no_rows", "[unwind: no rows]", "code without CFI, no frame pointer")          \
	X(NO_REGISTERS, "no_registers", "[unwind: no registers]", "a register nobody knows")      \
	X(BAD_CFA, "bad_cfa", "[unwind: bad CFA]", "a frame that lies below the one it called")   \
	X(PC_UNMAPPED, "pc_unmapped", "[unwind: pc unmapped]", "a return address to no code")     \
	X(UNSUPPORTED, "unsupported", "[unwind: unsupported CFI]", "an expression we don't read") \
	X(TABLE_FULL, "table_full", "[unwind: tables full]", "no memory for the module's table")

enum wire_stack_end {
	WIRE_END_OUTERMOST = 0, /* as it should */
#define X(id, name, frame, help) WIRE_END_##id,
	WIRE_STACK_ENDS_LIST(X)
#undef X
		WIRE_END_CNT,
	WIRE_END_PENDING = 255, /* never sent: the tables are not there yet */
};

/*
 * In the ips of a user stack: this is not a return address but the instruction itself, at which a signal interrupted
 * the thread, or where the handler returns to. (The innermost ip is one without saying so.)
 */
#define WIRE_IP_EXACT (1ull << 63)
/* A frame of Python: the rest is an offset in the module of kind WIRE_MODULE_PYTHON, which WIRE_LINE records name. */
#define WIRE_IP_PYTHON (1ull << 62)

/* Defines a stack id. Sent once per id (again after an eviction: same content). */
struct wire_stack {
	struct wire_header h;
	struct wire_image image; /* zero for kernel stacks */
	__u64 id;
	__u64 time_ns;
	__u16 kind;
	__u16 frame_cnt;
	__u32 flags;
	__u64 ips[]; /* innermost first */
};

/* execve succeeded: a new image begins. */
struct wire_exec {
	struct wire_header h;
	struct wire_image image; /* the new one */
	__u64 time_ns;
	char comm[WIRE_COMM_LEN];
};

/* A new process (not a thread): the child starts with a copy of the parent's mappings. */
struct wire_fork {
	struct wire_header h;
	struct wire_image parent;
	struct wire_image child;
	__u64 time_ns;
};

/* A thread's totals inside the window, at its exit or at the end. Counted in the kernel from events. */
struct wire_summary {
	struct wire_header h;
	struct wire_thread_key key;
	struct wire_image image;
	__u64 begin_ns; /* later of the window's start and the thread's first wake-up */
	__u64 end_ns;	/* earlier of the window's end and the thread's last switch-out */
	__u64 on_cpu_ns;
	__u64 blocked_ns;
	__u64 runnable_ns;
	__u64 intervals;	  /* closed off-CPU intervals */
	__u64 kernel_on_cpu_ns;	  /* growth of schedstat field 1 (sum_exec_runtime) */
	__u64 kernel_runnable_ns; /* growth of schedstat field 2 (run_delay) */
	__u32 flags;		  /* enum wire_thread_flags */
	__u32 _pad;
	char comm[WIRE_COMM_LEN];
};

/* The user registers of a thread, by their DWARF numbers (x86-64: 0-15, arm64: 0-31). */
struct wire_regs {
	__u64 ip; /* 0: the kernel can't tell */
	__u64 reg[32];
};

/* A thread that is off CPU, from the task iterator: who it is and where it waits. */
struct wire_seed {
	struct wire_header h;
	struct wire_thread_key key;
	struct wire_image image;
	__u64 cgroup_id;
	struct wire_regs user;
	__u64 switch_cnt;     /* nvcsw + nivcsw: tells whether the thread ran since */
	__u64 thread_pointer; /* what its thread-local variables count from; 0: not known */
	__u32 flags;	      /* enum wire_thread_flags */
	__u32 frame_cnt;
	char comm[WIRE_COMM_LEN];
	__u64 ips[WIRE_MAX_KERNEL_FRAMES]; /* kernel stack, innermost first, frame_cnt of them */
};

/* The executable mappings that user space gave the kernel for this image are missing or out of date. */
struct wire_remap {
	struct wire_header h;
	struct wire_image image;
	__u64 time_ns;
	__u64 exec_pages; /* mm_struct.exec_vm at that moment */
};

#define WIRE_COPY_BYTES 20480 /* five pages */

/* The memory of a user stack, for user space to walk: see copies.bpf.h. */
struct wire_copy {
	struct wire_header h;
	struct wire_image image;
	__u64 id; /* of the stack */
	__u64 time_ns;
	__u64 sp;
	struct wire_regs user;
	__u8 bytes[]; /* from the beginning of sp's page; those before sp mean nothing */
};

/* Intervals that the kernel added up because a ring was full. */
struct wire_spill {
	struct wire_header h;
	struct wire_thread_key thread;
	__u64 kernel_stack;
	__u64 user_stack;
	struct wire_wait wait;
	__u64 cnt;
	__u64 blocked_ns;
	__u64 runnable_ns;
	__u64 max_ns; /* longest interval */
};

/* With --wakers, likewise. */
struct wire_waked_spill {
	struct wire_spill spill;
	struct wire_waker waker;
	__u64 lock;
};

/* What lies at the address of a shared futex. */
struct wire_lock {
	struct wire_header h;
	struct wire_image image;
	__u64 addr;
	__u64 dev, inode; /* 0: no file, a mapping that forked processes share */
	__u64 file_off;	  /* of the futex */
	__u32 path_len;
	__u32 _pad;
	char path[]; /* path_len bytes, then NUL and padding */
};

/*
 * The ledger's terms and every other counter, cumulative since the start. Order is the numbering; append.
 * name in --json and metrics, what it counts.
 */
#define WIRE_COUNTERS_LIST(X)                                                                      \
	X(OBSERVED_NS, "observed_ns", "off-CPU time of target threads, summed at switch-in")       \
	X(OBSERVED_CNT, "observed", "off-CPU intervals of target threads")                         \
	X(FILTERED_NS, "filtered_ns", "dropped by -m -M --state -u -k in the kernel")              \
	X(FILTERED_CNT, "filtered", "")                                                            \
	X(SPILLED_NS, "spilled_ns", "added up in the kernel because a ring was full")              \
	X(SPILLED_CNT, "spilled", "")                                                              \
	X(LOST_SPILL_FULL_NS, "lost_spill_full_ns", "ring and spill map full")                     \
	X(LOST_SPILL_FULL_CNT, "lost_spill_full", "")                                              \
	X(TASK_STATE_FULL, "task_state_full",                                                      \
	  "a thread came that is not traced: no memory for it")                                    \
	X(STACK_SPILLED, "stack_spilled", "stack definitions that took the way of the spill")      \
	X(STACK_LOST, "stack_lost", "stacks shown as [stack lost]")                                \
	X(KERNEL_STACK_FAILED, "kernel_stack_failed", "kernel stacks that could not be read")      \
	X(USER_STACK_FAILED, "user_stack_failed", "user stacks that could not be read")            \
	X(TRUNCATED, "stack_truncated", "stacks cut at the depth limit")                           \
	X(NO_WAKEUP, "no_wakeup", "switched in without a wake-up seen")                            \
	X(CLAMPED, "clamped", "wake-up outside its interval")                                      \
	X(UNPAIRED, "unpaired", "switches that the kernel did not report, placed by its run time") \
	X(EXIT_SPILLED, "exit_spilled", "totals of exited threads that took the way of the spill") \
	X(SUMMARY_LOST, "summary_lost", "exited threads without totals: exit map full")            \
	X(PROCESS_EVENT_LOST, "process_event_lost", "exec and fork records lost: ring full")       \
	X(EVENTS, "events", "records written by the kernel")                                       \
	X(EXECS, "execs", "")                                                                      \
	X(FORKS, "forks", "")                                                                      \
	X(EXITS, "exits", "")                                                                      \
	X(MAPPING_LOST, "mapping_lost", "new mappings not told in time: read from /proc instead")  \
	X(USER_WALKS, "user_walks", "user stacks walked by CFI, memoized ones included")           \
	X(WALKED_BY_FP, "walked_by_fp", "user stacks walked by frame pointers: tables not ready")  \
	X(WALKED_STALE, "walked_stale", "user stacks walked while their mappings changed")         \
	X(KERNEL_MEMO_HITS, "kernel_memo_hits", "kernel stacks known without a walk")              \
	X(USER_MEMO_HITS, "user_memo_hits", "user stacks known without a full walk")               \
	X(MEMO_VERIFIED, "memo_verified", "hits walked again to see whether they are right")       \
	X(MEMO_DISAGREED, "memo_disagreed", "and were not: a bug, please report it")               \
	X(REMAPS_LOST, "remaps_lost", "requests for mappings that found the ring full")            \
	X(UNWIND_DEPTH_LIMIT, "unwind_depth_limit", "user stacks with more frames than the limit") \
	X(UNWIND_FAULT, "unwind_fault", "user stacks cut: memory that could not be read")          \
	X(UNWIND_NO_ROWS, "unwind_no_rows", "user stacks cut: code without CFI or frame pointer")  \
	X(UNWIND_NO_REGISTERS, "unwind_no_registers", "user stacks cut: a register nobody knows")  \
	X(UNWIND_BAD_CFA, "unwind_bad_cfa", "user stacks cut: a frame below the one it called")    \
	X(UNWIND_PC_UNMAPPED, "unwind_pc_unmapped",                                                \
	  "user stacks cut: a return address to no code")                                          \
	X(UNWIND_UNSUPPORTED, "unwind_unsupported", "user stacks cut: CFI that has no form here")  \
	X(UNWIND_TABLE_FULL, "unwind_table_full", "user stacks cut: no memory for unwind tables")  \
	X(COPIED, "copied", "user stacks copied, for want of tables, and walked afterwards")       \
	X(PYTHON_WALKS, "python_walks", "user stacks with frames of Python")                       \
	X(PYTHON_FAILED, "python_failed", "of those, cut: memory that could not be read")          \
	X(PYTHON_CUT, "python_cut", "of those, cut at the limit of frames")                        \
	X(PYTHON_NO_THREAD, "python_no_thread",                                                    \
	  "user stacks of threads in a Python process that Python does not know")                  \
	X(PYTHON_LOST, "python_lost", "frames of Python whose code could not be read in time")     \
	X(PYTHON_MISMATCH, "python_mismatch",                                                      \
	  "stacks with more or fewer interpreter calls than Python says")                          \
	X(PYTHON_UNSUPPORTED, "python_unsupported",                                                \
	  "Python interpreters of a version or build that is not known here")                      \
	X(WAKER_LOST, "waker_lost",                                                                \
	  "wakers without name and user stack: no memory for their state")                         \
	X(SPILLED_BEFORE_NS, "spilled_before_ns",                                                  \
	  "of the spilled time, what earlier windows of the same run have shown")                  \
	X(THROTTLED_NS, "throttled_ns", "of the filtered time, what --max-cpu gave up")            \
	X(THROTTLED_CNT, "throttled", "of the filtered intervals, what --max-cpu gave up")         \
	X(CHAIN_BREAKS, "chain_breaks",                                                            \
	  "context switches missing in the trace: who left a CPU was not who had it")              \
	X(TRACE_EVENTS_LOST, "trace_events_lost", "events that the tracing system says it lost")   \
	X(TRACE_BUFFERS_LOST, "trace_buffers_lost",                                                \
	  "buffers that the tracing system says it lost, or that are damaged")

enum wire_counter {
#define X(id, name, help) WIRE_C_##id,
	WIRE_COUNTERS_LIST(X)
#undef X
		WIRE_COUNTER_CNT
};

/* The causes are counted in the order of their numbers. */
#define WIRE_C_UNWIND_END(end) (WIRE_C_UNWIND_DEPTH_LIMIT + (end)-WIRE_END_DEPTH_LIMIT)

struct wire_counters {
	struct wire_header h;
	__u32 cnt;
	__u32 _pad;
	__u64 values[]; /* by enum wire_counter */
};

enum wire_module_kind {
	WIRE_MODULE_ELF = 0,
	WIRE_MODULE_KERNEL = 1,
	WIRE_MODULE_VDSO = 2,
	WIRE_MODULE_ANON = 3,	/* executable memory without a file */
	WIRE_MODULE_PYTHON = 4, /* no file at all: functions written in Python */
	WIRE_MODULE_PE = 5,	/* a PE file in a process's memory */
	WIRE_MODULE_DRIVER = 6, /* a PE file in the kernel's memory */
};

/* A file (or the kernel) that code comes from. Ids count up from 1 in the order of appearance. */
struct wire_module {
	struct wire_header h;
	__u32 id;
	__u16 kind; /* enum wire_module_kind */
	__u16 build_id_len;
	__u64 dev; /* identity of the file mapped, as in /proc/PID/maps */
	__u64 inode;
	__u8 build_id[WIRE_BUILD_ID_LEN];
	__u32 path_len;
	char path[]; /* path_len bytes, then NUL and padding */
};

#define WIRE_MAPPING_RESET    1 /* forget the image's mappings first; start == end: nothing else */
#define WIRE_MAPPING_WRITABLE 2 /* as well as executable */

/* Executable memory of an image. */
struct wire_mapping {
	struct wire_header h;
	struct wire_image image; /* all zero: of the kernel, if its memory has several modules */
	__u64 start, end;	 /* addresses */
	__u64 file_off;		 /* of start, bytes */
	__u32 module;
	__u32 flags;
};

/* The file with a module's symbols, where the module's build id is that file's. */
struct wire_debug_file {
	struct wire_header h;
	__u32 module;
	__u32 name_len;
	char text[]; /* name, NUL and padding */
};

/*
 * The whole name of a thread whose comm has no room for it. WIRE_THREAD told the thread before, with the same key, comm_gen
 * included.
 */
struct wire_long_name {
	struct wire_header h;
	struct wire_thread_key key;
	__u32 name_len;
	__u32 _pad;
	char text[]; /* name, NUL and padding */
};

/* What a program says of its own waits, as keys and values: each set once, by an id. */
struct wire_labels {
	struct wire_header h;
	__u64 id;
	__u32 text_len;
	__u32 _pad;
	char text[]; /* key, NUL, value, NUL for each, text_len bytes; padding */
};

/*
 * A wait reason of the system the events come from: waits with WIRE_F_NAMED in their flags have its number in
 * wire_wait.state. With frame_len 0: the reason of such waits; else: their reason when one of their innermost frames has a
 * name that begins with this. The first that fits in the order told counts, then the one without frame.
 */
struct wire_wait_reason {
	struct wire_header h;
	__u32 state;
	__u16 reason; /* enum reason */
	__u16 name_len;
	__u16 frame_len;
	__u16 _pad;
	__u32 _pad2;
	char text[]; /* name, NUL, frame, NUL and padding */
};

/* A symbol that covers a frame of the recording. Offsets as in struct frame: see model/stack.h. */
struct wire_symbol {
	struct wire_header h;
	__u32 module;
	__u16 name_len;
	__u16 kind; /* enum frame_kind; 0: by the module's */
	__u64 start;
	__u64 size;
	char name[]; /* name_len bytes, then NUL and padding */
};

/*
 * One of the functions at a frame whose debug information was read, or that no symbol can name: see symbol/lines.h. Those of
 * one frame follow each other, innermost first.
 */
struct wire_line {
	struct wire_header h;
	__u32 module;
	__u32 line; /* 0: not known */
	__u64 offset;
	__u16 kind; /* enum frame_kind */
	__u16 name_len;
	__u16 file_len; /* 0: not known */
	__u16 _pad;
	char text[]; /* name, NUL, file, NUL and padding */
};

/*
 * Code that was made while its program ran: since when it was where. @start is as in struct frame: an address, and which of
 * those that were there in turn; its name is in the WIRE_SYMBOL for the same.
 */
struct wire_code {
	struct wire_header h;
	__u32 module;
	__u32 _pad;
	__u64 start;
	__u64 size;
	__u64 time_ns; /* 0: nobody said */
};

/* One fact about the run, "key=value". */
struct wire_meta {
	struct wire_header h;
	__u32 key_len;
	__u32 value_len;
	char text[]; /* key, NUL, value, NUL, padding */
};

#define WIRE_WINDOW_START 0
#define WIRE_WINDOW_END	  1

/* An edge of the time window, on three clocks read together. */
struct wire_window {
	struct wire_header h;
	__u64 monotonic_ns;
	__u64 boottime_ns;
	__u64 realtime_ns;
	__u32 edge;
	__u32 _pad;
};

/* All that was written before time_ns to any ring or map has been read: older stacks may be resolved. */
struct wire_round {
	struct wire_header h;
	__u64 time_ns;
};

#define WIRE_SIZE_CHECK(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)
WIRE_SIZE_CHECK(wire_header, 8);
WIRE_SIZE_CHECK(wire_image, 16);
WIRE_SIZE_CHECK(wire_thread_key, 16);
WIRE_SIZE_CHECK(wire_wait, 8);
WIRE_SIZE_CHECK(wire_interval, 72);
WIRE_SIZE_CHECK(wire_waker, 40);
WIRE_SIZE_CHECK(wire_waked, 120);
WIRE_SIZE_CHECK(wire_counted, 136);
WIRE_SIZE_CHECK(wire_thread, 80);
WIRE_SIZE_CHECK(wire_stack, 48);
WIRE_SIZE_CHECK(wire_exec, 48);
WIRE_SIZE_CHECK(wire_fork, 48);
WIRE_SIZE_CHECK(wire_summary, 128);
WIRE_SIZE_CHECK(wire_regs, 264);
WIRE_SIZE_CHECK(wire_seed, 352 + 8 * WIRE_MAX_KERNEL_FRAMES);
WIRE_SIZE_CHECK(wire_remap, 40);
WIRE_SIZE_CHECK(wire_copy, 312);
WIRE_SIZE_CHECK(wire_spill, 80);
WIRE_SIZE_CHECK(wire_waked_spill, 128);
WIRE_SIZE_CHECK(wire_lock, 64);
WIRE_SIZE_CHECK(wire_counters, 16);
WIRE_SIZE_CHECK(wire_module, 56);
WIRE_SIZE_CHECK(wire_mapping, 56);
WIRE_SIZE_CHECK(wire_debug_file, 16);
WIRE_SIZE_CHECK(wire_long_name, 32);
WIRE_SIZE_CHECK(wire_labels, 24);
WIRE_SIZE_CHECK(wire_wait_reason, 24);
WIRE_SIZE_CHECK(wire_symbol, 32);
WIRE_SIZE_CHECK(wire_line, 32);
WIRE_SIZE_CHECK(wire_code, 40);
WIRE_SIZE_CHECK(wire_meta, 16);
WIRE_SIZE_CHECK(wire_window, 40);
WIRE_SIZE_CHECK(wire_round, 16);
#undef WIRE_SIZE_CHECK

#endif
