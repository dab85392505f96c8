/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int os_open_dir(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int os_open_root(unsigned int pid)
{
	char path[32] = "/";

	if (pid)
		snprintf(path, sizeof(path), "/proc/%u/root", pid);
	return os_open_dir(path);
}

int os_open_found(int where)
{
	char self[32];
	struct stat st;
	int fd;

	if (fstat(where, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* The very file that was looked at. */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", where);
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int os_find_below(int root_fd, const char *path, unsigned int flags)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int where;

	if (flags & OS_FIND_DIRECTORY)
		how.flags |= O_DIRECTORY;
	if (flags & OS_FIND_NO_LINKS) {
		how.flags |= O_NOFOLLOW;
		how.resolve |= RESOLVE_NO_SYMLINKS;
	}
	where = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	return where < 0 ? -errno : where;
}

int os_open_below(int root_fd, const char *path)
{
	int where = os_find_below(root_fd, path, 0), fd;

	if (where < 0)
		return where;
	fd = os_open_found(where);
	close(where);
	return fd;
}
