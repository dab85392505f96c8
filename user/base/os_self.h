/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* This process, as the process_* metrics tell of it. */
#ifndef BASE_OS_SELF_H
#define BASE_OS_SELF_H

#include <stddef.h>
#include <stdint.h>

struct os_self {
	uint64_t cpu_ns; /* user and system time of all threads, also of those that have ended */
	uint64_t rss_bytes, virtual_bytes;
	uint64_t open_fds, max_fds;
	uint64_t start_realtime_ns;
	uint32_t threads;
};

/* Costs a few system calls, and one per 1,000 open files. 0 or -errno; *@ret is untouched then. */
int os_self_read(struct os_self *ret);
/* The first of these alone: cheap. */
uint64_t os_self_cpu_ns(void);
/* Of the thread that asks. */
uint64_t os_self_thread_cpu_ns(void);
/* The file of this program. 0 or -errno. */
int os_self_path(char *to, size_t cap);
/* CPUs that are online now. */
uint32_t os_online_cpus(void);

#endif
