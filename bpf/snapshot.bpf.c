/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One look at all threads: who is off the CPU, where, and since when by the kernel's own notes. No probe is attached and
 * nothing is kept. Compiled twice, as task.bpf.h says: compat and minimal; there is nothing that core would do better.
 */
#include "task.bpf.h"

#include "target.bpf.h"

#include "snapshot_record.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Room for a record and, for those who select by it, what a traced thread would have. */
struct snapshot_room {
	struct snapshot_thread rec;
	struct task_state st;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct snapshot_room);
} rooms SEC(".maps");

static __always_inline void read_clock(struct task_struct *task, struct snapshot_clock *ret)
{
	ret->exec_start_ns = TASK_GET(task, se.exec_start);
	ret->sum_exec_ns = TASK_GET(task, se.sum_exec_runtime);
	ret->prev_sum_exec_ns = TASK_GET(task, se.prev_sum_exec_runtime);
	ret->last_arrival_ns = ret->last_queued_ns = 0;
	/* Without CONFIG_SCHED_INFO there is nothing in it. */
	if (bpf_core_field_exists(task->sched_info.last_arrival)) {
		ret->last_arrival_ns = TASK_GET(task, sched_info.last_arrival);
		ret->last_queued_ns = TASK_GET(task, sched_info.last_queued);
	}
	ret->cpu = task_cpu(task);
	ret->class = task_class(task);
}

static __always_inline __u64 read_reader(void)
{
	struct task_struct *reader = (struct task_struct *)bpf_get_current_task();

	if (!bpf_core_field_exists(reader->sched_info.last_arrival))
		return 0;
	return BPF_CORE_READ(reader, sched_info.last_arrival);
}

static __always_inline bool is_target(struct task_struct *task, struct task_state *st)
{
	bool kthread = TASK_GET(task, flags) & TASK_PF_KTHREAD;

	if (!target_static(task) || task_raw_state(task) & TASK_DEAD_STATE)
		return false;
	if (kthread ? cfg.threads == CONFIG_THREADS_USER : cfg.threads == CONFIG_THREADS_KERNEL)
		return false;
	st->comm_gen = 0;
	st->flags = kthread ? TASK_F_KTHREAD : 0;
	task_state_identify(task, st);
	return !(cfg.target & TARGET_DYNAMIC) || target_dynamic(task, st);
}

static __always_inline __u64 switch_cnt(struct task_struct *task)
{
	return TASK_GET(task, nvcsw) + TASK_GET(task, nivcsw);
}

static __always_inline void fill_seed(struct task_struct *task, const struct task_state *st,
				      struct wire_seed *rec)
{
	rec->h.kind = WIRE_SEED;
	rec->h.cpu = 0;
	rec->h.size = sizeof(*rec);
	rec->key.start_ns = st->start_ns;
	rec->key.tid = st->tid;
	rec->key.comm_gen = st->comm_gen;
	rec->image = st->image;
	rec->cgroup_id = st->cgroup_id;
	rec->flags = st->flags & TASK_F_KTHREAD ? WIRE_THREAD_KTHREAD : 0;
	__builtin_memcpy(rec->comm, st->comm, sizeof(rec->comm));
	__builtin_memset(&rec->user, 0, sizeof(rec->user));
	rec->thread_pointer = task_thread_pointer(task);
	rec->frame_cnt = 0;
}

/* A thread that goes on meanwhile is seen to: the parts of the record would be of different moments. */
static __always_inline void look(struct task_struct *task, const struct task_state *st,
				 struct snapshot_thread *rec)
{
	bool kthread = st->flags & TASK_F_KTHREAD;
	__u32 state = task_raw_state(task);
	long bytes;

	fill_seed(task, st, &rec->seed);
	rec->seed.switch_cnt = switch_cnt(task);
	rec->state = !state || task_queued(task) ? SNAPSHOT_RUNNABLE : SNAPSHOT_BLOCKED;
	task_wait(task, kthread, state, task_iterated_regs(task), &rec->wait);
	if (!task_on_cpu(task)) {
		read_clock(task, &rec->head.clock);
		if (!kthread)
			task_user_regs_all(task_iterated_regs(task), &rec->seed.user);
		bytes = bpf_get_task_stack(task, rec->seed.ips, sizeof(rec->seed.ips), 0);
		rec->seed.frame_cnt = bytes > 0 ? bytes / sizeof(__u64) : 0;
	}
	rec->head.now_ns = bpf_ktime_get_ns();
	if (task_on_cpu(task) || switch_cnt(task) != rec->seed.switch_cnt)
		rec->state = SNAPSHOT_RUNNING;
}

SEC("iter/task")
int dwell_snapshot(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct snapshot_room *room;
	__u32 zero = 0;

	if (!task)
		return 0;
	room = bpf_map_lookup_elem(&rooms, &zero);
	if (!room)
		return 0;
	room->rec.head.h.kind = SNAPSHOT_OTHER;
	room->rec.head.h.size = sizeof(room->rec.head);
	room->rec.head.reader_ns = read_reader();
	read_clock(task, &room->rec.head.clock);
	room->rec.head.now_ns = bpf_ktime_get_ns();
	if (!is_target(task, &room->st)) {
		bpf_seq_write(seq, &room->rec.head, sizeof(room->rec.head));
		return 0;
	}
	room->rec.head.h.kind = SNAPSHOT_THREAD;
	room->rec.head.h.size = sizeof(room->rec);
	look(task, &room->st, &room->rec);
	bpf_seq_write(seq, &room->rec, sizeof(room->rec));
	return 0;
}
