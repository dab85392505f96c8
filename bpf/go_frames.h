/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Threads of Go programs: what user space tells of a process, what is found of a thread (go_thread.h), and what the walk of its
 * stack (unwind.h) has to know where that is g0's: where it ends, and what comes next.
 */
#ifndef DWELL_GO_FRAMES_H
#define DWELL_GO_FRAMES_H

#include "wire.h"

#define GO_MAX_CUTS  8
#define GO_MAX_SLOTS 512 /* words of thread-local variables that g is looked for in */

struct go_range {
	__u64 start, end; /* addresses */
};

static __always_inline bool go_range_has(const struct go_range *r, __u64 addr)
{
	return addr - r->start < r->end - r->start;
}

struct go_stack {
	__u64 lo, hi;	  /* addresses of the stack */
	__u64 pc, sp, fp; /* of the goroutine whose stack comes next; pc 0: none does */
	__u64 fp_at;	  /* where fp is kept */
	/* A goroutine on g0 seems to be in there: gosave_systemstack_switch() in src/runtime/asm_amd64.s. */
	struct go_range marker;
	struct go_range cuts[GO_MAX_CUTS]; /* code that changes stacks, so the stack ends in it */
};

/* The same in all versions known: see format/go_layout.h. */
#define GO_THREAD_G_LO	  0
#define GO_THREAD_G_HI	  8
#define GO_THREAD_G_M	  48
#define GO_THREAD_G_SP	  56
#define GO_THREAD_G_PC	  64
#define GO_THREAD_G_WORDS 9 /* of a g, up to its saved pc */

/* What user space tells of a process: offsets in bytes, addresses as the process has them. */
struct go_process {
	__s64 tls;	/* g lies there, from the thread pointer on; 0: not known yet */
	__u32 slot_cnt; /* then it is in one of so many words below the thread pointer */
	__u16 m_curg;	/* 0: the offsets are not known */
	__u16 g_bp;	/* of the registers saved */
	__u16 g_gopc;
	__u16 idle_cut_cnt; /* so many of the cuts, the first ones, are left by threads without a goroutine */
	struct go_range text;  /* where code can be */
	struct go_range first; /* what creates the first goroutine: of no interest */
	struct go_range marker, cuts[GO_MAX_CUTS]; /* as in struct go_stack */
};

/* What is found of a thread. */
struct go_thread {
	struct go_stack stack;		/* that of g0, if it is on that: all but marker and cuts */
	__u64 created_by;		/* the place where the goroutine was created; 0: not told */
	__u32 class;			/* enum wire_go_class */
	__u32 walk;			/* the kernel side's: flags for the walk */
	__u64 words[GO_THREAD_G_WORDS]; /* room */
};

/* Makes @to what the walk has to know of a thread on g0. */
static __always_inline void go_thread_stack(const struct go_process *p, const struct go_thread *t,
					    struct go_stack *to)
{
	*to = t->stack;
	to->marker = p->marker;
	for (__u32 i = 0; i < GO_MAX_CUTS; i++)
		to->cuts[i] = p->cuts[i];
}

/* The same of a thread of which nobody knows on which stack it is: it ends where that of g0 does. */
static __always_inline void go_any_stack(const struct go_process *p, struct go_stack *to)
{
	to->lo = to->pc = 0;
	to->hi = 1ull << 62;
	to->marker = p->marker;
	for (__u32 i = 0; i < GO_MAX_CUTS; i++)
		to->cuts[i] = p->cuts[i];
}

/* Of a stack by frame pointers, which leads on to one that was there before: so many ips are g0's. */
static __always_inline __u32 go_stack_cut(const struct go_stack *s, const __u64 *ips, __u32 cnt,
					  __u32 max)
{
	for (__u32 i = 0; i < max && i < cnt; i++)
		for (__u32 k = 0; k < GO_MAX_CUTS; k++)
			if (go_range_has(&s->cuts[k], ips[i] - !!i))
				return i + 1;
	return cnt;
}

#endif
