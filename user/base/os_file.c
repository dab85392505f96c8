/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_stream.h"

#define FILE_MAX_LINKS 40 /* as the kernel */
#define FILE_MAX_TRIES 100

/* The descriptor that @path stands for: "-", /dev/stdout, /dev/fd/3...; -1: none. */
static int file_standard_fd(const char *path)
{
	static const char *const dirs[] = {"/dev/fd/", "/proc/self/fd/"};
	char *end;
	long n;

	if (!strcmp(path, "-") || !strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		size_t len = strlen(dirs[i]);

		if (strncmp(path, dirs[i], len) != 0 || path[len] < '0' || path[len] > '9')
			continue;
		n = strtol(path + len, &end, 10);
		if (!*end && n <= INT_MAX)
			return (int)n;
	}
	return -1;
}

/* Takes @fd over. */
static int file_use_fd(struct atomic_file *f, int fd)
{
	return fd < 0 ? -errno : os_stream_open(fd, &f->fp, &f->stream);
}

/* Of what @path names, in the directory @dir_fd. */
static const char *file_last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The directory of @path, opened to look into. */
static int file_open_parent(const char *path)
{
	_cleanup_free_ char *dir = strndup(path, (size_t)(file_last_name(path) - path));
	int fd;

	if (!dir)
		return -ENOMEM;
	fd = open(*dir ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/*
 * Where everybody may make files, but only owners remove them (/tmp), a link or a FIFO may have been laid for us. Those of our own and
 * of the directory's owner are taken: fs.protected_symlinks and fs.protected_fifos of proc_sys_fs(5), which the kernel applies to links
 * that it follows itself, and to FIFOs that may be made by the same call. @dir_fd: where @st lies. 0 or -EEXIST with error_set().
 */
static int file_check_trap(int dir_fd, const struct stat *st)
{
	const mode_t shared = S_ISVTX | S_IWOTH;
	struct stat dir;

	if ((!S_ISLNK(st->st_mode) && !S_ISFIFO(st->st_mode)) || fstat(dir_fd, &dir) ||
	    (dir.st_mode & shared) != shared || st->st_uid == geteuid() || st->st_uid == dir.st_uid)
		return 0;
	return error_set(-EEXIST,
			 "%s of another user (uid %u) is there, and everybody may make one: remove "
			 "it, or name a file in a directory of your own",
			 S_ISLNK(st->st_mode) ? "a symbolic link" : "a FIFO",
			 (unsigned int)st->st_uid);
}

/* As open(2), of what is no trap; @real: @path without links at its end. A descriptor or -errno. */
static int file_open_checked(const char *path, const char *real, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY), dir_fd, err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	dir_fd = file_open_parent(real);
	if (dir_fd >= 0 && !fstat(fd, &st))
		err = file_check_trap(dir_fd, &st);
	os_close(dir_fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* @path as it was named, @real without links at its end. */
static int file_open_direct(struct atomic_file *f, const char *path, const char *real, int fd)
{
	f->direct = true;
	/* Not opened anew: that would forget the position, and that a shell opened it to append. */
	if (fd >= 0)
		return file_use_fd(f, fcntl(fd, F_DUPFD_CLOEXEC, 0));
	/* To open a FIFO may be to wait for its reader, so it is looked at before as well. */
	fd = file_open_checked(path, real, O_PATH);
	if (fd < 0)
		return fd;
	close(fd);
	fd = file_open_checked(path, real, O_WRONLY);
	return fd < 0 ? fd : file_use_fd(f, fd);
}

/* Where the link NAME of @dir_fd points to. -EINVAL: it is no link; -ENOENT: there is nothing. */
static int file_read_link(int dir_fd, const char *name, char target[PATH_MAX])
{
	struct stat st;
	ssize_t n;
	int err;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISLNK(st.st_mode))
		return -EINVAL;
	err = file_check_trap(dir_fd, &st);
	if (err)
		return err;
	n = readlinkat(dir_fd, name, target, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	return 0;
}

/* Replaces *@path, if it is a symbolic link, by where that points to, relative to its directory. Else as file_read_link(). */
static int file_follow(char **path)
{
	int dir_len = (int)(file_last_name(*path) - *path), err;
	int dir_fd = file_open_parent(*path);
	char target[PATH_MAX] = "", *to;

	if (dir_fd < 0)
		return dir_fd;
	/* "x/" and "" name a directory, or nothing. */
	err = (*path)[dir_len] ? file_read_link(dir_fd, *path + dir_len, target) : -EINVAL;
	close(dir_fd);
	if (err)
		return err;
	if (asprintf(&to, "%.*s%s", target[0] == '/' ? 0 : dir_len, *path, target) < 0)
		return -ENOMEM;
	free(*path);
	*path = to;
	return 0;
}

/* Follows links at the end of *@path, also to a file that is not there yet. */
static int file_follow_all(char **path)
{
	int err = 0;

	for (int i = 0; i < FILE_MAX_LINKS && !err; i++)
		err = file_follow(path);
	if (!err)
		return -ELOOP;
	return err == -EINVAL || err == -ENOENT ? 0 : err;
}

/* Opens the directory of @path and keeps the last component as name. */
static int file_open_dir(struct atomic_file *f, const char *path)
{
	const char *name = file_last_name(path);

	if (!*name)
		return *path ? -EISDIR : -ENOENT;
	f->name = strdup(name);
	if (!f->name)
		return -ENOMEM;
	f->dir_fd = file_open_parent(path);
	return f->dir_fd < 0 ? f->dir_fd : 0;
}

static void file_proc_path(int fd, char *to, size_t size)
{
	snprintf(to, size, "/proc/self/fd/%d", fd);
}

/* A nameless file. -EOPNOTSUPP where there can be none, or none that could get a name later. */
static int file_open_nameless(struct atomic_file *f, unsigned mode)
{
	int fd = openat(f->dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	char proc[32];

	if (fd < 0)
		return errno == EISDIR || errno == EINVAL || errno == ENOENT ? -EOPNOTSUPP : -errno;
	file_proc_path(fd, proc, sizeof(proc));
	if (access(proc, F_OK)) {
		close(fd);
		return -EOPNOTSUPP;
	}
	return file_use_fd(f, fd);
}

/* A hidden name next to the target, cut where it would become too long. */
static int file_set_tmp_name(struct atomic_file *f)
{
	uint32_t random;
	char *name;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	if (asprintf(&name, ".%.*s.%08x", NAME_MAX - 10, f->name, random) < 0)
		return -ENOMEM;
	free(f->tmp_name);
	f->tmp_name = name;
	return 0;
}

/* Calls @make under new temporary names until one is free. */
static int file_with_tmp_name(struct atomic_file *f, int (*make)(struct atomic_file *f, void *arg),
			      void *arg)
{
	int err = -EEXIST;

	for (int i = 0; i < FILE_MAX_TRIES && err == -EEXIST; i++) {
		err = file_set_tmp_name(f);
		if (!err && f->tmp_name)
			err = make(f, arg);
	}
	if (err) { /* the name is not ours: nobody may unlink it */
		free(f->tmp_name);
		f->tmp_name = NULL;
	}
	return err;
}

static int file_make_named(struct atomic_file *f, void *mode)
{
	int fd = openat(f->dir_fd, f->tmp_name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
			*(unsigned *)mode);
	int err = file_use_fd(f, fd);

	if (err && fd >= 0)
		unlinkat(f->dir_fd, f->tmp_name, 0);
	return err;
}

static int file_make_link(struct atomic_file *f, void *proc)
{
	return linkat(AT_FDCWD, proc, f->dir_fd, f->tmp_name, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

static int file_open_tmp(struct atomic_file *f, const char *path, unsigned mode)
{
	int err = file_open_dir(f, path);

	if (!err)
		err = file_open_nameless(f, mode);
	if (err == -EOPNOTSUPP)
		err = file_with_tmp_name(f, file_make_named, &mode);
	return err;
}

/* @real: @path without links at its end, or why there is no such: @link_err. */
static int file_open(struct atomic_file *f, const char *path, const char *real, int link_err,
		     unsigned mode)
{
	int fd = file_standard_fd(path);
	struct stat st;
	bool exists = fd < 0 && !stat(path, &st);

	if (fd < 0 && link_err == -EEXIST)
		return link_err;
	if (fd >= 0 || (exists && !S_ISREG(st.st_mode)))
		return file_open_direct(f, path, real, fd);
	if (exists && eaccess(path, W_OK)) /* a rename would not ask */
		return -errno;
	return link_err ? link_err : file_open_tmp(f, real, mode);
}

int atomic_file__open(struct atomic_file *f, const char *path, unsigned mode)
{
	_cleanup_free_ char *real = strdup(path);
	int link_err = real ? file_follow_all(&real) : -ENOMEM, err;

	*f = (struct atomic_file){.dir_fd = -1};
	err = real ? file_open(f, path, real, link_err, mode) : -ENOMEM;
	if (err)
		atomic_file__abort(f);
	return err;
}

/* Gives a nameless file the target's name, or, if that is taken, a temporary one to be renamed. */
static int file_link(struct atomic_file *f)
{
	char proc[32];

	file_proc_path(f->stream->fd, proc, sizeof(proc));
	if (!linkat(AT_FDCWD, proc, f->dir_fd, f->name, AT_SYMLINK_FOLLOW))
		return 0;
	return errno == EEXIST ? file_with_tmp_name(f, file_make_link, proc) : -errno;
}

static int file_publish(struct atomic_file *f)
{
	int err = os_stream_sync(f->stream->fd);

	if (!err && !f->tmp_name)
		err = file_link(f);
	if (err || !f->tmp_name)
		return err;
	if (renameat(f->dir_fd, f->tmp_name, f->dir_fd, f->name))
		return -errno;
	free(f->tmp_name);
	f->tmp_name = NULL;
	return 0;
}

int atomic_file__commit(struct atomic_file *f)
{
	int err = f->fp ? os_stream_flush(f->stream, f->fp) : -EBADF;

	if (!err && !f->direct)
		err = file_publish(f);
	if (!err && f->direct) {
		err = fclose(f->fp) ? -errno : 0;
		f->fp = NULL;
	}
	atomic_file__abort(f);
	return err;
}

void atomic_file__abort(struct atomic_file *f)
{
	if (f->fp)
		fclose(f->fp);
	if (f->tmp_name)
		unlinkat(f->dir_fd, f->tmp_name, 0);
	if (f->name && f->dir_fd >= 0) /* a zeroed struct holds no descriptor 0 */
		close(f->dir_fd);
	free(f->name);
	free(f->tmp_name);
	*f = (struct atomic_file){.dir_fd = -1};
}

void os_close(int fd)
{
	if (fd >= 0)
		close(fd);
}
