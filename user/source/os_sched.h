/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What /proc tells of how a thread waits, and of the clocks that its times are on. */
#ifndef SOURCE_OS_SCHED_H
#define SOURCE_OS_SCHED_H

#include <stdbool.h>
#include <stdint.h>

/* se.exec_start of /proc/PID/task/TID/sched, as in struct snapshot_clock; 0: gone, or the kernel does not show it. */
uint64_t os_sched_exec_start(uint32_t pid, uint32_t tid);
/*
 * CLOCK_MONOTONIC - the clock of tasks on @cpu, now: goes there for a moment. False: it may not, or the kernel shows no times.
 */
bool os_sched_clock(uint32_t cpu, int64_t *ret_ahead_ns);
/* By how much the clock of tasks on @cpu may be behind at most, by the kernel's account of what was taken from it: /proc/stat. */
uint64_t os_sched_taken_ns(uint32_t cpu);
/* Is a scheduler of sched_ext in charge of the class fair? */
bool os_sched_is_ext(void);
/*
 * Calls @fn with the functions of a sleeping thread's kernel stack, innermost first, by /proc/PID/task/TID/stack; where that
 * may not be read only with the one that it waits in, by wchan. The number of functions; or the callback's error, < 0.
 */
typedef int (*os_sched_name_fn)(void *arg, const char *name);
int os_sched_stack(uint32_t pid, uint32_t tid, os_sched_name_fn fn, void *arg, bool *ret_whole);

#endif
