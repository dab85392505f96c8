/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The goroutine (go_thread.h) of the thread that leaves the CPU.
 *
 *   gos    what a process of Go is like    user -> kernel; forked processes, and where g is: kernel
 *
 * Where there is no Go this costs a load. arm64: not yet. There g is in a register, or with C in a thread-local variable.
 */
#ifndef DWELL_GO_BPF_H
#define DWELL_GO_BPF_H

#include "go_thread.h"
#include "maps.bpf.h"
#include "unwind.bpf.h"

#define GO_MAX_PROCESSES 1024

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GO_MAX_PROCESSES);
	__type(key, struct wire_image);
	__type(value, struct go_process);
} gos SEC(".maps");

static __always_inline bool go_read(const void *who, __u64 addr, void *to, __u32 len)
{
	return !bpf_probe_read_user(to, len, (void *)addr);
}

/* A forked process has its parent's. */
static __always_inline void go_inherit(const struct wire_image *parent,
				       const struct wire_image *child)
{
	struct go_process *p = ctl.gos ? bpf_map_lookup_elem(&gos, parent) : NULL;

	if (p)
		bpf_map_update_elem(&gos, child, p, BPF_NOEXIST);
}

/* ---- the thread ---- */

struct go_loop {
	struct go_process *process;
	struct go_thread *thread;
	__u64 tp;
};

__noinline int go_try_slot(struct go_process *p, struct go_thread *t, __u64 tp, __u32 i)
{
	if (!p || !t)
		return 1;
	go_thread_begin(t);
	if (!go_thread_try(NULL, p, tp, i, t))
		return 0;
	p->tls = -8 * (__s64)(i + 1);
	return 1;
}

static int go_slot_step(__u32 i, struct go_loop *c)
{
	return go_try_slot(c->process, c->thread, c->tp, i) ? 1 : 0;
}

__noinline int go_look(struct go_process *p, struct go_thread *t, __u64 tp)
{
	if (!p || !t)
		return 0;
	go_thread_begin(t);
	go_thread_look(NULL, p, tp, t);
	return 0;
}

/* Where on the way to go_look() a thread came from is forgotten here: what it found is in @s. */
__noinline int go_describe(struct go_process *p, struct walk_scratch *s, __u64 tp)
{
	struct go_loop c = {};

	if (!p || !s)
		return 0;
	c.process = p;
	c.thread = &s->go;
	c.tp = tp;
	if (p->tls && p->m_curg)
		go_look(p, &s->go, tp);
	else if (p->m_curg)
		bpf_loop(p->slot_cnt & (GO_MAX_SLOTS - 1), go_slot_step, &c, 0);
	if (s->go.class == WIRE_GO_USER)
		return 0;
	if (s->go.class)
		go_thread_stack(p, &s->go, &s->walk.go);
	else
		go_any_stack(p, &s->walk.go);
	s->go.walk = UNWIND_W_GO;
	return 0;
}

/* What the thread's process is like; NULL: it runs no Go. */
static __always_inline struct go_process *go_process_of(struct task_state *st)
{
	__u64 news = ctl.gos;
	struct go_process *p;

	if (st->go_seen == news && !st->go)
		return NULL;
	p = bpf_map_lookup_elem(&gos, &st->image);
	st->go_seen = news;
	st->go = p != NULL;
	return p;
}

/* What the current thread does, in s->go, and what its walk has to know, in s->walk.go. */
static __always_inline void go_capture(struct task_struct *task, struct task_state *st,
				       struct walk_scratch *s)
{
	struct go_process *p;

	go_thread_begin(&s->go);
	if (!ctl.gos)
		return;
	p = go_process_of(st);
	if (p)
		go_describe(p, s, task_thread_pointer(task));
}

/* Adds where the thread's goroutine was created to @n ips, of at most @max. How many there are then. */
static __always_inline __u32 go_mark(const struct go_thread *t, struct wire_stack *rec, __u32 n,
				     __u32 max, __u32 *flags)
{
	__u32 at = n < max ? n : max - 1;

	*flags |= t->class << WIRE_STACK_GO_SHIFT;
	if (!t->created_by)
		return n;
	*flags |= WIRE_STACK_CREATED;
	rec->ips[memo_opaque(at) & (WIRE_MAX_FRAMES - 1)] = t->created_by;
	return at + 1;
}

/* How many of the @n ips, by frame pointers, are of the thread's stack. */
__noinline int go_cut(const struct walk_scratch *s, const struct stack_scratch *scratch, __u32 n)
{
	if (!s || !scratch)
		return 0;
	return go_stack_cut(&s->walk.go, ((const struct wire_stack *)scratch->words)->ips, n,
			    WIRE_MAX_KERNEL_FRAMES);
}

#endif
