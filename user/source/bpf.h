/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The live source on Linux: BPF probes in the running kernel. */
#ifndef SOURCE_BPF_H
#define SOURCE_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "model/image.h"
#include "model/module.h"
#include "source/source.h"

/* How user stacks are walked. */
enum bpf_unwind {
	BPF_UNWIND_AUTO, /* by unwind tables where the kernel takes the program, else by frame pointers */
	BPF_UNWIND_FP,
	BPF_UNWIND_CFI,
};

struct bpf_opts {
	/* Targets; several kinds together: a thread must satisfy all. None: the whole system. */
	const uint32_t *pids;
	size_t pid_cnt;
	const uint32_t *tids;
	size_t tid_cnt;
	const char *comm_glob;	 /* NULL: any */
	const char *cgroup_path; /* NULL: any */
	uint32_t command_pid;	 /* 0, or a child that is a target from its next exec on */
	bool children;		 /* and the processes that they fork */

	enum config_threads threads;
	uint64_t min_ns, max_ns; /* 0: no limit */
	bool state_filter;
	uint32_t state_mask;
	bool user_stacks;
	enum bpf_unwind unwind;
	uint32_t max_frames; /* 1..WIRE_MAX_FRAMES */
	uint64_t ring_bytes; /* per CPU; 0: default */
};

/*
 * Loads the probes for these targets. Modules found while tracing go to @modules (not owned, with open files); the
 * consumer of events keeps @images, where the mappings of processes are looked up for unwinding. NULL + errno,
 * error_set() says what to do.
 */
struct source *bpf_source_open(const struct bpf_opts *opts, struct module_table *modules,
			       const struct image_table *images);

/* "core", "compat" or "minimal": which probes this kernel took. */
const char *bpf_source_variant(const struct source *s);
/* "cfi" or "fp": how user stacks are walked. */
const char *bpf_source_unwind(const struct source *s);

/* What tracing takes, bytes. */
struct bpf_usage {
	uint64_t kernel_bytes; /* maps and rings, by the kernel's account */
	uint64_t
		own_bytes; /* resident memory of this process, but for what is mapped of the maps */
	uint64_t table_bytes; /* of the maps: unwind tables */
	uint32_t table_cnt;   /* modules that have one */
	uint32_t process_cnt; /* whose mappings are known to the kernel side */
};

/* Before the source is closed. What can't be read counts 0. */
void bpf_source_usage(const struct source *s, struct bpf_usage *ret);

#endif
