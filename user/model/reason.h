/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Why a thread was off CPU: one fixed, low-cardinality set, the same on every platform. The table is the
 * single place that numbers, names and explains them. Append only: recordings and metrics carry them.
 */
#ifndef MODEL_REASON_H
#define MODEL_REASON_H

#define REASON_LIST(X)                                                              \
	X(OTHER, "other", "none of the rules matched")                              \
	X(LOCK, "lock", "futex and other user-space locks and condition variables") \
	X(POLL, "poll", "epoll, select, poll: waiting for any of several things")   \
	X(SLEEP, "sleep", "timers: nanosleep and the like")                         \
	X(DISK, "disk", "block device I/O")                                         \
	X(FS, "fs", "inode, journal or page-cache locks of a file system")          \
	X(NET, "net", "sockets")                                                    \
	X(PIPE, "pipe", "pipes, FIFOs, eventfd")                                    \
	X(MEMORY, "memory", "page faults, reclaim, memory throttling")              \
	X(KERNEL_LOCK, "kernel_lock", "mutexes and semaphores inside the kernel")   \
	X(CHILD, "child", "wait4, waitid, vfork: waiting for a child process")      \
	X(SIGNAL, "signal", "pause, sigwait, stopped or traced")                    \
	X(IO_URING, "io_uring", "io_uring completion waits and workers")            \
	X(DEVICE, "device", "terminals, FUSE and other drivers")                    \
	X(PREEMPTED, "preempted", "was runnable all the time: waited for a CPU only")

enum reason {
#define X(id, name, help) REASON_##id,
	REASON_LIST(X)
#undef X
		REASON_CNT
};

/* The name of a reason, as in --reason, metrics and --json; "other" for an unknown number. */
const char *reason_name(enum reason r);
/* What it means, a phrase for --help. */
const char *reason_help(enum reason r);
/* Finds a reason by name: 0 and *@ret_reason, or -ENOENT. */
int reason_parse(const char *name, enum reason *ret_reason);
/* The idle waits that --no-idle drops: poll, sleep, child, signal. */
#define REASON_IDLE_MASK \
	(1u << REASON_POLL | 1u << REASON_SLEEP | 1u << REASON_CHILD | 1u << REASON_SIGNAL)

#endif
