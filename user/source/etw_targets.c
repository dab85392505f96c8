/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_targets.h"

#include <fnmatch.h>

#define ETW_MAX_PARENTS 64

static bool targets_list_has(const uint32_t *ids, size_t cnt, uint32_t id)
{
	for (size_t i = 0; i < cnt; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Is the process, or who started it, one of those? */
static bool targets_has_process(const struct etw_targets *t, const struct etw_facts *f,
				uint32_t process)
{
	for (int i = 0; process != ETW_NONE && i < ETW_MAX_PARENTS; i++) {
		const struct etw_process *p = &f->processes[process];
		uint32_t parent = etw_facts__process(f, p->parent, p->start_ns);

		if (targets_list_has(t->pids, t->pid_cnt, p->pid))
			return true;
		/* The id of a parent that has ended may be another process's by now. */
		if (!t->children || parent == process ||
		    (parent != ETW_NONE && f->processes[parent].start_ns > p->start_ns))
			return false;
		process = parent;
	}
	return false;
}

static const char *targets_comm(const struct etw_facts *f, const struct etw_thread *th,
				uint32_t process)
{
	return strtab__get(&f->strings, th->name	      ? th->name
					: process != ETW_NONE ? f->processes[process].name
							      : 0);
}

bool etw_targets__has(const struct etw_targets *t, const struct etw_facts *f, uint32_t tid,
		      uint64_t time_ns)
{
	bool by_process = t->pid_cnt || t->comm || t->user_only || t->kernel_only;
	const struct etw_thread *th;
	uint32_t at, process;

	if (t->tid_cnt && !targets_list_has(t->tids, t->tid_cnt, tid))
		return false;
	if (!by_process && !t->not_pid)
		return true;
	at = etw_facts__thread(f, tid, time_ns);
	/* Of whom nothing is known is nobody in particular. */
	if (at == ETW_NONE)
		return !by_process;
	th = &f->threads[at];
	if (t->not_pid && th->pid == t->not_pid)
		return false;
	if (!by_process)
		return true;
	process = etw_facts__process(f, th->pid, time_ns);
	if (t->pid_cnt && !targets_has_process(t, f, process))
		return false;
	if (t->comm && fnmatch(t->comm, targets_comm(f, th, process), 0) != 0)
		return false;
	if (t->user_only || t->kernel_only)
		return etw_is_kernel_pid(th->pid) == t->kernel_only;
	return true;
}
