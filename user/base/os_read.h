/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Bytes that the operating system holds: whole small files (/proc among them), parts of open files,
 * the vdso of this process.
 */
#ifndef BASE_OS_READ_H
#define BASE_OS_READ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/buf.h"

/* Opens a file for reading. A descriptor, or -errno. Never waits for a writer. */
int os_open_file(const char *path);
/* The same of a regular file only: -EINVAL if it is none. */
int os_open_regular(const char *path);
/* The same as a stream, which waits for a writer. NULL + errno. */
FILE *os_open_stream(const char *path);
/* What is there at the position of an open file, at most @len. Bytes, 0 at the end, -errno. */
ssize_t os_read_some(int fd, void *to, size_t len);
/*
 * Reads all of @path, at most @max_bytes. 0 and the content in *@ret, which is overwritten and then
 * owned by the caller; -E2BIG when there is more; another -errno. Never waits for a writer: a FIFO
 * put in a file's place reads as empty.
 */
int os_read_file(const char *path, size_t max_bytes, struct buf *ret);
/* The same of the first @bytes of @path, or of all if there are fewer. */
int os_read_beginning(const char *path, size_t bytes, struct buf *ret);
/* The same as os_read_file() of an open file, from its position on. */
int os_read_fd(int fd, size_t max_bytes, struct buf *ret);
/*
 * The same of a regular file that a privileged process may obey: only root and the user we run as may change it. -EPERM
 * with error_set() saying what to do when others may, too; all other failures but -E2BIG come with error_set() as well.
 */
int os_read_trusted(const char *path, size_t max_bytes, struct buf *ret);
/* The size of an open regular file. 0, -EINVAL when it is not a regular file, -errno. */
int os_file_bytes(int fd, uint64_t *ret_bytes);
/*
 * Reads exactly @len bytes at @off; the file's position is not used, and not moved but on Windows. 0; -ENODATA when
 * the file ends before (it may shrink at any time); another -errno.
 */
int os_pread(int fd, void *to, size_t len, uint64_t off);
/*
 * A copy of the vdso that the kernel mapped into this process. 0 as os_read_file(), -ENOENT,
 * -errno.
 */
int os_read_vdso(struct buf *ret);

/* Fills @to with random bytes. 0 or -errno. */
int os_random(void *to, size_t len);
/* What the error @number of Linux means; "" where the system doesn't know. */
const char *os_linux_error(int number);

#endif
