/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The paths of cgroups.
 *
 * With cgroup v2 alone (its file system is /sys/fs/cgroup) a thread's cgroup_id leads to a path, below the mount, as long as the
 * cgroup is there. What was found once is remembered, so short-lived ones keep their names if they are asked for when their
 * first thread is seen (WIRE_THREAD).
 *
 * On a hybrid or v1 machine containers are in hierarchies that the id says nothing of: there each process is asked, in
 * /proc/PID/cgroup. That takes a process that lives, sees the cgroup in which it was then, and costs a few microseconds for each.
 */
#ifndef SOURCE_OS_CGROUP_H
#define SOURCE_OS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* Remembered: twice as many at the most; what is not asked for while so many others are is forgotten. */
#define OS_CGROUP_KEEP 4096
#define OS_CGROUP_PATH 4096 /* bytes with the NUL */

struct os_cgroups;

/* NULL + errno (ENOMEM). */
struct os_cgroups *os_cgroups__new(void);
void os_cgroups__free(struct os_cgroups *c);
/* Is this no v2 machine, so that a process's cgroup says more than a cgroup's id? */
bool os_cgroups__by_image(const struct os_cgroups *c);
/* For who knows better: a test. */
void os_cgroups__set_by_image(struct os_cgroups *c, bool by_image);
/*
 * The path of the cgroup @cgroup_id, or with by_image() of that of the process @image, "/" for the root. 0; -ENOENT: gone before
 * it was asked for; -errno.
 */
int os_cgroups__path(struct os_cgroups *c, uint64_t cgroup_id, const struct wire_image *image,
		     char *ret_path, size_t size);

#endif
