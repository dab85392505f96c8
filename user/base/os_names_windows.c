/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_names.h"

#include <errno.h>
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#include "base/compiler.h"
#include "base/os_windows.h"

/* All that @search has found and goes on to find. */
static int names_hand_out(HANDLE search, WIN32_FIND_DATAW *found,
			  int (*fn)(void *arg, const char *name), void *arg)
{
	int ret = 0;

	do {
		_cleanup_free_ char *name = NULL;

		if (!wcscmp(found->cFileName, L".") || !wcscmp(found->cFileName, L".."))
			continue;
		name = os_windows_utf8(found->cFileName);
		ret = name ? fn(arg, name) : -ENOMEM;
	} while (!ret && FindNextFileW(search, found));
	if (!ret && GetLastError() != ERROR_NO_MORE_FILES)
		ret = os_windows_error();
	return ret;
}

int os_each_name(const char *path, int (*fn)(void *arg, const char *name), void *arg)
{
	_cleanup_free_ char *all = NULL;
	_cleanup_free_ wchar_t *wide = NULL;
	WIN32_FIND_DATAW found;
	HANDLE search;
	int ret;

	if (asprintf(&all, "%s\\*", path) < 0)
		return -ENOMEM;
	wide = os_windows_path(all);
	if (!wide)
		return -errno;
	search = FindFirstFileW(wide, &found);
	if (search == INVALID_HANDLE_VALUE)
		return os_windows_error();
	ret = names_hand_out(search, &found, fn, arg);
	FindClose(search);
	return ret;
}
