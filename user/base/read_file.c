/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Whole small files, over what os_read*.c give of each system. */
#include <errno.h>
#include <stdbool.h>

#include "base/os_file.h"
#include "base/os_read.h"

#define OS_READ_CHUNK_BYTES 65536

static int os_read_all(int fd, size_t max_bytes, bool beginning, struct buf *b)
{
	size_t room;
	char probe;
	ssize_t n;
	void *to;

	for (;;) {
		room = max_bytes - b->len;
		if (!room) {
			if (beginning)
				return 0;
			/* Exactly full: only the end may follow. */
			n = os_read_some(fd, &probe, 1);
			return n > 0 ? -E2BIG : (int)n;
		}
		if (room > OS_READ_CHUNK_BYTES)
			room = OS_READ_CHUNK_BYTES;
		to = buf__reserve(b, room);
		if (!to)
			return b->err;
		n = os_read_some(fd, to, room);
		if (n <= 0)
			return (int)n;
		buf__advance(b, (size_t)n);
	}
}

static int os_read_from(int fd, size_t max_bytes, bool beginning, struct buf *ret)
{
	struct buf b;
	int err;

	buf__init(&b, max_bytes);
	err = os_read_all(fd, max_bytes, beginning, &b);
	if (err) {
		buf__fini(&b);
		return err;
	}
	*ret = b;
	return 0;
}

static int os_read_path(const char *path, size_t max_bytes, bool beginning, struct buf *ret)
{
	int fd = os_open_file(path), err;

	if (fd < 0)
		return fd;
	err = os_read_from(fd, max_bytes, beginning, ret);
	os_close(fd);
	return err;
}

int os_read_file(const char *path, size_t max_bytes, struct buf *ret)
{
	return os_read_path(path, max_bytes, false, ret);
}

int os_read_beginning(const char *path, size_t bytes, struct buf *ret)
{
	return os_read_path(path, bytes, true, ret);
}

int os_read_fd(int fd, size_t max_bytes, struct buf *ret)
{
	return os_read_from(fd, max_bytes, false, ret);
}

int os_open_regular(const char *path)
{
	int fd = os_open_file(path), err;
	uint64_t bytes;

	if (fd < 0)
		return fd == -EISDIR ? -EINVAL : fd;
	err = os_file_bytes(fd, &bytes);
	if (!err)
		return fd;
	os_close(fd);
	return err;
}
