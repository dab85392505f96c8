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

#define SCHED_FILE_BYTES 65536
#define SCHED_STAT_BYTES (16u << 20) /* a line for each CPU, and one for all interrupts */
#define SCHED_MAX_CPUS	 65536
#define SCHED_TRIES	 3
#define SCHED_NAME_BYTES 256

static bool sched_read(uint32_t pid, uint32_t tid, const char *file, struct buf *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", pid, tid, file);
	return !os_read_file(path, SCHED_FILE_BYTES, ret) && ret->len;
}

uint64_t os_sched_exec_start(uint32_t pid, uint32_t tid)
{
	_cleanup_buf_ struct buf text = {0};
	unsigned long long ms, ns;
	const char *at;

	if (!sched_read(pid, tid, "sched", &text))
		return 0;
	/* The thread's name stands above, as it is: it may hold a line break, and this word, but no number of this form. */
	for (at = text.data; (at = strstr(at, "\nse.exec_start")); at++)
		/* Milliseconds, with six digits behind the point. */
		if (sscanf(at, "\nse.exec_start : %llu.%6llu", &ms, &ns) == 2)
			return ms * 1000000 + ns;
	return 0;
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

/* "[<0>] futex_wait_queue+0x6e/0xa0": its name. */
static bool sched_stack_line(const char *line, size_t len, char ret[SCHED_NAME_BYTES])
{
	const char *at = memchr(line, ']', len), *end = line + len, *plus;

	if (!at || end - at < 3)
		return false;
	at += 2;
	plus = memchr(at, '+', (size_t)(end - at));
	if (plus)
		end = plus;
	if (end == at || (size_t)(end - at) >= SCHED_NAME_BYTES || !strncmp(at, "0x", 2))
		return false;
	memcpy(ret, at, (size_t)(end - at));
	ret[end - at] = '\0';
	return true;
}

int os_sched_stack(uint32_t pid, uint32_t tid, os_sched_name_fn fn, void *arg, bool *ret_whole)
{
	_cleanup_buf_ struct buf text = {0}, wchan = {0};
	char name[SCHED_NAME_BYTES];
	int cnt = 0, err = 0;

	*ret_whole = sched_read(pid, tid, "stack", &text);
	if (*ret_whole) {
		for (const char *at = text.data; !err && *at; at += strcspn(at, "\n") + 1) {
			size_t len = strcspn(at, "\n");

			if (sched_stack_line(at, len, name)) {
				err = fn(arg, name);
				cnt++;
			}
			if (!at[len])
				break;
		}
		return err ? err : cnt;
	}
	/* "0" is both: it runs, and it may not be known. */
	if (!sched_read(pid, tid, "wchan", &wchan) || !strcmp(wchan.data, "0"))
		return 0;
	snprintf(name, sizeof(name), "%s", wchan.data);
	err = fn(arg, name);
	return err ? err : 1;
}
