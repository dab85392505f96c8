/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Walks by unwind tables for kernels without bpf_loop() (before 5.17): part of stacks.bpf.h. Nothing is remembered, frames of Python and
 * goroutines are not looked for.
 *
 * A loop with a fixed end is followed by the verifier from round to round (5.3), so a round must cost it next to nothing: it is a call
 * of a global function, which it looks at once (51c39bb1d5d1, 5.6). Before 5.13 such functions take no pointers: each finds the
 * scratch by itself, and what goes in and out is there.
 */
#ifndef DWELL_BOUNDED_BPF_H
#define DWELL_BOUNDED_BPF_H

#define MEMO_TAKES_NOTES 0
#define UNWIND_HAS_GO	 0

#include "copies.bpf.h"
#include "unwind_maps.bpf.h"

struct walk_scratch {
	struct unwind_walk walk; /* first: see bounded_of() */
	union unwind_rule_words rule;
	struct wire_regs regs;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk_scratch);
} walk_scratches SEC(".maps");

static __always_inline struct walk_scratch *walk_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&walk_scratches, &zero);
}

static __always_inline struct walk_scratch *bounded_of(struct unwind_walk *w)
{
	return (struct walk_scratch *)w;
}

/* ---- primitives of the walk ---- */

/* The kernel's memory is not walked here. */
static __always_inline bool window_copy(struct window *w, bool kernel, __u32 len, __u64 addr)
{
	return !bpf_probe_read_user(w->words, len, (void *)addr);
}

static __always_inline bool kernel_word(struct window *w, __u64 addr, __u64 *ret)
{
	return false;
}

__noinline int bounded_window(__u64 addr)
{
	struct walk_scratch *s = walk_scratch();

	return s && window_move_to(&s->walk.window, false, addr);
}

static __always_inline bool window_move(struct window *w, bool kernel, __u64 addr)
{
	return bounded_window(addr);
}

__noinline int bounded_look_up(__u64 addr)
{
	struct walk_scratch *s = walk_scratch();

	if (!s)
		return -1;
	s->rule.words[0] = s->rule.words[1] = 0;
	unwind_find_rule(&s->walk, addr, &s->rule.rule);
	return 0;
}

static __always_inline void unwind_look_up(struct unwind_walk *w, __u64 addr,
					   union unwind_rule_words *ret)
{
	bounded_look_up(addr);
	*ret = bounded_of(w)->rule;
}

/* All registers of the current thread's entry. */
__noinline int bounded_regs(__u32 reg)
{
	struct walk_scratch *s = walk_scratch();

	if (!s)
		return -1;
	s->regs.ip = 0;
	task_user_regs_all(task_current_regs(task_current()), &s->regs);
	return s->regs.ip && reg < 32 ? 0 : -1;
}

static __always_inline bool unwind_entry_reg(struct unwind_walk *w, __u32 reg, __u64 *ret)
{
	if (bounded_regs(reg))
		return false;
	*ret = bounded_of(w)->regs.reg[reg & 31];
	return true;
}

/* ---- the walk ---- */

/* One frame, the @i-th. 1: it was the last. */
__noinline int bounded_frame(__u32 i)
{
	struct wire_stack *rec = stack_scratch(WIRE_STACK_USER);
	struct walk_scratch *s = walk_scratch();

	return s && rec && i < WIRE_MAX_FRAMES ? unwind_step(&s->walk, rec->ips) : 1;
}

/* A function of its own, so that the verifier need not follow each way out of the loop through the rest of the program. */
__noinline int bounded_walk(__u32 frames)
{
	for (__u32 i = 0; i < WIRE_MAX_FRAMES; i++)
		if (i >= frames || bounded_frame(i))
			break;
	return 0;
}

static __always_inline __u64 bounded_send(struct walk_scratch *s, struct wire_stack *rec)
{
	struct unwind_walk *w = &s->walk;

	rec->frame_cnt = w->frame_cnt < WIRE_MAX_FRAMES ? w->frame_cnt : WIRE_MAX_FRAMES;
	rec->flags = w->end << WIRE_STACK_END_SHIFT;
	if (w->end == WIRE_END_DEPTH_LIMIT) {
		rec->flags |= WIRE_STACK_TRUNCATED;
		count(WIRE_C_TRUNCATED, 1);
	}
	user_count_end(w->end);
	return emit_stack(rec, w->hash);
}

/* 0: tables are not there yet, or there is no stack. */
static __always_inline __u64 user_by_cfi(const struct pt_regs *regs, struct task_state *st,
					 struct walk_scratch *s, struct wire_stack *rec,
					 const struct unwind_set *set, __u32 flags, __u64 ts)
{
	user_regs(regs, &s->walk);
	if (!s->walk.pc)
		return 0;
	s->walk.set = *set;
	s->walk.max_frames = cfg.max_frames;
	unwind_begin(&s->walk, intern_seed(WIRE_STACK_USER, &st->image), rec->ips, flags);
	stack_begin(rec, st, WIRE_STACK_USER, ts);
	bounded_walk(WIRE_MAX_FRAMES);
	return s->walk.end == WIRE_END_PENDING ? 0 : bounded_send(s, rec);
}

/* As of walks.bpf.h. */
static __always_inline __u64 capture_user(void *ctx, struct task_struct *task,
					  const struct pt_regs *regs, struct task_state *st,
					  __u64 ts)
{
	struct wire_stack *rec = stack_scratch(WIRE_STACK_USER);
	struct walk_scratch *s = walk_scratch();
	struct unwind_set *set;
	__u32 flags = 0;
	__u64 id = 0;
	bool is_seed;

	if (!rec || !s)
		return 0;
	if (cfg.unwind == CONFIG_UNWIND_FP)
		return stack_by_helper(ctx, st, rec, WIRE_STACK_USER, 0, ts);
	set = user_set(task, st, ts, &flags);
	if (set && set->id)
		id = user_by_cfi(regs, st, s, rec, set, flags, ts);
	if (id) {
		count(flags ? WIRE_C_WALKED_STALE : WIRE_C_USER_WALKS, 1);
		return id;
	}
	id = copy_or_seed(regs, st, ts, &is_seed);
	if (id || is_seed)
		return id;
	count(WIRE_C_WALKED_BY_FP, 1);
	return stack_by_helper(ctx, st, rec, WIRE_STACK_USER, WIRE_STACK_BY_FP, ts);
}

/* A forked process has its parent's mappings, so it need not wait for user space to say so. */
static __always_inline void inherit_mappings(const struct wire_image *parent,
					     const struct wire_image *child)
{
	user_inherit(parent, child);
}

#endif
