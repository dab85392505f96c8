/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define OS_READ_MAPS_MAX_BYTES (16u << 20)
#define OS_VDSO_MAX_BYTES      (1u << 20)

ssize_t os_read_some(int fd, void *to, size_t len)
{
	ssize_t n;

	do
		n = read(fd, to, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int os_open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

FILE *os_open_stream(const char *path)
{
	return fopen(path, "rbe");
}

/* Of the open file, so that it can't be exchanged between the look and the reading. */
static int os_check_trusted(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st))
		return error_set(-errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(-EINVAL, "%s: is not a regular file", path);
	if (st.st_uid && st.st_uid != geteuid())
		return error_set(-EPERM,
				 "%s: belongs to another user (uid %u), who could change it: chown "
				 "root %s",
				 path, (unsigned int)st.st_uid, path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return error_set(-EPERM, "%s: others may write to it (mode %03o): chmod go-w %s",
				 path, (unsigned int)(st.st_mode & 0777), path);
	return 0;
}

int os_read_trusted(const char *path, size_t max_bytes, struct buf *ret)
{
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return error_set(-errno, "%s: %s", path, strerror(errno));
	err = os_check_trusted(fd, path);
	if (!err) {
		err = os_read_fd(fd, max_bytes, ret);
		if (err && err != -E2BIG)
			error_set(err, "%s: %s", path, strerror(-err));
	}
	close(fd);
	return err;
}

int os_file_bytes(int fd, uint64_t *ret_bytes)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < 0)
		return -EINVAL;
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
}

int os_pread(int fd, void *to, size_t len, uint64_t off)
{
	char *p = to;
	ssize_t n;

	if (off > INT64_MAX || len > INT64_MAX - off)
		return -ENODATA;
	while (len) {
		n = pread(fd, p, len, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -ENODATA;
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * Where the mapping that starts at @start ends, from the text of /proc/self/maps; 0: there is none.
 */
static uintptr_t os_mapping_end(const char *maps, uintptr_t start)
{
	uintptr_t from, to;

	for (const char *line = maps; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2 && from == start)
			return to;
	}
	return 0;
}

int os_read_vdso(struct buf *ret)
{
	uintptr_t start = getauxval(AT_SYSINFO_EHDR), end;
	_cleanup_buf_ struct buf maps = {0};
	struct buf b;
	int err;

	if (!start)
		return -ENOENT;
	err = os_read_file("/proc/self/maps", OS_READ_MAPS_MAX_BYTES, &maps);
	if (err)
		return err;
	end = os_mapping_end(buf__str(&maps), start);
	if (end <= start)
		return -ENOENT;
	buf__init(&b, OS_VDSO_MAX_BYTES);
	err = buf__append(&b, (const void *)start, end - start);
	if (err) {
		buf__fini(&b);
		return err;
	}
	*ret = b;
	return 0;
}

int os_random(void *to, size_t len)
{
	char *p = to;
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = getrandom(p, len, 0);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			n = 0;
	}
	return 0;
}

const char *os_linux_error(int number)
{
	return strerror(number);
}
