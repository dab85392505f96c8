/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stack ids: a 64-bit hash of the frames and of what they belong to, made by us. (bpf_get_stackid's 32-bit
 * ids collide and are reused silently.) The kernel and user space compute the same id for the same stack.
 */
#ifndef DWELL_INTERN_H
#define DWELL_INTERN_H

#include "wire.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* One round of wyhash-like mixing on plain 64-bit multiplies: BPF has no 128-bit product. */
static __always_inline __u64 intern_mix(__u64 h, __u64 v)
{
	h ^= v;
	h *= 0x9fb21c651e98df25ull;
	h ^= h >> 35;
	return h;
}

/* Where the hash begins: kernel stacks are shared by all, user stacks belong to one image. */
static __always_inline __u64 intern_seed(__u16 kind, const struct wire_image *image)
{
	__u64 h = 0x2545f4914f6cdd1dull + kind;

	if (kind == WIRE_STACK_USER) {
		h = intern_mix(h, image->start_ns);
		h = intern_mix(h, (__u64)image->pid << 32 | image->exec_id);
	}
	return h;
}

/* The id after all frames were mixed in; never 0, which means "no stack". @flags as in struct wire_stack. */
static __always_inline __u64 intern_finish(__u64 h, __u32 frame_cnt, __u32 flags)
{
	h = intern_mix(h, (__u64)flags << 32 | frame_cnt);
	h ^= h >> 28;
	h *= 0x9fb21c651e98df25ull;
	h ^= h >> 32;
	return h ? h : 1;
}

#endif
