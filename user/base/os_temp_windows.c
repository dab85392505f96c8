/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_temp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <io.h>
#include <windows.h>

#include "base/compiler.h"
#include "base/os_read.h"
#include "base/os_windows.h"

#define TEMP_WRITE_MAX_BYTES (16u << 20)

/* Where TMP or TEMP say, else in the user's folder. To be freed. NULL + errno. */
static wchar_t *temp_new_path(void)
{
	_cleanup_free_ char *dir = NULL, *path = NULL;
	wchar_t wide[MAX_PATH + 2];
	uint64_t random;
	int err = os_random(&random, sizeof(random));

	if (!err && !GetTempPathW(ARRAY_SIZE(wide), wide))
		err = os_windows_error();
	if (err) {
		errno = -err;
		return NULL;
	}
	dir = os_windows_utf8(wide);
	errno = ENOMEM;
	if (!dir || asprintf(&path, "%s\\dwell-%016" PRIx64, dir, random) < 0)
		return NULL;
	return os_windows_path(path);
}

int os_temp_open(void)
{
	_cleanup_free_ wchar_t *path = temp_new_path();
	HANDLE h;
	int fd;

	if (!path)
		return -errno;
	/* Windows has no files without a name, but it removes the file with the last handle, however the program ends. */
	h = CreateFileW(path, GENERIC_READ | GENERIC_WRITE | DELETE, 0, NULL, CREATE_NEW,
			FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
	if (h == INVALID_HANDLE_VALUE)
		return os_windows_error();
	fd = _open_osfhandle((intptr_t)h, _O_RDWR | _O_BINARY);
	if (fd < 0)
		CloseHandle(h);
	return fd < 0 ? -errno : fd;
}

int os_write_all(int fd, const void *data, size_t len)
{
	HANDLE h = (HANDLE)_get_osfhandle(fd);
	const char *p = data;

	while (len) {
		DWORD n = len < TEMP_WRITE_MAX_BYTES ? (DWORD)len : TEMP_WRITE_MAX_BYTES;

		if (!WriteFile(h, p, n, &n, NULL))
			return os_windows_error();
		p += n;
		len -= n;
	}
	return 0;
}

FILE *os_memory_file(const void *data, size_t len)
{
	int fd = os_temp_open(), err = fd < 0 ? fd : os_write_all(fd, data, len);
	FILE *file = NULL;

	if (!err && _lseeki64(fd, 0, SEEK_SET) < 0)
		err = -errno;
	if (!err) {
		file = _fdopen(fd, "rb");
		err = file ? 0 : -errno;
	}
	if (err && fd >= 0)
		_close(fd);
	errno = -err;
	return file;
}
