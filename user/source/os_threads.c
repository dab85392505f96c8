/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_threads.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os_read.h"

#define THREADS_STAT_BYTES   4096
#define THREADS_STATUS_BYTES 16384
#define THREADS_PF_KTHREAD   0x00200000 /* PF_KTHREAD, include/linux/sched.h */

/* Fields of /proc/PID/stat. */
enum {
	THREADS_STATE = 3,
	THREADS_FLAGS = 9,
	THREADS_START = 22,
	THREADS_STACK = 28,
	THREADS_CPU = 39,
	THREADS_POLICY = 41,
	THREADS_LAST = THREADS_POLICY,
};

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
	struct os_thread t = {.pid = pid, .tid = tid};
	_cleanup_buf_ struct buf text = {0};
	uint64_t values[THREADS_LAST + 1] = {0};
	int err = threads_read(pid, tid, "stat", THREADS_STAT_BYTES, &text);
	char *open, *close, *at;
	size_t len;

	if (err)
		return err;
	/* The name may hold anything, also ") "; what follows the last one is a letter and numbers. */
	open = strchr(text.data, '(');
	close = strrchr(text.data, ')');
	if (!open || !close || close < open || close[1] != ' ' || !close[2])
		return -EBADMSG;
	len = (size_t)(close - open - 1);
	memcpy(t.comm, open + 1, len < sizeof(t.comm) ? len : sizeof(t.comm) - 1);
	t.state = close[2];
	at = close + 3;
	for (int field = THREADS_STATE + 1; field <= THREADS_LAST; field++)
		values[field] = strtoull(at, &at, 10);
	t.kthread = values[THREADS_FLAGS] & THREADS_PF_KTHREAD;
	t.start_ticks = values[THREADS_START];
	t.start_stack = values[THREADS_STACK];
	t.cpu = (uint32_t)values[THREADS_CPU];
	t.policy = (uint32_t)values[THREADS_POLICY];
	*ret = t;
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

/* The number after "NAME:" on a line of its own in /proc/PID/task/TID/status. */
static bool threads_status_number(const char *text, const char *name, uint64_t *ret)
{
	const char *at = strstr(text, name);
	char *end;

	if (!at)
		return false;
	at += strlen(name);
	*ret = strtoull(at, &end, 10);
	return end > at;
}

uint32_t os_thread_process(uint32_t tid)
{
	_cleanup_buf_ struct buf text = {0};
	uint64_t pid;

	if (threads_read(tid, tid, "status", THREADS_STATUS_BYTES, &text) ||
	    !threads_status_number(text.data, "\nTgid:", &pid))
		return 0;
	return (uint32_t)pid;
}

uint32_t os_thread_own_tid(uint32_t pid, uint32_t tid)
{
	_cleanup_buf_ struct buf text = {0};
	char *at, *end;

	if (threads_read(pid, tid, "status", THREADS_STATUS_BYTES, &text))
		return 0;
	at = strstr(text.data, "\nNSpid:");
	if (!at)
		return 0;
	at += strlen("\nNSpid:");
	end = at + strcspn(at, "\n");
	/* From the outermost namespace to its own. */
	while (end > at && end[-1] != '\t')
		end--;
	return (uint32_t)strtoul(end, NULL, 10);
}

bool os_thread_uids(uint32_t pid, uint32_t ret_uids[2])
{
	_cleanup_buf_ struct buf text = {0};
	unsigned int uids[4];
	const char *at;

	if (threads_read(pid, pid, "status", THREADS_STATUS_BYTES, &text))
		return false;
	/* Real, effective, saved, of the file system. */
	at = strstr(text.data, "\nUid:");
	if (!at || sscanf(at, " Uid: %u %u %u %u", &uids[0], &uids[1], &uids[2], &uids[3]) != 4)
		return false;
	ret_uids[0] = uids[1];
	ret_uids[1] = uids[3];
	return true;
}

uint64_t os_thread_switch_cnt(uint32_t pid, uint32_t tid)
{
	_cleanup_buf_ struct buf text = {0};
	uint64_t voluntary, involuntary;

	if (threads_read(pid, tid, "status", THREADS_STATUS_BYTES, &text) ||
	    !threads_status_number(text.data, "\nvoluntary_ctxt_switches:", &voluntary) ||
	    !threads_status_number(text.data, "\nnonvoluntary_ctxt_switches:", &involuntary))
		return UINT64_MAX;
	return voluntary + involuntary;
}

bool os_thread_schedstat(uint32_t pid, uint32_t tid, uint64_t *ret_exec_ns, uint64_t *ret_delay_ns)
{
	_cleanup_buf_ struct buf text = {0};
	unsigned long long exec_ns, delay_ns;

	if (threads_read(pid, tid, "schedstat", THREADS_STAT_BYTES, &text) ||
	    sscanf(text.data, "%llu %llu", &exec_ns, &delay_ns) != 2)
		return false;
	*ret_exec_ns = exec_ns;
	*ret_delay_ns = delay_ns;
	return true;
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
