/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Waiting for descriptors, and being woken by another thread meanwhile. */
#ifndef BASE_OS_WAIT_H
#define BASE_OS_WAIT_H

#include <stddef.h>

struct os_waker {
	int fd;
};

/* 0 or -errno. */
int os_waker__init(struct os_waker *w);
void os_waker__fini(struct os_waker *w);
/* Ends the wait that goes on, or the next one. From any thread. */
void os_waker__wake(struct os_waker *w);

#define OS_WAIT_MAX 64
/*
 * Until one of @fds can be read, somebody calls os_waker__wake(), or @timeout_ms are over (-1: never). At most OS_WAIT_MAX
 * descriptors.
 */
void os_wait(const int *fds, size_t fd_cnt, struct os_waker *w, int timeout_ms);

#endif
