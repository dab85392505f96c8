/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_file.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/os_read.h"
#include "base/os_windows.h"

#define FILE_MAX_TRIES 100

/* The descriptor that @path stands for; -1: none. */
static int file_standard_fd(const char *path)
{
	if (!strcmp(path, "-") || !strcmp(path, "/dev/stdout"))
		return 1;
	return strcmp(path, "/dev/stderr") ? -1 : 2;
}

/* Takes @fd over. */
static int file_use_fd(struct atomic_file *f, int fd)
{
	int err;

	if (fd < 0)
		return -errno;
	f->fp = _fdopen(fd, "wb");
	if (f->fp)
		return 0;
	err = -errno;
	_close(fd);
	return err;
}

static int file_use_handle(struct atomic_file *f, HANDLE h)
{
	int fd;

	if (h == INVALID_HANDLE_VALUE)
		return os_windows_error();
	fd = _open_osfhandle((intptr_t)h, _O_WRONLY | _O_BINARY);
	if (fd < 0)
		CloseHandle(h);
	return file_use_fd(f, fd);
}

static HANDLE file_open_existing(const wchar_t *path, DWORD access)
{
	return CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
			   NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
}

/* What is there at @path, by a handle that may nothing; a name that Windows keeps for a device is one. */
static int file_look(const wchar_t *path, DWORD *ret_type, DWORD *ret_attributes)
{
	HANDLE h = file_open_existing(path, 0);
	BY_HANDLE_FILE_INFORMATION info = {0};

	if (h == INVALID_HANDLE_VALUE)
		return os_windows_error();
	*ret_type = GetFileType(h);
	if (*ret_type == FILE_TYPE_DISK)
		GetFileInformationByHandle(h, &info);
	*ret_attributes = info.dwFileAttributes;
	CloseHandle(h);
	return 0;
}

/* Where @path leads in the end, links followed; as UTF-8, to be freed. NULL + errno. */
static char *file_real_path(const wchar_t *path)
{
	HANDLE h = file_open_existing(path, 0);
	_cleanup_free_ wchar_t *real = NULL;
	char *text = NULL;
	DWORD len;

	if (h != INVALID_HANDLE_VALUE) {
		len = GetFinalPathNameByHandleW(h, NULL, 0, 0);
		real = len ? calloc((size_t)len + 1, sizeof(*real)) : NULL;
		if (real && !GetFinalPathNameByHandleW(h, real, len + 1, 0))
			real[0] = '\0';
		CloseHandle(h);
	}
	/* Not yet there, or a file system that can't tell. */
	text = os_windows_utf8(real && *real ? real : path);
	if (!text)
		errno = ENOMEM;
	return text;
}

/* A hidden name next to the target. */
static int file_set_tmp_name(struct atomic_file *f)
{
	const char *slash = strrchr(f->name, '\\');
	int dir_len = slash ? (int)(slash + 1 - f->name) : 0;
	uint32_t random;
	int err = os_random(&random, sizeof(random));
	char *name;

	if (err)
		return err;
	if (asprintf(&name, "%.*s.%.100s.%08x", dir_len, f->name, f->name + dir_len,
		     (unsigned int)random) < 0)
		return -ENOMEM;
	free(f->tmp_name);
	f->tmp_name = name;
	return 0;
}

static int file_make_tmp(struct atomic_file *f)
{
	_cleanup_free_ wchar_t *wide = os_windows_path(f->tmp_name);

	if (!wide)
		return -errno;
	return file_use_handle(f,
			       CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE,
					   NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL));
}

static int file_open_replacement(struct atomic_file *f, const wchar_t *path)
{
	int err = -EEXIST;

	f->name = file_real_path(path);
	if (!f->name)
		return -errno;
	for (int i = 0; i < FILE_MAX_TRIES && err == -EEXIST; i++) {
		err = file_set_tmp_name(f);
		if (!err)
			err = file_make_tmp(f);
	}
	if (err) { /* the name is not ours: nobody may remove it */
		free(f->tmp_name);
		f->tmp_name = NULL;
	}
	return err;
}

static int file_open_path(struct atomic_file *f, const char *path)
{
	_cleanup_free_ wchar_t *wide = os_windows_path(path);
	DWORD type = FILE_TYPE_DISK, attributes = 0;
	int err = wide ? file_look(wide, &type, &attributes) : -errno;

	if (!wide)
		return err;
	if (!err && type != FILE_TYPE_DISK) {
		f->direct = true;
		return file_use_handle(f, file_open_existing(wide, GENERIC_WRITE));
	}
	if (attributes & FILE_ATTRIBUTE_DIRECTORY)
		return -EISDIR;
	if (attributes & FILE_ATTRIBUTE_READONLY)
		return -EACCES;
	return file_open_replacement(f, wide);
}

int atomic_file__open(struct atomic_file *f, const char *path, unsigned mode)
{
	int fd = file_standard_fd(path), err;

	(void)mode; /* the folder's rights are inherited */
	*f = (struct atomic_file){.dir_fd = -1};
	if (fd >= 0) {
		f->direct = true;
		err = file_use_fd(f, _dup(fd));
	} else {
		err = file_open_path(f, path);
	}
	if (err)
		atomic_file__abort(f);
	return err;
}

/* When an earlier write failed, errno is long gone: one more, to a file that is thrown away anyway, tells again. */
static int file_flush(struct atomic_file *f)
{
	static const char probe[4096];

	if (fflush(f->fp))
		return -errno;
	if (!ferror(f->fp))
		return 0;
	if (!f->direct && _write(_fileno(f->fp), probe, sizeof(probe)) < 0)
		return -errno;
	return -EIO;
}

static int file_close(struct atomic_file *f)
{
	FILE *fp = f->fp;

	f->fp = NULL;
	return fclose(fp) ? -errno : 0;
}

/* On the disk, then under its name. */
static int file_publish(struct atomic_file *f)
{
	_cleanup_free_ wchar_t *from = os_windows_path(f->tmp_name), *to = os_windows_path(f->name);
	int err;

	if (!from || !to)
		return -ENOMEM;
	/* What can't sync has nothing to wait for; what can't be written would have said so. */
	FlushFileBuffers((HANDLE)_get_osfhandle(_fileno(f->fp)));
	err = file_close(f);
	if (err)
		return err;
	if (!MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING))
		return os_windows_error();
	free(f->tmp_name);
	f->tmp_name = NULL;
	return 0;
}

int atomic_file__commit(struct atomic_file *f)
{
	int err = f->fp ? file_flush(f) : -EBADF;

	if (!err)
		err = f->direct ? file_close(f) : file_publish(f);
	atomic_file__abort(f);
	return err;
}

void atomic_file__abort(struct atomic_file *f)
{
	_cleanup_free_ wchar_t *tmp = f->tmp_name ? os_windows_path(f->tmp_name) : NULL;

	if (f->fp)
		fclose(f->fp);
	if (tmp)
		DeleteFileW(tmp);
	free(f->name);
	free(f->tmp_name);
	*f = (struct atomic_file){.dir_fd = -1};
}

void os_close(int fd)
{
	if (fd >= 0)
		_close(fd);
}
