/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Cgroups of v1 in the texts of /proc/PID/mountinfo and /proc/PID/cgroup, proc(5), cgroups(7). No I/O. */
#ifndef FORMAT_PROC_MOUNTINFO_H
#define FORMAT_PROC_MOUNTINFO_H

#include <stdint.h>

/*
 * The number of the hierarchy that is mounted as the device @maj:@min: its super options ("rw,cpu,cpuacct" or
 * "rw,xattr,name=systemd") by @mountinfo, who has them by @cgroups ("4:memory:/path"). 0: not found.
 */
uint32_t proc_mountinfo_hierarchy(const char *mountinfo, const char *cgroups, unsigned int maj,
				  unsigned int min);

#endif
