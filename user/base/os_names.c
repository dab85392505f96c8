/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_names.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

int os_each_name(const char *path, int (*fn)(void *arg, const char *name), void *arg)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	int ret = 0;

	if (!dir)
		return -errno;
	errno = 0;
	while (!ret && (e = readdir(dir))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			ret = fn(arg, e->d_name);
		errno = 0;
	}
	if (!ret)
		ret = -errno;
	closedir(dir);
	return ret;
}
