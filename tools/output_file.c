/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output_file.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"

static const char *output_advice(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		return ": create its directory, or name another file";
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return ": name a file in a directory that you may write to";
	case -ENOSPC:
	case -EDQUOT:
		return ": free some space, or name a file elsewhere";
	default:
		return "";
	}
}

int output_refused(int err, const char *path)
{
	if (!path || !strcmp(path, "-"))
		return error_set(err, "can't write to standard output: %s", error_text(err));
	return error_set(err, "can't write '%s': %s%s", path, error_text(err), output_advice(err));
}

int output_commit(struct atomic_file *f, const char *path, int err)
{
	if (!err)
		err = atomic_file__commit(f);
	return err ? output_refused(err, path) : 0;
}
