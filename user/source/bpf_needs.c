/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a source that runs still asks the kernel for. Not any more: CAP_PERFMON, since programs are loaded and perf events opened
 * before; CAP_SYS_RESOURCE, since limits are raised before.
 */
#include <linux/capability.h>

#include "base/os_privilege.h"
#include "source/bpf.h"

static const struct need {
	unsigned int cap;
	const char *why;
} needs[] = {
	/* Before 5.19 each bpf() takes it, where unprivileged ones are disabled. */
	{CAP_BPF, "new maps: unwind tables of programs that are started, rings of CPUs that come"},
	{CAP_SYS_PTRACE, "processes of others: /proc/PID/maps, root, map_files; their memory"},
	{CAP_DAC_READ_SEARCH, "programs and debug files that only their owner may read; perf maps"},
	{CAP_CHECKPOINT_RESTORE, "/proc/PID/map_files: programs that were replaced or deleted"},
	{CAP_SYSLOG, "the addresses in /proc/kallsyms"},
};

uint64_t bpf_source_capabilities(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		mask |= OS_CAP(needs[i].cap);
	return mask;
}
