/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The primitives under emit.bpf.h: rings and spill maps. Each returns whether the record is safe. */
#ifndef DWELL_OUTPUT_BPF_H
#define DWELL_OUTPUT_BPF_H

#include "maps.bpf.h"
#include "ring.bpf.h"

static __always_inline bool ring_send_stack(struct wire_stack *rec)
{
	__u32 n = rec->frame_cnt;

	if (n > WIRE_MAX_FRAMES)
		return false;
	rec->h.size = sizeof(*rec) + n * sizeof(__u64);
	/* What Python's frames are called has to be read before the process frees it. */
	return ring_put(rec, sizeof(*rec) + n * sizeof(__u64),
			rec->flags >> WIRE_STACK_PYTHON_SHIFT & 0xff);
}

static __always_inline bool stack_sent(__u64 id)
{
	return bpf_map_lookup_elem(&stacks_sent, &id) != NULL;
}

static __always_inline void stack_set_sent(__u64 id)
{
	__u8 one = 1;

	bpf_map_update_elem(&stacks_sent, &id, &one, BPF_ANY);
}

static __always_inline bool stack_spill_add(struct wire_stack *rec)
{
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(&stack_spills, &zero);

	if (!map)
		return false;
	rec->h.size = sizeof(*rec) + rec->frame_cnt * sizeof(__u64);
	if (bpf_map_update_elem(map, &rec->id, rec, BPF_ANY))
		return false;
	count(WIRE_C_STACK_SPILLED, 1);
	return true;
}

/*
 * Adds the interval to its row, or what was not told of it at a cut. The key holds the thread, and a thread runs on one CPU
 * at a time, so no two programs ever touch one row.
 */
static __always_inline bool spill_add(struct wire_interval *rec, const struct task_state *st)
{
	struct spill_value fresh = {}, *row;
	struct spill_key key = {};
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(&spills, &zero);
	__u64 length = rec->in_ns - rec->out_ns, before_ns = 0;

	if (!map)
		return false;
	key.thread = rec->thread;
	key.kernel_stack = rec->kernel_stack;
	key.user_stack = rec->user_stack;
	key.wait = rec->wait;
	if (cfg.wakers) {
		key.waker = st->waker;
		key.lock = st->lock;
	}
	if (st->cut_ns > rec->out_ns) {
		before_ns = st->cut_ns - rec->out_ns;
		rec->out_ns = st->cut_ns;
		rec->wake_ns = interval_max(rec->wake_ns, rec->out_ns);
		rec->in_ns = interval_max(rec->in_ns, rec->out_ns);
	}
	row = bpf_map_lookup_elem(map, &key);
	if (!row) {
		fresh.cnt = 1;
		fresh.blocked_ns = rec->wake_ns - rec->out_ns;
		fresh.runnable_ns = rec->in_ns - rec->wake_ns;
		fresh.max_ns = length;
		if (bpf_map_update_elem(map, &key, &fresh, BPF_NOEXIST))
			return false;
		count(WIRE_C_SPILLED_BEFORE_NS, before_ns);
		return true;
	}
	count(WIRE_C_SPILLED_BEFORE_NS, before_ns);
	row->cnt++;
	row->blocked_ns += rec->wake_ns - rec->out_ns;
	row->runnable_ns += rec->in_ns - rec->wake_ns;
	if (length > row->max_ns)
		row->max_ns = length;
	return true;
}

static __always_inline bool exit_spill_add(struct wire_summary *rec)
{
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(&exit_spills, &zero);

	if (!map || bpf_map_update_elem(map, &rec->key, rec, BPF_ANY))
		return false;
	count(WIRE_C_EXIT_SPILLED, 1);
	return true;
}

/* All of *@rec. */
static __always_inline void fill_thread(const struct task_state *st, struct wire_thread *rec)
{
	rec->h.kind = WIRE_THREAD;
	rec->h.cpu = 0;
	rec->h.size = sizeof(*rec);
	rec->key.start_ns = st->start_ns;
	rec->key.tid = st->tid;
	rec->key.comm_gen = st->comm_gen;
	rec->image = st->image;
	rec->time_ns = bpf_ktime_get_ns();
	rec->cgroup_id = st->cgroup_id;
	rec->flags = st->flags & TASK_F_KTHREAD ? WIRE_THREAD_KTHREAD : 0;
	if (!(st->flags & TASK_F_TARGET))
		rec->flags |= WIRE_THREAD_WAKER;
	rec->_pad = 0;
	__builtin_memcpy(rec->comm, st->comm, sizeof(rec->comm));
}

/* Not inlined: the frames of a program and of all that it calls share 512 bytes. */
static __noinline bool send_thread(struct task_state *st)
{
	struct wire_thread rec;

	fill_thread(st, &rec);
	if (!ring_send(&rec, sizeof(rec)))
		return false;
	st->announced_gen = st->comm_gen;
	return true;
}

/* Tells user space who the thread is, once per name. True when it knows. */
static __always_inline bool emit_thread(struct task_state *st)
{
	return st->announced_gen == st->comm_gen || send_thread(st);
}

#endif
