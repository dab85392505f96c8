/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The primitives under emit.bpf.h: rings and spill maps. Each returns whether the record is safe. */
#ifndef DWELL_OUTPUT_BPF_H
#define DWELL_OUTPUT_BPF_H

#include "maps.bpf.h"

/*
 * Waking the reader costs about 20 times a record, so it is woken only by the record that crosses a multiple of
 * ring_wake_bytes (a power of two) in the ring; it looks by itself several times a second.
 */
#define RING_HEADER_BYTES 8 /* BPF_RINGBUF_HDR_SZ, before each record */

static __always_inline bool ring_put(void *data, __u64 size, bool now)
{
	__u32 cpu = bpf_get_smp_processor_id();
	void *ring = bpf_map_lookup_elem(&rings, &cpu);
	__u64 flags = BPF_RB_NO_WAKEUP, used;

	if (!ring)
		return false;
	((struct wire_header *)data)->cpu = cpu;
	used = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	if (now || ((used ^ (used + size + RING_HEADER_BYTES)) & ~(__u64)(cfg.ring_wake_bytes - 1)))
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(ring, data, size, flags))
		return false;
	count(WIRE_C_EVENTS, 1);
	return true;
}

static __always_inline bool ring_send(void *data, __u64 size)
{
	return ring_put(data, size, false);
}

/* For what user space should look into at once: a new image may be gone in a moment. */
static __always_inline bool ring_send_now(void *data, __u64 size)
{
	return ring_put(data, size, true);
}

static __always_inline bool ring_send_stack(struct wire_stack *rec)
{
	__u32 n = rec->frame_cnt;

	if (n > WIRE_MAX_FRAMES)
		return false;
	rec->h.size = sizeof(*rec) + n * sizeof(__u64);
	return ring_put(rec, sizeof(*rec) + n * sizeof(__u64), false);
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
 * Adds the interval to its row. The key holds the thread, and a thread runs on one CPU at a time, so no two
 * programs ever touch one row.
 */
static __always_inline bool spill_add(const struct wire_interval *rec)
{
	struct spill_value fresh = {}, *row;
	struct spill_key key = {};
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(&spills, &zero);
	__u64 length = rec->in_ns - rec->out_ns;

	if (!map)
		return false;
	key.thread = rec->thread;
	key.kernel_stack = rec->kernel_stack;
	key.user_stack = rec->user_stack;
	key.wait = rec->wait;
	row = bpf_map_lookup_elem(map, &key);
	if (!row) {
		fresh.cnt = 1;
		fresh.blocked_ns = rec->wake_ns - rec->out_ns;
		fresh.runnable_ns = rec->in_ns - rec->wake_ns;
		fresh.max_ns = length;
		return !bpf_map_update_elem(map, &key, &fresh, BPF_NOEXIST);
	}
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

/* Not inlined: the frames of a program and of all that it calls share 512 bytes. */
static __noinline bool send_thread(struct task_state *st)
{
	struct wire_thread rec = {};

	rec.h.kind = WIRE_THREAD;
	rec.h.size = sizeof(rec);
	rec.key.start_ns = st->start_ns;
	rec.key.tid = st->tid;
	rec.key.comm_gen = st->comm_gen;
	rec.image = st->image;
	rec.time_ns = bpf_ktime_get_ns();
	rec.cgroup_id = st->cgroup_id;
	rec.flags = st->flags & TASK_F_KTHREAD ? WIRE_THREAD_KTHREAD : 0;
	__builtin_memcpy(rec.comm, st->comm, sizeof(rec.comm));
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
