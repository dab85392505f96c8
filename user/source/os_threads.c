/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_threads.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os_read.h"
#include "format/proc_task.h"

#define THREADS_STAT_BYTES   4096
#define THREADS_STATUS_BYTES 16384
#define THREADS_PF_KTHREAD   0x00200000 /* PF_KTHREAD, include/linux/sched.h */

static int threads_read(uint32_t pid, uint32_t tid, const char *file, size_t max_bytes,
			struct buf *ret)
{
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", pid, tid, file);
	err = os_read_file(path, max_bytes, ret);
	return err ? err : ret->len ? 0 : -ESRCH;
}

int os_thread_read(uint32_t pid, uint32_t tid, struct os_thread *ret)
{
	_cleanup_buf_ struct buf text = {0};
	struct proc_stat stat;
	int err = threads_read(pid, tid, "stat", THREADS_STAT_BYTES, &text);

	if (!err)
		err = proc_stat_parse(text.data, &stat);
	if (err)
		return err;
	*ret = (struct os_thread){
		.pid = pid,
		.tid = tid,
		.state = stat.state,
		.kthread = stat.flags & THREADS_PF_KTHREAD,
		.start_ticks = stat.start_ticks,
		.start_stack = stat.start_stack,
		.cpu = stat.cpu,
		.policy = stat.policy,
	};
	_Static_assert(sizeof(ret->comm) == sizeof(stat.comm), "a thread's name");
	memcpy(ret->comm, stat.comm, sizeof(ret->comm));
	return 0;
}

/* The kernel's state bits behind the letter: get_task_state(), fs/proc/array.c; include/linux/sched.h. */
uint32_t os_thread_state_bits(char letter)
{
	switch (letter) {
	case 'S':
		return 0x1;
	case 'D':
		return 0x2;
	case 'T':
		return 0x4;
	case 't':
		return 0x8;
	case 'P':
		return 0x40;
	case 'I':
		return 0x402;
	default:
		return 0;
	}
}

uint32_t os_thread_process(uint32_t tid)
{
	_cleanup_buf_ struct buf text = {0};
	uint64_t pid;

	if (threads_read(tid, tid, "status", THREADS_STATUS_BYTES, &text) ||
	    !proc_status_number(text.data, "\nTgid:", &pid))
		return 0;
	return (uint32_t)pid;
}

uint32_t os_thread_own_tid(uint32_t pid, uint32_t tid)
{
	_cleanup_buf_ struct buf text = {0};

	if (threads_read(pid, tid, "status", THREADS_STATUS_BYTES, &text))
		return 0;
	return proc_status_own_pid(text.data);
}

bool os_thread_uids(uint32_t pid, uint32_t ret_uids[2])
{
	_cleanup_buf_ struct buf text = {0};

	return !threads_read(pid, pid, "status", THREADS_STATUS_BYTES, &text) &&
	       proc_status_uids(text.data, ret_uids);
}

uint64_t os_thread_switch_cnt(uint32_t pid, uint32_t tid)
{
	_cleanup_buf_ struct buf text = {0};
	uint64_t voluntary, involuntary;

	if (threads_read(pid, tid, "status", THREADS_STATUS_BYTES, &text) ||
	    !proc_status_number(text.data, "\nvoluntary_ctxt_switches:", &voluntary) ||
	    !proc_status_number(text.data, "\nnonvoluntary_ctxt_switches:", &involuntary))
		return UINT64_MAX;
	return voluntary + involuntary;
}

bool os_thread_schedstat(uint32_t pid, uint32_t tid, uint64_t *ret_exec_ns, uint64_t *ret_delay_ns)
{
	_cleanup_buf_ struct buf text = {0};

	return !threads_read(pid, tid, "schedstat", THREADS_STAT_BYTES, &text) &&
	       proc_schedstat_parse(text.data, ret_exec_ns, ret_delay_ns);
}

/* Calls @fn with each number that names an entry of the directory. One that is gone has none. */
static int threads_each_number(const char *path, uint32_t pid, os_thread_fn fn, void *arg)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (entry = readdir(dir))) {
		unsigned long number = strtoul(entry->d_name, NULL, 10);

		if (number)
			err = fn(arg, pid, (uint32_t)number);
	}
	closedir(dir);
	return err;
}

struct threads_each {
	os_thread_fn fn;
	void *arg;
};

static int threads_each_process(void *arg, uint32_t unused, uint32_t pid)
{
	const struct threads_each *e = arg;

	(void)unused;
	return os_threads_each(pid, e->fn, e->arg);
}

int os_threads_each(uint32_t pid, os_thread_fn fn, void *arg)
{
	struct threads_each each = {.fn = fn, .arg = arg};
	char path[64];

	if (!pid)
		return threads_each_number("/proc", 0, threads_each_process, &each);
	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	return threads_each_number(path, pid, fn, arg);
}
