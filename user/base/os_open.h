/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Files below a directory whose owner is not trusted: the root of a traced process. No symbolic link, ".." or magic link
 * leads out of it (openat2() with RESOLVE_IN_ROOT, since Linux 5.6), and nothing but a regular file is ever opened: opening
 * a FIFO may wait forever, opening a device may do anything.
 */
#ifndef BASE_OS_OPEN_H
#define BASE_OS_OPEN_H

/* The root directory of a process, "/" of our own for pid 0. A descriptor, or -errno (-ENOENT, -ESRCH: it is gone). */
int os_open_root(unsigned int pid);
/* The same of any directory. */
int os_open_dir(const char *path);
enum os_find_flags {
	OS_FIND_DIRECTORY = 1 << 0, /* nothing else */
	OS_FIND_NO_LINKS =
		1
		<< 1, /* a symbolic link on the way is an error, and one at its end is found as such */
};

/*
 * Finds @path below @root_fd as os_open_below() does, without opening it: an O_PATH descriptor, to look at it, or -errno.
 * @flags: enum os_find_flags.
 */
int os_find_below(int root_fd, const char *path, unsigned int flags);
/* Opens for reading what @where, an O_PATH descriptor, stands for. A descriptor; -EINVAL: no regular file; -errno. */
int os_open_found(int where);
/*
 * Opens @path, which may be absolute, as a process would whose root is @root_fd. A descriptor for reading; -EINVAL: no regular
 * file; -errno; -ENOSYS: the kernel has no openat2().
 */
int os_open_below(int root_fd, const char *path);

#endif
