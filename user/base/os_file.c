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

		if (strncmp(path, dirs[i], len) || path[len] < '0' || path[len] > '9')
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
	int err;

	if (fd < 0)
		return -errno;
	f->fp = fdopen(fd, "wb");
	if (f->fp)
		return 0;
	err = -errno;
	close(fd);
	return err;
}

static int file_open_direct(struct atomic_file *f, const char *path, int fd)
{
	f->direct = true;
	if (fd < 0)
		return file_use_fd(f, open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
	/* Not opened anew: that would forget the position, and that a shell opened it to append. */
	return file_use_fd(f, fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

/* Replaces *@path, which is a symbolic link, by where that points to, relative to its directory. */
static int file_follow(char **path)
{
	char target[PATH_MAX];
	ssize_t n = readlink(*path, target, sizeof(target) - 1);
	const char *slash = strrchr(*path, '/');
	int dir_len = slash ? (int)(slash + 1 - *path) : 0;
	char *to;

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (asprintf(&to, "%.*s%s", target[0] == '/' ? 0 : dir_len, *path, target) < 0)
		return -ENOMEM;
	free(*path);
	*path = to;
	return 0;
}

/* Follows links at the end of *@path, also to a file that is not there yet. */
static int file_follow_all(char **path)
{
	struct stat st;
	int err;

	for (int i = 0; i < FILE_MAX_LINKS; i++) {
		if (lstat(*path, &st))
			return errno == ENOENT ? 0 : -errno;
		if (!S_ISLNK(st.st_mode))
			return 0;
		err = file_follow(path);
		if (err)
			return err;
	}
	return -ELOOP;
}

/* Opens the directory of @path and keeps the last component as name. */
static int file_open_dir(struct atomic_file *f, char *path)
{
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!*name)
		return *path ? -EISDIR : -ENOENT;
	f->name = strdup(name);
	if (!f->name)
		return -ENOMEM;
	if (slash)
		slash[1] = '\0';
	f->dir_fd = open(slash ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return f->dir_fd < 0 ? -errno : 0;
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
		if (!err)
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

static int file_open_tmp(struct atomic_file *f, char *path, unsigned mode)
{
	int err = file_open_dir(f, path);

	if (!err)
		err = file_open_nameless(f, mode);
	if (err == -EOPNOTSUPP)
		err = file_with_tmp_name(f, file_make_named, &mode);
	return err;
}

static int file_open_replacement(struct atomic_file *f, const char *path, unsigned mode)
{
	_cleanup_free_ char *real = strdup(path);
	int err = real ? file_follow_all(&real) : -ENOMEM;

	return err ? err : file_open_tmp(f, real, mode);
}

int atomic_file__open(struct atomic_file *f, const char *path, unsigned mode)
{
	int fd = file_standard_fd(path);
	struct stat st;
	bool exists = fd < 0 && !stat(path, &st);
	int err;

	*f = (struct atomic_file){.dir_fd = -1};
	if (fd >= 0 || (exists && !S_ISREG(st.st_mode)))
		err = file_open_direct(f, path, fd);
	else if (exists && eaccess(path, W_OK)) /* a rename would not ask */
		err = -errno;
	else
		err = file_open_replacement(f, path, mode);
	if (err)
		atomic_file__abort(f);
	return err;
}

/*
 * Everything out of the stream. When an earlier write failed, errno is long gone: one more write to the
 * file, which is thrown away anyway, tells again (the disk is full...).
 */
static int file_flush(struct atomic_file *f)
{
	static const char probe[4096];

	if (fflush(f->fp))
		return -errno;
	if (!ferror(f->fp))
		return 0;
	if (!f->direct && write(fileno(f->fp), probe, sizeof(probe)) < 0)
		return -errno;
	return -EIO;
}

/* Gives a nameless file the target's name, or, if that is taken, a temporary one to be renamed. */
static int file_link(struct atomic_file *f)
{
	char proc[32];

	file_proc_path(fileno(f->fp), proc, sizeof(proc));
	if (!linkat(AT_FDCWD, proc, f->dir_fd, f->name, AT_SYMLINK_FOLLOW))
		return 0;
	return errno == EEXIST ? file_with_tmp_name(f, file_make_link, proc) : -errno;
}

static int file_publish(struct atomic_file *f)
{
	int err;

	/* Some file systems can't sync: then there is nothing to wait for. */
	if (fsync(fileno(f->fp)) && errno != EINVAL && errno != EOPNOTSUPP)
		return -errno;
	err = f->tmp_name ? 0 : file_link(f);
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
	int err = f->fp ? file_flush(f) : -EBADF;

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
