/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Do the programs also work, once they are loaded? */
#ifndef DWELL_CHECK_BPF_H
#define DWELL_CHECK_BPF_H

#include "task_state.bpf.h"

/*
 * Can state be kept at all? Some kernels load everything and then refuse every allocation (kmalloc_nolock()
 * without cmpxchg16b). Writes one header if it can; tried on a thread of the tracer, which is never a target.
 */
SEC("iter/task")
int dwell_check(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct wire_header ok = {.size = sizeof(ok)};

	if (!task || task_visible_pid(task, TASK_GET(task, pid)) != cfg.self_pid)
		return 0;
	if (!task_state_create(task))
		return 0;
	task_state_delete(task);
	bpf_seq_write(seq, &ok, sizeof(ok));
	return 0;
}

#endif
