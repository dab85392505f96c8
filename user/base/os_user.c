/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_user.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>

int os_user_find(const char *name, uint32_t *ret_uid)
{
	const struct passwd *pw = getpwnam(name);
	unsigned long uid;
	char *end;

	if (pw) {
		*ret_uid = pw->pw_uid;
		return 0;
	}
	errno = 0;
	uid = strtoul(name, &end, 10);
	if (errno || *end || *name < '0' || *name > '9' || uid >= UINT32_MAX)
		return -ENOENT;
	*ret_uid = (uint32_t)uid;
	return 0;
}

int os_user_group(const char *name, uint32_t *ret_gid)
{
	const struct passwd *pw = getpwnam(name);

	if (!pw)
		return -ENOENT;
	*ret_gid = pw->pw_gid;
	return 0;
}
