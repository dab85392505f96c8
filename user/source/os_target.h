/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the user names (a cgroup's path, this process's pid namespace) -> what the probes compare. */
#ifndef SOURCE_OS_TARGET_H
#define SOURCE_OS_TARGET_H

#include <stddef.h>
#include <stdint.h>

/*
 * The kernfs id and the hierarchy number (0: v2) of the cgroup directory @path. 0; -ENOENT, -EINVAL (not a
 * cgroup directory), with error_set().
 */
int os_target_cgroup(const char *path, unsigned long long *ret_id, uint32_t *ret_hierarchy);

/* Writes the path of the v2 cgroup with the kernfs id @id, below its mount: "/system.slice/x". 0 or -errno. */
int os_target_cgroup_path(uint64_t id, char *ret_path, size_t size);

/*
 * Calls @fn for each thread in the cgroup directory @path and below, as far as it can be seen from here. @hierarchy: as
 * above. 0, -errno, or the callback's error.
 */
typedef int (*target_tid_fn)(void *arg, uint32_t tid);
int os_target_cgroup_threads(const char *path, uint32_t hierarchy, target_tid_fn fn, void *arg);

/*
 * The inode number of this process's pid namespace, 0 for the initial one (there the kernel's own numbers
 * are the visible ones). 0 or -errno.
 */
int os_target_pidns(uint32_t *ret_inum);

#endif
