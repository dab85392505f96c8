/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What this process takes of the machine. */
#ifndef SOURCE_OS_USAGE_H
#define SOURCE_OS_USAGE_H

#include <stdint.h>

/*
 * Bytes of all BPF maps that this process holds open, as the kernel accounts for them (`memlock` in
 * /proc/self/fdinfo, bpf_map_show_fdinfo() in kernel/bpf/syscall.c). 0 when that can't be read.
 */
uint64_t os_usage_map_bytes(void);
/*
 * Resident memory of this process without what it has mapped of BPF maps and perf's rings, which is counted with those
 * (a ring's data is mapped twice): `Rss` in /proc/self/smaps. 0 when that can't be read.
 */
uint64_t os_usage_own_bytes(void);

#endif
