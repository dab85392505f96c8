/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The stacks of the thread that leaves the CPU. The kernel's: bpf_get_stack(), whose walk is the dearest part of a
 * switch, or what it came to when the stack last looked the same (memo.h). The user's: by unwind tables (unwind.h),
 * likewise remembered; by frame pointers (bpf_get_stack() again) while tables are missing or where they can't be used.
 */
#ifndef DWELL_STACKS_BPF_H
#define DWELL_STACKS_BPF_H

#include "life.bpf.h"

static __always_inline void stack_begin(struct wire_stack *rec, const struct task_state *st,
					__u32 kind, __u64 ts)
{
	__builtin_memset(&rec->image, 0, sizeof(rec->image));
	if (kind == WIRE_STACK_USER)
		rec->image = st->image;
	rec->kind = kind;
	rec->time_ns = ts;
	rec->flags = 0;
}

static __always_inline struct wire_stack *stack_scratch(__u32 kind)
{
	struct stack_scratch *scratch = bpf_map_lookup_elem(&stack_scratches, &kind);

	return scratch ? (struct wire_stack *)scratch->words : NULL;
}

/*
 * Where the kernel stack was when the program was called: the context of a tracepoint program is the tracepoint's
 * arguments, on that stack. A privileged program may put a pointer down in a map, from where it comes back as a number.
 */
static __always_inline __u64 kernel_position(void *ctx, __u64 *room)
{
	*(void *volatile *)room = ctx;
	return *(volatile __u64 *)room;
}

/* A function that is not static is verified once, not on each way that leads to it; with pointers from 5.13 on. */
#ifdef DWELL_OLD_KERNEL
static __always_inline
#else
__noinline
#endif
	__u64
	stack_hash(const struct stack_scratch *scratch, __u32 n)
{
	const struct wire_stack *rec;
	__u64 hash;

	if (!scratch)
		return 0;
	rec = (const struct wire_stack *)scratch->words;
	hash = intern_seed(rec->kind, &rec->image);
	for (__u32 i = 0; i < WIRE_MAX_KERNEL_FRAMES && i < n; i++)
		hash = intern_mix(hash, rec->ips[i]);
	return hash;
}

/* Walks with the kernel's helper, to @rec->ips. How many there are; 0: none. @flags as in struct wire_stack. */
static __always_inline __u32 stack_read(void *ctx, struct wire_stack *rec, __u32 kind, __u32 *flags)
{
	__u32 max =
		cfg.max_frames < WIRE_MAX_KERNEL_FRAMES ? cfg.max_frames : WIRE_MAX_KERNEL_FRAMES;
	long bytes;
	__u32 n;

	bytes = bpf_get_stack(ctx, rec->ips, max * sizeof(__u64),
			      kind == WIRE_STACK_USER ? BPF_F_USER_STACK : 0);
	if (bytes <= 0) {
		count(kind == WIRE_STACK_USER ? WIRE_C_USER_STACK_FAILED
					      : WIRE_C_KERNEL_STACK_FAILED,
		      1);
		return 0;
	}
	n = (__u32)bytes / sizeof(__u64);
	if (n > WIRE_MAX_KERNEL_FRAMES)
		return 0;
	if (n == max) {
		*flags |= WIRE_STACK_TRUNCATED;
		count(WIRE_C_TRUNCATED, 1);
	}
	return n;
}

/* Sends what stack_read() has found. Returns its id. */
static __always_inline __u64 stack_send(const struct task_state *st, struct wire_stack *rec,
					__u32 kind, __u32 n, __u32 flags, __u64 ts)
{
	__u64 hash;

	stack_begin(rec, st, kind, ts);
	hash = stack_hash((struct stack_scratch *)rec, n);
	rec->frame_cnt = n;
	rec->flags = flags;
	return emit_stack(rec, hash);
}

/* Walks with the kernel's helper and sends the stack. Returns its id, 0: there is none. */
static __always_inline __u64 stack_by_helper(void *ctx, const struct task_state *st,
					     struct wire_stack *rec, __u32 kind, __u32 flags,
					     __u64 ts)
{
	__u32 n = stack_read(ctx, rec, kind, &flags);

	return n ? stack_send(st, rec, kind, n, flags, ts) : 0;
}

#ifndef DWELL_OLD_KERNEL
#include "walks.bpf.h"
#else
static __always_inline __u64 capture_kernel(void *ctx, struct task_state *st, __u64 key, __u64 ts)
{
	struct wire_stack *rec = stack_scratch(WIRE_STACK_KERNEL);

	return rec ? stack_by_helper(ctx, st, rec, WIRE_STACK_KERNEL, 0, ts) : 0;
}
#endif

#ifdef DWELL_VARIANT_BOUNDED
#include "bounded.bpf.h"
#endif

#ifdef DWELL_VARIANT_MINIMAL
static __always_inline __u64 capture_user(void *ctx, struct task_struct *task,
					  const struct pt_regs *regs, struct task_state *st,
					  __u64 ts)
{
	struct wire_stack *rec = stack_scratch(WIRE_STACK_USER);

	return rec ? stack_by_helper(ctx, st, rec, WIRE_STACK_USER, 0, ts) : 0;
}

static __always_inline void inherit_mappings(const struct wire_image *parent,
					     const struct wire_image *child)
{
}
#endif

#endif
