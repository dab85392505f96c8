/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_sched.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os_clock.h"
#include "base/os_read.h"
#include "format/proc_task.h"

#define SCHED_FILE_BYTES 65536
#define SCHED_STAT_BYTES (16u << 20) /* a line for each CPU, and one for all interrupts */
#define SCHED_MAX_CPUS	 65536
#define SCHED_TRIES	 3

static bool sched_read(uint32_t pid, uint32_t tid, const char *file, struct buf *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", pid, tid, file);
	return !os_read_file(path, SCHED_FILE_BYTES, ret) && ret->len;
}

uint64_t os_sched_exec_start(uint32_t pid, uint32_t tid)
{
	_cleanup_buf_ struct buf text = {0};

	return sched_read(pid, tid, "sched", &text) ? proc_sched_exec_start(text.data) : 0;
}

/* ---- clocks ---- */

bool os_sched_clock(uint32_t cpu, int64_t *ret_ahead_ns)
{
	uint32_t pid = (uint32_t)getpid(), tid = (uint32_t)syscall(SYS_gettid);
	size_t size = CPU_ALLOC_SIZE(SCHED_MAX_CPUS);
	cpu_set_t *old = CPU_ALLOC(SCHED_MAX_CPUS), *one = CPU_ALLOC(SCHED_MAX_CPUS);
	bool found = false;

	if (old && one && cpu < SCHED_MAX_CPUS && !sched_getaffinity(0, size, old)) {
		CPU_ZERO_S(size, one);
		CPU_SET_S(cpu, size, one);
		/* Its exec_start is when it arrived there, or was last accounted: the nearest of some looks. */
		for (int i = 0; i < SCHED_TRIES && !sched_setaffinity(0, size, one); i++) {
			uint64_t task_ns;
			int64_t ahead_ns;

			sched_yield();
			task_ns = os_sched_exec_start(pid, tid);
			ahead_ns = (int64_t)os_monotonic_ns() - (int64_t)task_ns;
			if (!task_ns || (found && ahead_ns >= *ret_ahead_ns))
				continue;
			*ret_ahead_ns = ahead_ns;
			found = true;
		}
		sched_setaffinity(0, size, old);
	}
	CPU_FREE(old);
	CPU_FREE(one);
	return found;
}

uint64_t os_sched_taken_ns(uint32_t cpu)
{
	unsigned long long v[8] = {0};
	_cleanup_buf_ struct buf text = {0};
	char name[32];
	const char *at;

	snprintf(name, sizeof(name), "\ncpu%u ", cpu);
	if (os_read_file("/proc/stat", SCHED_STAT_BYTES, &text) || !text.len)
		return UINT64_MAX;
	at = strstr(text.data, name);
	if (!at || sscanf(at + strlen(name), "%llu %llu %llu %llu %llu %llu %llu %llu", &v[0],
			  &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
		return UINT64_MAX;
	/* Softirqs are taken off only where interrupts are accounted, and there these are never 0. */
	return (v[7] + (v[5] ? v[5] + v[6] : 0)) * os_tick_ns();
}

bool os_sched_is_ext(void)
{
	_cleanup_buf_ struct buf text = {0};

	return !os_read_file("/sys/kernel/sched_ext/state", SCHED_FILE_BYTES, &text) && text.len &&
	       strncmp(text.data, "disabled", strlen("disabled")) != 0;
}

/* ---- kernel stacks ---- */

int os_sched_stack(uint32_t pid, uint32_t tid, os_sched_name_fn fn, void *arg, bool *ret_whole)
{
	_cleanup_buf_ struct buf text = {0}, wchan = {0};
	char name[PROC_TASK_FUNCTION_BYTES];
	int err;

	*ret_whole = sched_read(pid, tid, "stack", &text);
	if (*ret_whole)
		return proc_stack_each(text.data, fn, arg);
	/* "0" is both: it runs, and it may not be known. */
	if (!sched_read(pid, tid, "wchan", &wchan) || !strcmp(wchan.data, "0"))
		return 0;
	snprintf(name, sizeof(name), "%s", wchan.data);
	err = fn(arg, name);
	return err ? err : 1;
}
