/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the user names (a cgroup's path, this process's pid namespace) -> what the probes compare. */
#ifndef SOURCE_OS_TARGET_H
#define SOURCE_OS_TARGET_H

#include <stdint.h>

/*
 * The kernfs id and the hierarchy number (0: v2) of the cgroup directory @path. 0; -ENOENT, -EINVAL (not a
 * cgroup directory), with error_set().
 */
int os_target_cgroup(const char *path, unsigned long long *ret_id, uint32_t *ret_hierarchy);

/*
 * The inode number of this process's pid namespace, 0 for the initial one (there the kernel's own numbers
 * are the visible ones). 0 or -errno.
 */
int os_target_pidns(uint32_t *ret_inum);

#endif
