/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Users of this machine. */
#ifndef BASE_OS_USER_H
#define BASE_OS_USER_H

#include <stdint.h>

/* The number of the user called @name, or whose number it is. 0, or -ENOENT. */
int os_user_find(const char *name, uint32_t *ret_uid);
/* The group that the user called @name is in first of all. 0, or -ENOENT. */
int os_user_group(const char *name, uint32_t *ret_gid);

#endif
