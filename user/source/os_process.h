/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A process as /proc shows it, before anything is traced. */
#ifndef SOURCE_OS_PROCESS_H
#define SOURCE_OS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

#define OS_PROCESS_PATH_BYTES 4096

struct os_process {
	struct wire_image image; /* for os_maps_read(); without an exec_id */
	char comm[WIRE_COMM_LEN + 1];
	bool kthread;
	uint32_t own_pid;		   /* the number that it has in its own pid namespace */
	bool other_pid_ns, other_mount_ns; /* than ours; false where that may not be asked */
	char exe[OS_PROCESS_PATH_BYTES];   /* "": may not be asked, or none */
	bool exe_deleted;		   /* or replaced, since it was started */
};

/* 0 or -ESRCH: there is none, or no thread of it lives. */
int os_process_read(uint32_t pid, struct os_process *ret);
/*
 * A thread of it that lives, 0: none. Its first thread may end before the others, and does where another one calls execve(2)
 * (fs/exec.c, de_thread()); what /proc/PID says of memory and files is that thread's.
 */
uint32_t os_process_live_thread(uint32_t pid);
/* May its mappings be read? 0, -EACCES, -ESRCH... */
int os_process_try_maps(uint32_t pid);
/* May its memory be read, at @addr? 0 or -errno. */
int os_process_try_memory(uint32_t pid, uint64_t addr);
/* Does @word stand in its command line or its environment? False where that may not be asked. */
bool os_process_says(uint32_t pid, const char *word);

#endif
