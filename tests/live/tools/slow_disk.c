/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A library to be preloaded: what changes a regular file takes its time, as on a disk that is busy or about to fail.
 *
 *   SLOW_DISK_MS=N       each such call takes N ms more
 *   SLOW_DISK_SAID=FILE  gets "calls N" at the end
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static uint64_t call_cnt;
static long slow_ms;

static __attribute__((constructor)) void slow_disk_init(void)
{
	const char *ms = getenv("SLOW_DISK_MS");

	slow_ms = ms ? strtol(ms, NULL, 10) : 0;
}

static __attribute__((destructor)) void slow_disk_fini(void)
{
	const char *said = getenv("SLOW_DISK_SAID");
	FILE *to;

	if (!slow_ms || !said)
		return;
	to = fopen(said, "w");
	if (!to || fprintf(to, "calls %llu\n", (unsigned long long)call_cnt) < 0 || fclose(to))
		_exit(99);
}

static void slow_wait(void)
{
	struct timespec left = {.tv_sec = slow_ms / 1000, .tv_nsec = slow_ms % 1000 * 1000000};

	__atomic_fetch_add(&call_cnt, 1, __ATOMIC_RELAXED);
	/* As in the kernel, where a process waits for a disk whatever signals come. */
	while (nanosleep(&left, &left))
		;
}

/* A descriptor of a file, or the folder that a name is in. */
static void slow_down(int fd)
{
	struct stat st;

	if (slow_ms &&
	    (fd == AT_FDCWD || (!fstat(fd, &st) && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))))
		slow_wait();
}

/* A function of the C library whose first parameter is a descriptor. */
#define SLOW(ret, name, params, args)                                  \
	ret name params                                                \
	{                                                              \
		static ret(*next) params;                              \
                                                                       \
		if (!next)                                             \
			next = (ret(*) params)dlsym(RTLD_NEXT, #name); \
		slow_down(fd);                                         \
		return next args;                                      \
	}

SLOW(ssize_t, write, (int fd, const void *from, size_t len), (fd, from, len))
SLOW(ssize_t, pwrite, (int fd, const void *from, size_t len, off_t at), (fd, from, len, at))
SLOW(int, fsync, (int fd), (fd))
SLOW(int, fdatasync, (int fd), (fd))
SLOW(int, ftruncate, (int fd, off_t len), (fd, len))
SLOW(int, renameat, (int fd, const char *from, int to_fd, const char *to), (fd, from, to_fd, to))
SLOW(int, renameat2, (int fd, const char *from, int to_fd, const char *to, unsigned int flags),
     (fd, from, to_fd, to, flags))
SLOW(int, linkat, (int fd, const char *from, int to_fd, const char *to, int flags),
     (fd, from, to_fd, to, flags))
SLOW(int, unlinkat, (int fd, const char *name, int flags), (fd, name, flags))
