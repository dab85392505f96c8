/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/os_read.h"
#include "base/os_stream.h"

#define OS_DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static int os_dir_open_flags(int at_fd, const char *path, int flags)
{
	int fd = openat(at_fd, path, OS_DIR_FLAGS | flags);

	if (fd >= 0)
		return fd;
	return errno == ELOOP && flags ? -ENOTDIR : -errno;
}

/* What mkdir() made gets the group and, in spite of the umask, the permissions. */
static int os_dir_own(int fd, unsigned int mode, uint32_t gid)
{
	if (gid != OS_DIR_NO_GROUP && fchown(fd, (uid_t)-1, gid))
		return -errno;
	return fchmod(fd, mode) ? -errno : 0;
}

static int os_dir_make_flags(int at_fd, const char *path, unsigned int mode, uint32_t gid,
			     int flags)
{
	int fd = os_dir_open_flags(at_fd, path, flags), err;
	bool made = false;

	if (fd == -ENOENT) {
		made = !mkdirat(at_fd, path, mode & 0700);
		if (!made && errno != EEXIST)
			return -errno;
		fd = os_dir_open_flags(at_fd, path, flags);
	}
	err = fd >= 0 && made ? os_dir_own(fd, mode, gid) : 0;
	if (!err)
		return fd;
	close(fd);
	unlinkat(at_fd, path, AT_REMOVEDIR);
	return err;
}

int os_dir_make_in(int at_fd, const char *name, unsigned int mode, uint32_t gid)
{
	return os_dir_make_flags(at_fd, name, mode, gid, O_NOFOLLOW);
}

int os_dir_make(const char *path, unsigned int mode, uint32_t gid)
{
	return os_dir_make_flags(AT_FDCWD, path, mode, gid, 0);
}

int os_dir_open(const char *path)
{
	return os_dir_open_flags(AT_FDCWD, path, 0);
}

int os_dir_open_in(int at_fd, const char *name)
{
	return os_dir_open_flags(at_fd, name, O_NOFOLLOW);
}

int os_dir_lock(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	int err;

	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return err;
}

/* One entry; 0 also when it is no regular file or gone. */
static int os_dir_visit(int dir_fd, const char *name,
			int (*fn)(void *arg, const struct os_dir_entry *e), void *arg)
{
	struct os_dir_entry e = {.name = name};
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return 0;
	e.bytes = (uint64_t)st.st_size;
	return fn(arg, &e);
}

int os_dir_each(int dir_fd, int (*fn)(void *arg, const struct os_dir_entry *e), void *arg)
{
	/* Opened anew: with a position of its own. */
	int fd = openat(dir_fd, ".", OS_DIR_FLAGS), err = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	do {
		errno = 0;
		entry = readdir(dir);
		err = entry ? os_dir_visit(dir_fd, entry->d_name, fn, arg) : -errno;
	} while (entry && !err);
	closedir(dir);
	return err;
}

bool os_dir_has(int dir_fd, const char *name)
{
	struct stat st;

	return !fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW);
}

int os_dir_remove(int dir_fd, const char *name)
{
	return unlinkat(dir_fd, name, 0) && errno != ENOENT ? -errno : 0;
}

int os_dir_move(int from_fd, const char *from, int to_fd, const char *to)
{
	if (!renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* A file system that can't promise it for a rename can for a link. */
	if (linkat(from_fd, from, to_fd, to, 0))
		return -errno;
	return unlinkat(from_fd, from, 0) ? -errno : 0;
}

int os_dir_sync(int dir_fd)
{
	return os_stream_sync(dir_fd);
}

int os_dir_has_room(int dir_fd, uint64_t min_bytes)
{
	struct statvfs st;

	if (!min_bytes)
		return 0;
	if (fstatvfs(dir_fd, &st))
		return -errno;
	return (uint64_t)st.f_bavail * st.f_frsize < min_bytes ? -ENOSPC : 0;
}

int os_dir_open_file(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ELOOP ? -EINVAL : -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

int os_dir_read(int dir_fd, const char *name, size_t max_bytes, struct buf *ret)
{
	int fd = os_dir_open_file(dir_fd, name), err;

	if (fd < 0)
		return fd;
	err = os_read_fd(fd, max_bytes, ret);
	close(fd);
	return err;
}

int os_file_take(int fd, bool alone)
{
	struct stat st;

	if (flock(fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (fstat(fd, &st))
		return -errno;
	return st.st_nlink ? 0 : -ENOENT;
}

bool dir_file_is_tmp(const char *tmp, char ret_name[NAME_MAX + 1])
{
	size_t len = strlen(tmp), end_len = strlen(OS_DIR_TMP);

	if (len <= end_len || len > NAME_MAX || strcmp(tmp + len - end_len, OS_DIR_TMP) != 0)
		return false;
	memcpy(ret_name, tmp, len - end_len);
	ret_name[len - end_len] = '\0';
	return true;
}

int dir_file__open(struct dir_file *f, int dir_fd, const char *name, unsigned int mode)
{
	int fd, err;

	*f = (struct dir_file){.dir_fd = dir_fd};
	if (strlen(name) + strlen(OS_DIR_TMP) > NAME_MAX)
		return -ENAMETOOLONG;
	strcpy(f->name, name);
	strcpy(stpcpy(f->tmp, name), OS_DIR_TMP);
	err = os_dir_remove(dir_fd, f->tmp);
	if (err)
		return err;
	fd = openat(dir_fd, f->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = fchmod(fd, mode) ? -errno : 0;
	if (err)
		close(fd);
	else
		err = os_stream_open(fd, &f->fp, &f->stream);
	if (err)
		os_dir_remove(dir_fd, f->tmp);
	return err;
}

/* From the temporary name to the final one. */
static int dir_file_name(struct dir_file *f, bool replace)
{
	if (!replace)
		return os_dir_move(f->dir_fd, f->tmp, f->dir_fd, f->name);
	return renameat(f->dir_fd, f->tmp, f->dir_fd, f->name) ? -errno : 0;
}

int dir_file__commit(struct dir_file *f, bool replace, uint64_t *ret_bytes)
{
	uint64_t bytes = 0;
	int err = f->fp ? os_stream_flush(f->stream, f->fp) : -EBADF;

	if (!err && !f->lazy)
		err = os_stream_sync(f->stream->fd);
	if (!err)
		err = os_file_bytes(f->stream->fd, &bytes);
	if (!err)
		err = dir_file_name(f, replace);
	if (err) {
		dir_file__abort(f);
		return err;
	}
	fclose(f->fp);
	f->fp = NULL;
	err = f->lazy ? 0 : os_dir_sync(f->dir_fd);
	if (err && !replace)
		os_dir_remove(f->dir_fd, f->name);
	if (!err && ret_bytes)
		*ret_bytes = bytes;
	return err;
}

void dir_file__abort(struct dir_file *f)
{
	if (!f->fp)
		return;
	fclose(f->fp);
	f->fp = NULL;
	os_dir_remove(f->dir_fd, f->tmp);
}
