/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The edges of the window, by task iterators: threads off CPU at the start, open intervals and totals at the
 * end, and a check whether any of it can work here.
 */
#ifndef DWELL_EDGES_BPF_H
#define DWELL_EDGES_BPF_H

#include "capture.bpf.h"

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

/* A thread that did not switch since attaching: where it is, is read from outside. */
static __always_inline void seed_state(struct task_struct *task, struct task_state *st,
				       struct pt_regs *regs)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 state = task_raw_state(task);

	if (st->in_ns || st->out_ns)
		return;
	st->exec_ns = TASK_GET(task, se.sum_exec_runtime);
	if (task_on_cpu(task)) {
		st->in_ns = now;
		base_task(task, st, 0, true);
		return;
	}
	capture_wait(task, st, state, regs);
	st->flags |= TASK_F_SEED;
	if (!state || task_queued(task)) {
		st->wait.flags |= WIRE_F_PREEMPT;
		st->wake_ns = now;
	}
	st->out_ns = now;
}

SEC("iter/task")
int dwell_seed(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct task_state *st;
	struct wire_seed *rec;
	__u32 zero = 0;
	long bytes;

	if (!task)
		return 0;
	st = task_state_get(task);
	rec = bpf_map_lookup_elem(&seed_scratch, &zero);
	if (!st || !rec || !(st->flags & TASK_F_TARGET))
		return 0;
	seed_state(task, st, task_iterated_regs(task));
	/* Also on a second visit: the kernel calls again when its page was full. */
	if (!(st->flags & TASK_F_SEED))
		return 0;
	rec->h.kind = WIRE_SEED;
	rec->h.size = sizeof(*rec);
	rec->key.start_ns = st->start_ns;
	rec->key.tid = st->tid;
	rec->key.comm_gen = st->comm_gen;
	rec->image = st->image;
	rec->cgroup_id = st->cgroup_id;
	rec->switch_cnt = TASK_GET(task, nvcsw) + TASK_GET(task, nivcsw);
	rec->flags = st->flags & TASK_F_KTHREAD ? WIRE_THREAD_KTHREAD : 0;
	__builtin_memcpy(rec->comm, st->comm, sizeof(rec->comm));
	__builtin_memset(&rec->user, 0, sizeof(rec->user));
	if (!(st->flags & TASK_F_KTHREAD))
		task_user_regs_all(task_iterated_regs(task), &rec->user);
	bytes = bpf_get_task_stack(task, rec->ips, sizeof(rec->ips), 0);
	rec->frame_cnt = bytes > 0 ? bytes / sizeof(__u64) : 0;
	bpf_seq_write(seq, rec, sizeof(*rec));
	return 0;
}

/* A second visit finds the state mended. */
static __always_inline void final_rebuild(struct task_struct *task, struct task_state *st,
					  __u64 stop)
{
	__u64 now = bpf_ktime_get_ns();

	switch (task_state__missed(st, task_on_cpu(task), TASK_GET(task, se.sum_exec_runtime), now,
				   stop)) {
	case INTERVAL_MISSED_IN:
		rebuild_in(task, st, now);
		break;
	case INTERVAL_MISSED_OUT:
		rebuild_out(task, st, stop);
		break;
	case INTERVAL_MISSED_NONE:
		break;
	}
}

/* What the last look at a thread writes; both in one go. */
struct final_records {
	struct wire_summary summary;
	struct wire_interval open;
};

static __always_inline void fill_open(const struct task_state *st, const struct interval *iv,
				      struct final_records *out)
{
	out->open.h.kind = WIRE_INTERVAL;
	out->open.h.size = sizeof(out->open);
	out->open.thread = out->summary.key;
	out->open.out_ns = iv->out_ns;
	out->open.wake_ns = iv->wake_ns;
	out->open.in_ns = iv->in_ns;
	out->open.kernel_stack = st->kernel_stack;
	out->open.user_stack = st->user_stack;
	out->open.wait = st->wait;
	out->open.wait.flags |= WIRE_F_OPEN | (iv->flags & ~(WIRE_F_NO_WAKEUP | WIRE_F_CLAMPED));
	if (!filter_interval(&cfg, st->flags, &st->wait, iv->in_ns - iv->out_ns))
		out->open.wait.flags |= WIRE_F_FILTERED;
}

SEC("iter/task")
int dwell_final(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	__u64 stop = ctl.stop_ns, start = ctl.start_ns;
	struct final_records *out;
	struct task_state *st;
	struct interval iv;
	__u32 flags = 0, zero = 0;

	if (!task || !start)
		return 0;
	st = task_state_find(task);
	out = bpf_map_lookup_elem(&seed_scratch, &zero);
	if (!out || !st || !(st->flags & TASK_F_TARGET) || (st->flags & TASK_F_DEAD))
		return 0;
	final_rebuild(task, st, stop);
	if (!st->out_ns)
		flags |= WIRE_THREAD_RUNNING;
	__builtin_memset(out, 0, sizeof(*out));
	fill_summary(st, stop, TASK_GET(task, se.sum_exec_runtime),
		     TASK_GET(task, sched_info.run_delay), flags, &out->summary);
	if (!st->out_ns && st->in_ns && stop > st->in_ns)
		out->summary.on_cpu_ns += stop - interval_max(st->in_ns, start);
	task_state__settle(st, task_queued(task));
	if (task_state__split(st, stop, start, &iv)) {
		fill_open(st, &iv, out);
		bpf_seq_write(seq, out, sizeof(*out));
		return 0;
	}
	bpf_seq_write(seq, &out->summary, sizeof(out->summary));
	return 0;
}

#endif
