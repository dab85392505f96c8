/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_windows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/compiler.h"

#define WINDOWS_LONG_PATH \
	240 /* from here on names in it may be too long for those who don't expect them */

int os_windows_error(void)
{
	static const struct {
		DWORD windows;
		int err;
	} errors[] = {
		{ERROR_FILE_NOT_FOUND, ENOENT},	  {ERROR_PATH_NOT_FOUND, ENOENT},
		{ERROR_INVALID_NAME, ENOENT},	  {ERROR_BAD_NETPATH, ENOENT},
		{ERROR_BAD_NET_NAME, ENOENT},	  {ERROR_INVALID_DRIVE, ENOENT},
		{ERROR_BAD_PATHNAME, ENOENT},	  {ERROR_DIRECTORY, ENOTDIR},
		{ERROR_ACCESS_DENIED, EACCES},	  {ERROR_SHARING_VIOLATION, EBUSY},
		{ERROR_LOCK_VIOLATION, EBUSY},	  {ERROR_WRITE_PROTECT, EROFS},
		{ERROR_DISK_FULL, ENOSPC},	  {ERROR_HANDLE_DISK_FULL, ENOSPC},
		{ERROR_NOT_ENOUGH_QUOTA, EDQUOT}, {ERROR_FILE_EXISTS, EEXIST},
		{ERROR_ALREADY_EXISTS, EEXIST},	  {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
		{ERROR_OUTOFMEMORY, ENOMEM},	  {ERROR_TOO_MANY_OPEN_FILES, EMFILE},
		{ERROR_INVALID_HANDLE, EBADF},	  {ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG},
		{ERROR_BROKEN_PIPE, EPIPE},	  {ERROR_NO_DATA, EPIPE},
		{ERROR_NOT_SUPPORTED, ENOTSUP},	  {ERROR_INVALID_PARAMETER, EINVAL},
	};
	DWORD code = GetLastError();

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].windows == code)
			return -errors[i].err;
	return -EIO;
}

wchar_t *os_windows_wide(const char *text)
{
	int cnt = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
	wchar_t *wide = calloc((size_t)cnt + 1, sizeof(*wide));

	if (wide && cnt > 0)
		MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, cnt);
	return wide;
}

char *os_windows_utf8(const wchar_t *wide)
{
	int cnt = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
	char *text = calloc((size_t)cnt + 1, 1);

	if (text && cnt > 0)
		WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, cnt, NULL, NULL);
	return text;
}

/* @full begins with a drive or with two backslashes. To be freed. */
static wchar_t *windows_lift_limit(const wchar_t *full)
{
	static const wchar_t prefix[] = L"\\\\?\\", share[] = L"\\\\?\\UNC";
	bool is_share = full[0] == '\\' && full[1] == '\\';
	wchar_t *path;

	/* Of a device, or it has one already. */
	if (is_share && (full[2] == '.' || full[2] == '?'))
		return _wcsdup(full);
	path = calloc(wcslen(full) + ARRAY_SIZE(share) + 1, sizeof(*path));
	if (path) {
		wcscpy(path, is_share ? share : prefix);
		wcscat(path, is_share ? full + 1 : full);
	}
	return path;
}

wchar_t *os_windows_path(const char *path)
{
	_cleanup_free_ wchar_t *wide = os_windows_wide(path), *full = NULL;
	DWORD len;

	errno = ENOMEM;
	if (!wide)
		return NULL;
	if (!*wide) {
		errno = ENOENT;
		return NULL;
	}
	len = GetFullPathNameW(wide, 0, NULL, NULL);
	full = calloc((size_t)len + 1, sizeof(*full));
	if (!full)
		return NULL;
	if (!len || !GetFullPathNameW(wide, len, full, NULL)) {
		errno = -os_windows_error();
		return NULL;
	}
	return wcslen(full) < WINDOWS_LONG_PATH ? _wcsdup(full) : windows_lift_limit(full);
}
