/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The edges of the window, by task iterators: threads off CPU at the start, open intervals and totals at the
 * end, and a check whether any of it can work here.
 */
#ifndef DWELL_EDGES_BPF_H
#define DWELL_EDGES_BPF_H

#include "capture.bpf.h"
#include "check.bpf.h"

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

	if (!task || task_is_dead(task))
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
	rec->thread_pointer = task_thread_pointer(task);
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

SEC("iter/task")
int dwell_final(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	__u64 stop = ctl.stop_ns, start = ctl.start_ns;
	struct totals_records *out;
	struct task_state *st;
	__u32 zero = 0;

	if (!task || !start)
		return 0;
	st = task_state_find(task);
	out = bpf_map_lookup_elem(&seed_scratch, &zero);
	if (!out || !st || !(st->flags & TASK_F_TARGET) || (st->flags & TASK_F_DEAD))
		return 0;
	st->flags |= TASK_F_FINAL;
	leaving_end(st);
	final_rebuild(task, st, stop);
	if (totals_final(&cfg, ctl.min_ns, st, start, stop, TASK_GET(task, se.sum_exec_runtime),
			 TASK_GET(task, sched_info.run_delay), task_queued(task), out))
		bpf_seq_write(seq, out, sizeof(*out));
	else
		bpf_seq_write(seq, &out->summary, sizeof(out->summary));
	return 0;
}

/*
 * At a cut between two windows of one run: the threads that are off the CPU now, with what they are called if user space was
 * not told yet. Their state stays as it is.
 */
struct open_records {
	struct wire_thread thread;
	struct wire_interval interval;
};

static __always_inline void open_interval(const struct task_state *st, const struct interval *iv,
					  struct wire_interval *rec)
{
	struct wire_thread_key key = {
		.start_ns = st->start_ns, .tid = st->tid, .comm_gen = st->comm_gen};

	__builtin_memset(rec, 0, sizeof(*rec));
	totals_open(&cfg, ctl.min_ns, st, iv, &key, rec);
}

SEC("iter/task")
int dwell_open(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	__u64 cut = ctl.cut_ns, start = ctl.start_ns, out;
	struct open_records *rec;
	struct task_state *st;
	struct interval iv;
	__u32 zero = 0;

	if (!task || !start)
		return 0;
	st = task_state_find(task);
	rec = bpf_map_lookup_elem(&seed_scratch, &zero);
	if (!rec || !st || !(st->flags & TASK_F_TARGET) || (st->flags & TASK_F_DEAD))
		return 0;
	out = st->out_ns;
	if (!task_state__split(st, cut, start, &iv))
		return 0;
	/* A wake-up on its last stint belonged to an earlier sleep, as task_state__settle() knows. */
	if (!st->wake_ns && !task_queued(task))
		iv.wake_ns = cut;
	open_interval(st, &iv, &rec->interval);
	/* One that is too short yet is told whole when it ends, if it is long enough then. */
	if (rec->interval.wait.flags & WIRE_F_FILTERED)
		return 0;
	fill_thread(st, &rec->thread);
	/* It may get its CPU meanwhile: then its interval comes whole, by the ring. */
	*(volatile __u64 *)&st->cut_ns = cut;
	if (*(volatile __u64 *)&st->out_ns != out)
		return 0;
	bpf_seq_write(seq, rec, sizeof(*rec));
	return 0;
}

/* Room for what is told of a thread that ends late. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct totals_records);
} late_scratch SEC(".maps");

/*
 * A thread ends after the window has, and will be gone when the iterator comes: what that would have said of it. Unless
 * it came before.
 */
static __noinline void finish_late(struct task_struct *task)
{
	__u64 stop = ctl.stop_ns, start = ctl.start_ns;
	struct task_state *st = task_state_find(task);
	struct totals_records *out;
	__u32 zero = 0;
	bool open;

	out = bpf_map_lookup_elem(&late_scratch, &zero);
	if (st)
		leaving_end(st);
	if (!start || !out || !st || !(st->flags & TASK_F_TARGET) ||
	    st->flags & (TASK_F_DEAD | TASK_F_FINAL))
		return;
	st->flags |= TASK_F_DEAD;
	open = totals_final(&cfg, ctl.min_ns, st, start, stop, TASK_GET(task, se.sum_exec_runtime),
			    TASK_GET(task, sched_info.run_delay), false, out);
	if (!ring_send(&out->summary, sizeof(out->summary)) && !exit_spill_add(&out->summary))
		count(WIRE_C_SUMMARY_LOST, 1);
	if (open && !(emit_thread(st) && ring_send(&out->open, sizeof(out->open))))
		count(WIRE_C_SUMMARY_LOST, 1);
	task_state_end(task);
}

#endif
