/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What this kernel lets us do, found out by doing it: all probes are loaded, attached and run for a moment, with this process,
 * which is never traced, as their only target.
 */
#ifndef SOURCE_BPF_TRIAL_H
#define SOURCE_BPF_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#define BPF_TRIAL_TEXT_BYTES 512

struct bpf_trial_part {
	int err;			 /* 0 or -errno */
	char text[BPF_TRIAL_TEXT_BYTES]; /* with an error: why, and what to do */
	const char *variant;		 /* without one: "core", "compat", "bounded" or "minimal" */
};

struct bpf_trial {
	struct bpf_trial_part offcpu, syscalls, runq; /* the three objects of probes */
	const char *unwind, *edges; /* of offcpu: bpf_source_unwind(), bpf_source_edges() */
	bool python;		    /* of offcpu: bpf_source_python() */
	int mappings_err;	    /* of perf_event_open(): mappings as they are made */
};

/* Takes as long as loading takes: a second or two. Without rights, milliseconds. */
void bpf_trial_run(struct bpf_trial *ret);

/* What the kernel's type information says, without any rights; 0 no, 1 yes, -1: there is none. */
struct bpf_features {
	int has_loop;	    /* bpf_loop(), 5.17: walks by unwind tables */
	int counts_memlock; /* before 5.11: maps count against RLIMIT_MEMLOCK, later against the cgroup */
	int has_storage;    /* bpf_task_storage_get(), 5.11; 5.12 in programs of tracepoints */
	int has_regs;	    /* bpf_task_pt_regs(), 5.15 */
	int has_prev_state; /* the fourth argument of sched_switch, 5.18 */
	int has_new_state;  /* task_struct.__state in the place of .state, 5.14 */
	int has_loads;	    /* bpf_rdonly_cast(), 6.2 */
	int has_task_copy;  /* bpf_copy_from_user_task(), 5.18 */
};
struct bpf_features bpf_features_ask(void);

#endif
