/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/os_clock.h"
#include "base/os_file.h"
#include "base/os_read.h"
#include "source/os_threads.h"

#define PROCESS_WORDS_BYTES (4u << 20)
#define PROCESS_DELETED	    " (deleted)"

static bool process_other_ns(uint32_t pid, const char *name)
{
	struct stat own, its;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (stat(path, &own))
		return false;
	snprintf(path, sizeof(path), "/proc/%u/ns/%s", pid, name);
	return !stat(path, &its) && its.st_ino != own.st_ino;
}

static void process_read_exe(uint32_t pid, struct os_process *p)
{
	size_t suffix = strlen(PROCESS_DELETED);
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%u/exe", pid);
	len = readlink(link, p->exe, sizeof(p->exe) - 1);
	if (len < 0)
		return;
	p->exe[len] = '\0';
	if ((size_t)len <= suffix || strcmp(p->exe + len - suffix, PROCESS_DELETED) != 0)
		return;
	p->exe[(size_t)len - suffix] = '\0';
	p->exe_deleted = true;
}

/* For os_threads_each(): 1, and *@arg, when it lives. */
static int process_take_thread(void *arg, uint32_t pid, uint32_t tid)
{
	struct os_thread t;

	if (os_thread_read(pid, tid, &t) || t.state == 'Z' || t.state == 'X')
		return 0;
	*(uint32_t *)arg = tid;
	return 1;
}

uint32_t os_process_live_thread(uint32_t pid)
{
	uint32_t tid = 0;

	return os_threads_each(pid, process_take_thread, &tid) == 1 ? tid : 0;
}

int os_process_read(uint32_t pid, struct os_process *ret)
{
	struct os_thread leader;

	memset(ret, 0, sizeof(*ret));
	if (os_thread_read(pid, pid, &leader))
		return -ESRCH;
	if (leader.state == 'Z' && !os_process_live_thread(pid))
		return -ESRCH;
	ret->image = (struct wire_image){.pid = pid, .start_ns = leader.start_ticks * os_tick_ns()};
	memcpy(ret->comm, leader.comm, sizeof(leader.comm));
	ret->kthread = leader.kthread;
	ret->own_pid = os_thread_own_tid(pid, pid);
	ret->other_pid_ns = process_other_ns(pid, "pid");
	ret->other_mount_ns = process_other_ns(pid, "mnt");
	process_read_exe(pid, ret);
	return 0;
}

int os_process_try_maps(uint32_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	os_close(fd);
	return 0;
}

int os_process_try_memory(uint32_t pid, uint64_t addr)
{
	char byte;
	struct iovec to = {.iov_base = &byte, .iov_len = 1};
	struct iovec from = {.iov_base = (void *)(uintptr_t)addr, .iov_len = 1};

	return process_vm_readv((pid_t)pid, &to, 1, &from, 1, 0) < 0 ? -errno : 0;
}

static bool process_file_says(uint32_t pid, const char *file, const char *word)
{
	_cleanup_buf_ struct buf text = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, file);
	return !os_read_file(path, PROCESS_WORDS_BYTES, &text) && text.len &&
	       memmem(text.data, text.len, word, strlen(word));
}

bool os_process_says(uint32_t pid, const char *word)
{
	return process_file_says(pid, "cmdline", word) || process_file_says(pid, "environ", word);
}
