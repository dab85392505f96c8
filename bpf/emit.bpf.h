/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The way out: ring, else spill map, else a named loss. Included with real maps in the kernel; the unit
 * tests put arrays behind the same four primitives (ring_send, spill_add, stack_spill_add, exit_spill_add).
 */
#ifndef DWELL_EMIT_BPF_H
#define DWELL_EMIT_BPF_H

#include "filter.h"
#include "intern.h"

/* The interval with who ended it, in a function of its own for its place on the stack. */
static __attribute__((noinline)) bool send_waked(const struct task_state *st,
						 const struct wire_interval *iv)
{
	struct wire_waked rec = {.interval = *iv, .waker = st->waker, .lock = st->lock};

	rec.interval.h.size = sizeof(rec);
	return ring_send(&rec, sizeof(rec));
}

/* Books one interval of a target thread: observed, then exactly one of filtered, ring, spilled, lost. */
static __always_inline void emit_interval(struct task_state *st, const struct interval *iv)
{
	__u64 length = iv->in_ns - iv->out_ns;
	struct wire_interval rec = {};

	count(WIRE_C_OBSERVED_NS, length);
	count(WIRE_C_OBSERVED_CNT, 1);
	if (iv->flags & WIRE_F_NO_WAKEUP)
		count(WIRE_C_NO_WAKEUP, 1);
	if (iv->flags & WIRE_F_CLAMPED)
		count(WIRE_C_CLAMPED, 1);
	if (!filter_interval(&cfg, st->flags, &st->wait, length)) {
		count(WIRE_C_FILTERED_NS, length);
		count(WIRE_C_FILTERED_CNT, 1);
		return;
	}
	if (filter_throttles(ctl.min_ns, st, iv->out_ns, length)) {
		count(WIRE_C_FILTERED_NS, length);
		count(WIRE_C_FILTERED_CNT, 1);
		count(WIRE_C_THROTTLED_NS, length);
		count(WIRE_C_THROTTLED_CNT, 1);
		return;
	}
	rec.h.kind = WIRE_INTERVAL;
	rec.h.size = sizeof(rec);
	rec.thread.start_ns = st->start_ns;
	rec.thread.tid = st->tid;
	rec.thread.comm_gen = st->comm_gen;
	rec.out_ns = iv->out_ns;
	rec.wake_ns = iv->wake_ns;
	rec.in_ns = iv->in_ns;
	rec.kernel_stack = st->kernel_stack;
	rec.user_stack = st->user_stack;
	rec.wait = st->wait;
	rec.wait.flags |= iv->flags;
	/* What was noted last ended another wait. */
	if (cfg.wakers && (rec.wait.flags & WIRE_F_NO_WAKEUP ||
			   (rec.wait.flags & (WIRE_F_PREEMPT | WIRE_F_NEW)) == WIRE_F_PREEMPT))
		__builtin_memset(&st->waker, 0, sizeof(st->waker));
	if (emit_thread(st) && (cfg.wakers ? send_waked(st, &rec) : ring_send(&rec, sizeof(rec))))
		return;
	if (spill_add(&rec, st)) {
		count(WIRE_C_SPILLED_NS, length);
		count(WIRE_C_SPILLED_CNT, 1);
		return;
	}
	count(WIRE_C_LOST_SPILL_FULL_NS, length);
	count(WIRE_C_LOST_SPILL_FULL_CNT, 1);
}

/*
 * Gives @rec (kind, image, frame_cnt, flags, ips filled in) the id @id and sees to it that user space gets the frames: at
 * once for a new id, by the spill when the ring is full. Returns the id. @rec->h.kind is 0 after that if user space had it
 * before.
 */
static __always_inline __u64 emit_stack_as(struct wire_stack *rec, __u64 id)
{
	rec->h.kind = 0;
	if (stack_sent(id))
		return id;
	rec->h.kind = WIRE_STACK;
	rec->id = id;
	if (ring_send_stack(rec) || stack_spill_add(rec))
		stack_set_sent(id);
	/* else: tried again at its next use; if that never comes, user space counts it as lost */
	return id;
}

/* The same with the id that follows from @hash, of all that makes the stack. */
static __always_inline __u64 emit_stack(struct wire_stack *rec, __u64 hash)
{
	return emit_stack_as(rec, intern_finish(hash, rec->frame_cnt, rec->flags));
}

#endif
