/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One look at all threads by /proc, where the kernel has no BPF for us. What it lacks: of the user registers all but ip and
 * sp; with rights over the process only, the kernel stack but for the function that it waits in.
 */
#ifndef SOURCE_PROC_SNAPSHOT_H
#define SOURCE_PROC_SNAPSHOT_H

#include "base/strtab.h"
#include "model/event.h"
#include "source/bpf_snapshot.h"
#include "source/proc_targets.h"
#include "source/since.h"

struct proc_snapshot {
	struct proc_targets targets;
	enum config_threads threads;
	uint64_t tick_ns;
	uint32_t kernel_module; /* that the functions of kernel stacks are told for */
	struct strtab names;	/* of those that were */
	event_fn fn;
	void *arg;
	/* Of the last look: threads that sleep and hide their user stack, or all but the top of their kernel stack. */
	uint64_t hidden_cnt, part_cnt;
};

/* What @targets points to must stay. 0 or -ENOMEM. */
int proc_snapshot__init(struct proc_snapshot *s, const struct targets *targets,
			const struct config *cfg, uint32_t kernel_module);
void proc_snapshot__fini(struct proc_snapshot *s);
/*
 * Hands over a struct snapshot_thread for each target, and to @events what its kernel stack's functions are called. Addresses
 * in kernel stacks are made up. 0, -errno, or a callback's error.
 */
int proc_snapshot__look(struct proc_snapshot *s, snapshot_fn fn, void *arg, event_fn events,
			void *events_arg);
/* Makes @since ready for the CPU that @h was on: goes there. 0 or -ENOMEM. */
int proc_snapshot__learn(struct since *since, const struct snapshot_header *h);

#endif
