/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which threads are targets, by what /proc shows of them: what target.bpf.h decides in the kernel. */
#ifndef SOURCE_PROC_TARGETS_H
#define SOURCE_PROC_TARGETS_H

#include "config.h"
#include "source/bpf_targets.h"
#include "source/os_threads.h"

struct proc_targets {
	struct targets targets; /* what it points to is not owned */
	struct config cfg;	/* as targets__configure() left it */
	struct config_glob glob;
	uint32_t *cgroup_tids; /* sorted; with a target cgroup only */
	size_t cgroup_tid_cnt, cgroup_tid_cap;
};

void proc_targets__init(struct proc_targets *t, const struct targets *targets,
			const struct config *cfg);
void proc_targets__fini(struct proc_targets *t);
/*
 * Calls @fn for the threads of the narrowest list that there is; proc_targets__has() sees to the rest, and is of this moment as for
 * cgroups. 0, -errno, or the callback's error.
 */
int proc_targets__each(struct proc_targets *t, os_thread_fn fn, void *arg);
bool proc_targets__has(const struct proc_targets *t, const struct os_thread *thread);

#endif
