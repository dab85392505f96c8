/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the user wants traced: in the probes' configuration, in their maps, and in the list of those whose end ends the run.
 *
 *   targets__watch, targets__configure -> (load) -> targets__fill
 */
#ifndef SOURCE_BPF_TARGETS_H
#define SOURCE_BPF_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "source/os_alive.h"

/* Several kinds together: a thread must satisfy all. None: the whole system. */
struct targets {
	const uint32_t *pids;
	size_t pid_cnt;
	const uint32_t *tids;
	size_t tid_cnt;
	const char *comm_glob;	 /* NULL: any */
	const char *cgroup_path; /* NULL: any */
	uint32_t command_pid;	 /* 0, or a child that is a target from its next exec on */
	bool children;		 /* and the processes that they fork */
};

/* The file descriptors of the maps that hold them; the names are the same in all our objects. */
struct targets_maps {
	int pids, tids, comm_glob;
};

/* Sets the members of @cfg that select threads: the targets, ourselves, our pid namespace. 0 or -errno with error_set(). */
int targets__configure(const struct targets *t, struct config *cfg);
/* Fills the maps. 0 or -errno. */
int targets__fill(const struct targets *t, const struct targets_maps *maps);
/* Adds those with a number to @alive. 0; -ESRCH with error_set() where one is gone. */
int targets__watch(const struct targets *t, struct alive *alive);

#endif
