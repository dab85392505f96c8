/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_alive.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/log.h"

#define ALIVE_MAX_CNT 65536

struct alive_item {
	uint32_t id;
	int pidfd; /* of a process; -1: a thread, asked for by /proc */
	bool dead;
};

static int alive_add(struct alive *a, uint32_t id, int pidfd)
{
	int err = array__grow((void **)&a->items, &a->cap, a->cnt + 1, sizeof(*a->items),
			      ALIVE_MAX_CNT);

	if (err) {
		if (pidfd >= 0)
			close(pidfd);
		return err;
	}
	a->items[a->cnt++] = (struct alive_item){.id = id, .pidfd = pidfd};
	return 0;
}

static bool alive_thread(uint32_t tid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", tid);
	return !access(path, F_OK);
}

int alive__add_process(struct alive *a, uint32_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	/* EINVAL for a thread before 6.16, ENOENT since. */
	if (fd < 0 && (errno == EINVAL || errno == ENOENT) && alive_thread(pid))
		return error_set(-ESRCH, "%u is a thread, not a process: trace it with -t %u", pid,
				 pid);
	if (fd < 0 && (errno == ESRCH || errno == ENOENT))
		return error_set(-ESRCH, "no process with pid %u: it may have exited; see `ps -e`",
				 pid);
	if (fd < 0)
		return error_set(-errno, "pid %u can't be watched", pid);
	return alive_add(a, pid, fd);
}

int alive__add_thread(struct alive *a, uint32_t tid)
{
	if (!alive_thread(tid))
		return error_set(-ESRCH, "no thread with tid %u: it may have exited; see `ps -eL`",
				 tid);
	return alive_add(a, tid, -1);
}

bool alive__any(struct alive *a)
{
	size_t dead = 0;

	for (size_t i = 0; i < a->cnt; i++) {
		struct alive_item *it = &a->items[i];
		struct pollfd pfd = {.fd = it->pidfd, .events = POLLIN};

		/* A pidfd is readable once the whole process has ended (pidfd_open(2)). */
		if (!it->dead)
			it->dead = it->pidfd >= 0 ? poll(&pfd, 1, 0) > 0 : !alive_thread(it->id);
		dead += it->dead;
	}
	return !a->cnt || dead < a->cnt;
}

void alive__fini(struct alive *a)
{
	for (size_t i = 0; i < a->cnt; i++)
		if (a->items[i].pidfd >= 0)
			close(a->items[i].pidfd);
	free(a->items);
	*a = (struct alive){0};
}
