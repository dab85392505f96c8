/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_wait.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/os_read.h"
#include "base/os_temp.h"

int os_waker__init(struct os_waker *w)
{
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->fd < 0 ? -errno : 0;
}

void os_waker__fini(struct os_waker *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void os_waker__wake(struct os_waker *w)
{
	uint64_t one = 1;

	/* It fails only when it has been woken 2^64 times already. */
	os_write_all(w->fd, &one, sizeof(one));
}

void os_wait(const int *fds, size_t fd_cnt, struct os_waker *w, int timeout_ms)
{
	struct pollfd polls[OS_WAIT_MAX + 1];
	uint64_t woken;

	if (fd_cnt > OS_WAIT_MAX)
		fd_cnt = OS_WAIT_MAX;
	for (size_t i = 0; i < fd_cnt; i++)
		polls[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	polls[fd_cnt] = (struct pollfd){.fd = w->fd, .events = POLLIN};
	if (poll(polls, fd_cnt + 1, timeout_ms) <= 0 || !polls[fd_cnt].revents)
		return;
	os_read_some(w->fd, &woken, sizeof(woken));
}
