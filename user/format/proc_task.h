/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The texts of /proc/PID/task/TID, proc(5). No I/O. Each text ends with a NUL. Of what is in them a thread chooses its name: up to 15
 * bytes, any but NUL, as they are in stat and sched, with escapes in status.
 */
#ifndef FORMAT_PROC_TASK_H
#define FORMAT_PROC_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROC_TASK_NAME_BYTES	 16  /* TASK_COMM_LEN, include/linux/sched.h */
#define PROC_TASK_FUNCTION_BYTES 256 /* of a name in a kernel stack; longer ones are left out */

/* Of stat. */
struct proc_stat {
	char comm[PROC_TASK_NAME_BYTES]; /* cut, if longer */
	char state;			 /* 'R', 'S', 'D'... */
	uint32_t flags;			 /* PF_* (field 9) */
	uint64_t start_ticks;		 /* field 22 */
	uint64_t start_stack;		 /* field 28 */
	uint32_t cpu;			 /* field 39 */
	uint32_t policy;		 /* field 41 */
};

/* 0, or -EBADMSG. Fields that are missing at the end are 0. */
int proc_stat_parse(const char *text, struct proc_stat *ret);
/* The number behind @name on a line of its own in status; @name begins with a line's end: "\nTgid:". False: there is none. */
bool proc_status_number(const char *text, const char *name, uint64_t *ret);
/* The last of NSpid in status: the number in its own pid namespace; 0: not told. */
uint32_t proc_status_own_pid(const char *text);
/* Of Uid in status: the effective one, and that for the file system. */
bool proc_status_uids(const char *text, uint32_t ret_uids[2]);
/* Of schedstat: nanoseconds on CPU and waiting for one. */
bool proc_schedstat_parse(const char *text, uint64_t *ret_exec_ns, uint64_t *ret_delay_ns);
/* se.exec_start of sched, in nanoseconds; 0: not told. */
uint64_t proc_sched_exec_start(const char *text);
/* Calls @fn with the functions of stack, innermost first. How many they are, or what @fn returned if that is not 0. */
typedef int (*proc_stack_fn)(void *arg, const char *name);
int proc_stack_each(const char *text, proc_stack_fn fn, void *arg);

/* Of syscall. */
struct proc_syscall {
	int16_t nr; /* -1: in none, or not told */
	uint64_t sp, pc;
};

/* False: the thread runs, or the text is none. */
bool proc_syscall_parse(const char *text, struct proc_syscall *ret);

#endif
