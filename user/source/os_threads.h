/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Threads as /proc shows them, proc(5). */
#ifndef SOURCE_OS_THREADS_H
#define SOURCE_OS_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/* Of /proc/PID/task/TID/stat. */
struct os_thread {
	uint32_t pid, tid;
	char comm[WIRE_COMM_LEN];
	char state;	      /* 'R', 'S', 'D'... */
	bool kthread;	      /* PF_KTHREAD among the flags (field 9) */
	uint64_t start_ticks; /* since boot, in 1 / sysconf(_SC_CLK_TCK) seconds (field 22) */
	uint64_t
		start_stack; /* address of the bottom of the main thread's stack, 0: none (field 28) */
	uint32_t cpu;	     /* that it ran on last (field 39) */
	uint32_t policy;     /* SCHED_* (field 41) */
};

/* 0, or -errno: the thread is gone, or may not be read. */
int os_thread_read(uint32_t pid, uint32_t tid, struct os_thread *ret);
/* task_struct.__state of a thread whose state has this letter; 0: running, or none that can be blocked. */
uint32_t os_thread_state_bits(char letter);
/* The process of a thread, by the Tgid of /proc/TID/status; 0: gone. */
uint32_t os_thread_process(uint32_t tid);
/* How often the thread was switched out, by /proc/PID/task/TID/status; UINT64_MAX when it can't be told. */
uint64_t os_thread_switch_cnt(uint32_t pid, uint32_t tid);
/* The number that the thread has for itself, in its own pid namespace: the last of NSpid in its status; 0: gone. */
uint32_t os_thread_own_tid(uint32_t pid, uint32_t tid);
/* Whose files a process makes: its effective user id and that for the file system. False: it is gone. */
bool os_thread_uids(uint32_t pid, uint32_t ret_uids[2]);
/*
 * Nanoseconds on CPU and waiting for one, since the thread began: fields 1 and 2 of /proc/PID/task/TID/schedstat. False:
 * gone, or the kernel keeps none.
 */
bool os_thread_schedstat(uint32_t pid, uint32_t tid, uint64_t *ret_exec_ns, uint64_t *ret_delay_ns);
/*
 * Calls @fn for each thread of process @pid, 0: of every process. Threads that come and go meanwhile may be missed. 0, the
 * callback's error, -errno; a process that is gone has no threads.
 */
typedef int (*os_thread_fn)(void *arg, uint32_t pid, uint32_t tid);
int os_threads_each(uint32_t pid, os_thread_fn fn, void *arg);

#endif
