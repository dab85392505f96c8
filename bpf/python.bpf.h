/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The frames of Python (python_walk.h) of the thread that leaves the CPU.
 *
 *   pythons         where a process keeps them    user -> kernel; forked processes: kernel
 *   python_walks    room for one walk             kernel
 *
 * Where there is no Python this costs a load. Where there is, the state of a thread is looked for once and then just
 * compared; a thread that Python does not know is asked for more and more seldom.
 */
#ifndef DWELL_PYTHON_BPF_H
#define DWELL_PYTHON_BPF_H

#include "output.bpf.h"
#include "python_walk.h"
#include "task.bpf.h"

#define PYTHON_MAX_PROCESSES 4096
/* So often a thread that is not found is looked for at each switch: a new or forked one is known only in a moment. */
#define PYTHON_EAGER_MISSES 16
#define PYTHON_MAX_MISSES   22 /* then it is looked for at each 64th switch */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PYTHON_MAX_PROCESSES);
	__type(key, struct wire_image);
	__type(value, struct python_process);
} pythons SEC(".maps");

/* The programs that use it can't interrupt each other: interrupts are off. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct python_walk);
} python_walks SEC(".maps");

/* ---- primitives of the walk ---- */

static __always_inline bool python_copy(struct python_window *w, __u32 len, __u64 addr)
{
	return !bpf_probe_read_user(w->words, len, (void *)addr);
}

__noinline int python_move_window(struct python_window *w, __u64 addr, __u32 behind)
{
	return w && python_move_to(w, addr, behind);
}

static __always_inline bool python_move(struct python_window *w, __u64 addr, __u32 behind)
{
	return python_move_window(w, addr, behind);
}

/* ---- steps of loops ---- */

__noinline int python_look_at_thread(struct python_walk *w)
{
	return w ? python_find_step(w) : 1;
}

__noinline int python_take_frame(struct python_walk *w)
{
	return w ? python_step(w) : 1;
}

struct python_loop {
	struct python_walk *walk;
};

static int python_thread_step(__u32 i, struct python_loop *c)
{
	return python_look_at_thread(c->walk) ? 1 : 0;
}

static int python_frame_step(__u32 i, struct python_loop *c)
{
	return python_take_frame(c->walk) ? 1 : 0;
}

/* Is w->thread still the thread's? Finds the innermost frame, too. */
__noinline int python_check_thread(struct python_walk *w)
{
	return w && python_check(w);
}

__noinline int python_find_first(struct python_walk *w)
{
	return w && python_find_begin(w);
}

__noinline int python_finish(struct python_walk *w)
{
	if (w && !(w->out.flags & PYTHON_W_DONE))
		python_end(w, PYTHON_W_CUT);
	return 0;
}

/* ---- the walk ---- */

/* A forked process has its parent's. */
static __always_inline void python_inherit(const struct wire_image *parent,
					   const struct wire_image *child)
{
	struct python_process *p, copy;

	if (!ctl.pythons)
		return;
	p = bpf_map_lookup_elem(&pythons, parent);
	if (!p)
		return;
	copy = *p;
	bpf_map_update_elem(&pythons, child, &copy, BPF_NOEXIST);
}

/* The number of the current thread in its own pid namespace. */
static __always_inline __u32 python_own_tid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid up;
	__u32 level;

	if (!pid)
		return 0;
	level = BPF_CORE_READ(pid, level);
	if (level >= TASK_PIDNS_LEVELS ||
	    bpf_probe_read_kernel(&up, sizeof(up), &pid->numbers[level]))
		return 0;
	return up.nr;
}

/* Where the thread's process keeps its frames; NULL: it has no Python. */
static __always_inline struct python_process *python_process_of(struct task_struct *task,
								struct task_state *st)
{
	struct python_process *p;
	__u64 news = ctl.pythons;

	if (st->python_seen == news && !st->python_tid)
		return NULL;
	p = bpf_map_lookup_elem(&pythons, &st->image);
	if (st->python_seen != news) {
		st->python_seen = news;
		st->python_tid = p ? python_own_tid(task) : 0;
		st->python_misses = st->python_wait = 0;
		st->python_thread = 0;
	}
	return p;
}

/* Looks for the state of the thread, unless that was in vain a short time ago. */
static __always_inline bool python_find_thread(struct python_walk *w, struct task_state *st)
{
	struct python_loop c = {.walk = w};

	if (st->python_wait) {
		st->python_wait--;
		return false;
	}
	if (python_find_first(w))
		bpf_loop(PYTHON_MAX_THREADS, python_thread_step, &c, 0);
	if (w->thread && python_check_thread(w)) {
		st->python_thread = w->thread;
		st->python_misses = 0;
		return true;
	}
	if (st->python_misses < PYTHON_MAX_MISSES)
		st->python_misses++;
	if (st->python_misses > PYTHON_EAGER_MISSES)
		st->python_wait = (1u << (st->python_misses - PYTHON_EAGER_MISSES)) - 1;
	st->python_thread = 0;
	return false;
}

/* The frames of the current thread, in w->out; NULL: it has none. */
static __always_inline struct python_walk *python_capture(struct task_struct *task,
							  struct task_state *st)
{
	struct python_process *p = ctl.pythons ? python_process_of(task, st) : NULL;
	struct python_loop c = {};
	struct python_walk *w;
	__u32 zero = 0;

	w = p ? bpf_map_lookup_elem(&python_walks, &zero) : NULL;
	if (!w)
		return NULL;
	w->process = *p;
	w->thread = st->python_thread;
	w->tid = st->python_tid;
	w->max = cfg.max_frames < PYTHON_MAX_FRAMES ? cfg.max_frames : PYTHON_MAX_FRAMES;
	python_begin(w);
	if (!(w->thread && python_check_thread(w)) && !python_find_thread(w, st)) {
		count(WIRE_C_PYTHON_NO_THREAD, 1);
		return NULL;
	}
	if (!w->frame)
		return NULL;
	c.walk = w;
	bpf_loop(PYTHON_MAX_STEPS, python_frame_step, &c, 0);
	python_finish(w);
	count(WIRE_C_PYTHON_WALKS, 1);
	if (w->out.flags & PYTHON_W_FAULT)
		count(WIRE_C_PYTHON_FAILED, 1);
	else if (w->out.flags & PYTHON_W_CUT)
		count(WIRE_C_PYTHON_CUT, 1);
	return w->out.cnt ? w : NULL;
}

static __always_inline __u64 python_with(__u64 native, const struct python_walk *w)
{
	return w ? python_stack_id(native, w->out.hash, w->out.cnt) : native;
}

/* Puts the frames behind the native ones of a stack, as far as there is room. */
__noinline int python_append(struct stack_scratch *scratch, const struct python_walk *w)
{
	struct wire_stack *rec;
	__u32 n, cnt, at;

	if (!scratch || !w)
		return -1;
	rec = (struct wire_stack *)scratch->words;
	n = rec->frame_cnt;
	cnt = w->out.cnt;
	for (__u32 i = 0; i < PYTHON_MAX_FRAMES; i++) {
		at = memo_opaque(n + i);
		if (i >= cnt || at >= WIRE_MAX_FRAMES) {
			cnt = i;
			break;
		}
		rec->ips[at & (WIRE_MAX_FRAMES - 1)] = w->out.words[i];
	}
	rec->frame_cnt = n + cnt;
	rec->flags |= cnt << WIRE_STACK_PYTHON_SHIFT;
	if (cnt < w->out.cnt || w->out.flags & PYTHON_W_CUT)
		rec->flags |= WIRE_STACK_PYTHON_CUT;
	return 0;
}

#endif
