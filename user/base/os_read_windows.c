/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_read.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <windows.h>

#include <ntsecapi.h>

#include "base/compiler.h"
#include "base/log.h"
#include "base/os_file.h"
#include "base/os_windows.h"

#define OS_READ_MAX_BYTES (16u << 20)

int os_open_file(const char *path)
{
	_cleanup_free_ wchar_t *wide = os_windows_path(path);
	DWORD attributes;
	HANDLE h;
	int fd;

	if (!wide)
		return -errno;
	/* Others may write, move and remove it meanwhile, as on Linux. */
	h = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
			NULL, OPEN_EXISTING, 0, NULL);
	if (h == INVALID_HANDLE_VALUE) {
		int err = os_windows_error();

		attributes = GetFileAttributesW(wide);
		if (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY)
			return -EISDIR;
		return err;
	}
	fd = _open_osfhandle((intptr_t)h, _O_RDONLY | _O_BINARY);
	if (fd < 0)
		CloseHandle(h);
	return fd < 0 ? -errno : fd;
}

FILE *os_open_stream(const char *path)
{
	int fd = os_open_file(path);
	FILE *file = fd < 0 ? NULL : _fdopen(fd, "rb");

	if (fd < 0)
		errno = -fd;
	else if (!file)
		os_close(fd);
	return file;
}

ssize_t os_read_some(int fd, void *to, size_t len)
{
	int n = _read(fd, to, len < OS_READ_MAX_BYTES ? (unsigned int)len : OS_READ_MAX_BYTES);

	return n < 0 ? -errno : n;
}

int os_read_trusted(const char *path, size_t max_bytes, struct buf *ret)
{
	/* Who may write to it is not asked here: nothing that runs on Windows yet obeys a file with more rights than its own. */
	int err = os_read_file(path, max_bytes, ret);

	return err && err != -E2BIG ? error_set(err, "%s: %s", path, strerror(-err)) : err;
}

int os_file_bytes(int fd, uint64_t *ret_bytes)
{
	HANDLE h = (HANDLE)_get_osfhandle(fd);
	LARGE_INTEGER bytes;

	if (GetFileType(h) != FILE_TYPE_DISK)
		return -EINVAL;
	if (!GetFileSizeEx(h, &bytes))
		return os_windows_error();
	*ret_bytes = (uint64_t)bytes.QuadPart;
	return 0;
}

int os_pread(int fd, void *to, size_t len, uint64_t off)
{
	HANDLE h = (HANDLE)_get_osfhandle(fd);
	char *p = to;

	if (off > INT64_MAX || len > INT64_MAX - off)
		return -ENODATA;
	while (len) {
		OVERLAPPED at = {.Offset = (DWORD)off, .OffsetHigh = (DWORD)(off >> 32)};
		DWORD n = len < OS_READ_MAX_BYTES ? (DWORD)len : OS_READ_MAX_BYTES;

		if (!ReadFile(h, p, n, &n, &at))
			return GetLastError() == ERROR_HANDLE_EOF ? -ENODATA : os_windows_error();
		if (!n)
			return -ENODATA;
		p += n;
		off += n;
		len -= n;
	}
	return 0;
}

int os_read_vdso(struct buf *ret)
{
	(void)ret;
	return -ENOENT;
}

int os_random(void *to, size_t len)
{
	return RtlGenRandom(to, (ULONG)len) ? 0 : -EIO;
}

const char *os_linux_error(int number)
{
	/* The system knows its own errors only. */
	(void)number;
	return "";
}
