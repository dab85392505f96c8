/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The edges of the window: who sleeps when it begins, who still does when it ends, and everyone's totals. By task
 * iterators (bpf/edges.bpf.h); where the kernel refuses them, by /proc and by map task_states, which user space then
 * fills and reads itself.
 *
 * What is weaker by /proc: no kernel stack of a thread that has slept since before the window, and of its registers only
 * ip and sp; a thread that the kernel did not report switching to is not found out at the window's end.
 */
#ifndef SOURCE_BPF_EDGES_H
#define SOURCE_BPF_EDGES_H

#include "source/bpf.h"
#include "source/bpf_probes.h"
#include "source/proc_targets.h"

struct edges {
	struct probes *probes;
	struct proc_targets targets;
	struct config cfg;
	bool no_python;
	/* For the ledger; the first three by /proc only. */
	uint64_t no_kernel_stack_cnt, full_cnt, unpaired_cnt;
	uint64_t unfinished_cnt; /* see edges__await_leaving() */
};

/* What @opts points to must stay until edges__fini(). */
void edges__init(struct edges *e, struct probes *probes, const struct config *cfg,
		 const struct bpf_opts *opts);
void edges__fini(struct edges *e);
/*
 * Before the window, with the probes attached: hands over a struct wire_seed for each target thread that sleeps and has
 * not run since the first call. 0, -errno, or the callback's error.
 */
int edges__seed(struct edges *e, probes_record_fn fn, void *arg);
/* After the window: a struct wire_summary for each target thread that lives, and its open interval. As edges__seed(). */
int edges__final(struct edges *e, uint64_t start_ns, uint64_t stop_ns, probes_record_fn fn,
		 void *arg);
/*
 * After edges__final(): waits, not for long, for those that exit, whom it did not find any more. Each comes by its ring when it has got
 * its CPU for the last time; those that don't in time are counted.
 */
void edges__await_leaving(struct edges *e);
/*
 * While the window is open, after probes__cut() returned @cut_ns: a struct wire_thread and the open interval up to the cut
 * for each target thread that is off the CPU and was then. As edges__seed(). By /proc, the kernel side does not know what
 * was told, so of waits that are spilled later that part comes again.
 */
int edges__open(struct edges *e, uint64_t start_ns, uint64_t cut_ns, probes_record_fn fn,
		void *arg);
/* Does /proc/PID still show this image, not one that it became by exec? True where that can't be told from it. */
bool edges__same_image(const struct edges *e, const struct wire_image *image);
/* Adds what was counted here. */
void edges__count(const struct edges *e, __u64 values[WIRE_COUNTER_CNT]);

#endif
