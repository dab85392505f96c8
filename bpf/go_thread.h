/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which goroutine a thread of a Go program has, and on which of the two stacks it is: the goroutine's, or its own (that of
 * g0), on which the runtime schedules, and C runs. The same lines run in the kernel at switch-out and in user space for
 * threads that sleep.
 *
 * Go keeps the runtime.g whose stack the thread is on in a thread-local variable; g.m is the thread's runtime.m, which knows
 * g0 and, as curg, the goroutine (src/runtime/runtime2.go). Each look checks that they say so of each other: what is no g, or
 * where the variable is elsewhere, is no class.
 *
 * Who includes this defines the primitive go_read(), through which all is read.
 */
#ifndef DWELL_GO_THREAD_H
#define DWELL_GO_THREAD_H

#include "go_frames.h"

/* Primitive: all of @len bytes at @addr of the process. @who is as given to go_thread_look(). */
static __always_inline bool go_read(const void *who, __u64 addr, void *to, __u32 len);

/* Reads @g to t->words. Is it one of the thread with @m? */
static __always_inline bool go_thread_read(const void *who, __u64 g, __u64 m, struct go_thread *t)
{
	return go_read(who, g, t->words, sizeof(t->words)) && t->words[GO_THREAD_G_M / 8] == m &&
	       t->words[GO_THREAD_G_LO / 8] < t->words[GO_THREAD_G_HI / 8];
}

/* Where the goroutine @g was created. */
static __always_inline void go_thread_creation(const void *who, const struct go_process *p, __u64 g,
					       struct go_thread *t)
{
	__u64 pc = 0;

	if (go_read(who, g + p->g_gopc, &pc, sizeof(pc)) && go_range_has(&p->text, pc) &&
	    !go_range_has(&p->first, pc))
		t->created_by = pc;
}

/* Where the goroutine @g left its stack for that of g0. */
static __always_inline void go_thread_left(const void *who, const struct go_process *p, __u64 g,
					   struct go_thread *t)
{
	__u64 pc = t->words[GO_THREAD_G_PC / 8], sp = t->words[GO_THREAD_G_SP / 8];

	if (sp & 7 || sp < t->words[GO_THREAD_G_LO / 8] || sp >= t->words[GO_THREAD_G_HI / 8] ||
	    !go_range_has(&p->text, pc) ||
	    !go_read(who, g + p->g_bp, &t->stack.fp, sizeof(t->stack.fp)))
		return;
	t->stack.pc = pc;
	t->stack.sp = sp;
	t->stack.fp_at = g + p->g_bp;
}

/* Is what lies at @g the thread's g? Then @t says what it does. */
static __always_inline bool go_thread_check(const void *who, const struct go_process *p, __u64 g,
					    struct go_thread *t)
{
	__u64 m, g0 = 0, curg = 0;

	if (!g || g & 7 || !go_read(who, g, t->words, sizeof(t->words)))
		return false;
	m = t->words[GO_THREAD_G_M / 8];
	if (!m || m & 7 || t->words[GO_THREAD_G_LO / 8] >= t->words[GO_THREAD_G_HI / 8] ||
	    !go_read(who, m, &g0, sizeof(g0)) ||
	    !go_read(who, m + p->m_curg, &curg, sizeof(curg)) || curg & 7)
		return false;
	if (g == curg) {
		t->class = WIRE_GO_USER;
		go_thread_creation(who, p, curg, t);
		return true;
	}
	if (g != g0)
		return false;
	t->stack.lo = t->words[GO_THREAD_G_LO / 8];
	t->stack.hi = t->words[GO_THREAD_G_HI / 8];
	t->class = curg ? WIRE_GO_SYSTEM : WIRE_GO_IDLE;
	/* One that is about to run does not say yet whose it is. */
	if (curg && go_thread_read(who, curg, m, t)) {
		go_thread_left(who, p, curg, t);
		go_thread_creation(who, p, curg, t);
	}
	return true;
}

static __always_inline void go_thread_begin(struct go_thread *t)
{
	t->stack.pc = t->created_by = 0;
	t->class = WIRE_GO_NONE;
	t->walk = 0;
}

/* Is the thread's g in word @i below the thread pointer @tp? */
static __always_inline bool go_thread_try(const void *who, const struct go_process *p, __u64 tp,
					  __u32 i, struct go_thread *t)
{
	__u64 g = 0;

	return go_read(who, tp - (i + 1) * 8ull, &g, sizeof(g)) && go_thread_check(who, p, g, t);
}

/* What the thread does whose thread pointer is @tp, where p->tls is known. */
static __always_inline void go_thread_look(const void *who, const struct go_process *p, __u64 tp,
					   struct go_thread *t)
{
	__u64 g = 0;

	if (go_read(who, tp + (__u64)p->tls, &g, sizeof(g)))
		go_thread_check(who, p, g, t);
}

#endif
