/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a source asks the kernel for. Once it runs not any more: CAP_PERFMON, since programs are loaded and perf events opened
 * before; CAP_SYS_RESOURCE, since limits are raised before.
 */
#include <linux/capability.h>
#include <stdlib.h>

#include "base/os_privilege.h"
#include "base/os_read.h"
#include "source/bpf.h"

#define NEEDS_SETTING_BYTES	64
#define NEEDS_PARANOID_MAINLINE 2 /* the highest of Documentation/admin-guide/sysctl/kernel.rst */

#define VITAL	 true
#define AT_START true

static const struct bpf_need needs[] = {
	/* Before 5.19 each bpf() takes it, where unprivileged ones are disabled. */
	{CAP_BPF, "the probes and their maps; later unwind tables of programs that are started",
	 VITAL, !AT_START},
	{CAP_PERFMON, "probes that look into the kernel; mappings as they are made", VITAL,
	 AT_START},
	{CAP_SYS_PTRACE, "processes of others: /proc/PID/maps, root, map_files; their memory",
	 !VITAL, !AT_START},
	{CAP_DAC_READ_SEARCH, "programs and debug files that only their owner may read; perf maps",
	 !VITAL, !AT_START},
	{CAP_CHECKPOINT_RESTORE, "/proc/PID/map_files: programs that were replaced or deleted",
	 !VITAL, !AT_START},
	{CAP_SYSLOG, "the addresses in /proc/kallsyms: names of kernel functions", !VITAL,
	 !AT_START},
};

const struct bpf_need *bpf_source_need(size_t i)
{
	return i < ARRAY_SIZE(needs) ? &needs[i] : NULL;
}

uint64_t bpf_perf_capabilities(void)
{
	_cleanup_buf_ struct buf text = {0};

	if (os_read_file("/proc/sys/kernel/perf_event_paranoid", NEEDS_SETTING_BYTES, &text) ||
	    !text.len || strtol(buf__str(&text), NULL, 10) <= NEEDS_PARANOID_MAINLINE)
		return OS_CAP(CAP_PERFMON);
	return OS_CAP(CAP_PERFMON) | OS_CAP(CAP_SYS_ADMIN);
}

uint64_t bpf_source_start_capabilities(void)
{
	uint64_t mask = OS_CAP(CAP_SYS_RESOURCE) | OS_CAP(CAP_IPC_LOCK) | bpf_perf_capabilities();

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		mask |= OS_CAP(needs[i].cap);
	return mask;
}

uint64_t bpf_source_capabilities(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (!needs[i].at_start)
			mask |= OS_CAP(needs[i].cap);
	return mask;
}
