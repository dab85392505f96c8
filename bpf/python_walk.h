/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The walk of CPython's frames, 3.11 and later: from the state of a thread along the chain of interpreter frames. As with
 * unwind.h the same lines run in the kernel at switch-out, in user space for threads that sleep, and in tests over
 * memory that was recorded.
 *
 *   python_begin -> python_find_step ... until w->thread is the thread's state, unless it is known and python_check()
 *     says that it still is -> python_step ... until it returns non-zero -> w->out
 *
 * Who includes this defines the primitives that are declared below. Nothing is read but through them, and each read is
 * bounded: the memory of a process may hold anything.
 */
#ifndef DWELL_PYTHON_WALK_H
#define DWELL_PYTHON_WALK_H

#include "python_frames.h"

#define PYTHON_MAX_STEPS   256	/* of one walk: frames, and the marks between them */
#define PYTHON_MAX_THREADS 1024 /* that are looked at to find one */

#define PYTHON_WINDOW_WORDS 64
#define PYTHON_PAGE_BYTES   4096 /* or a multiple */

/* A copy of a piece of memory: one long read is cheaper than a few short ones. */
struct python_window {
	__u64 addr;
	__u32 len; /* bytes */
	__u32 _pad;
	__u64 words[PYTHON_WINDOW_WORDS];
};

struct python_walk {
	struct python_process process;
	__u64 thread;	    /* its PyThreadState; 0: not known */
	__u64 interp, next; /* while it is looked for: the next ones to be looked at */
	__u64 frame;	    /* the next one */
	__u32 tid;	    /* as the process sees it itself */
	__u32 max;	    /* frames, at most PYTHON_MAX_FRAMES */
	__u32 run;	    /* frames since the last mark */
	__u32 _pad;
	struct python_window window;
	struct python_frames out;
};

/* ---- primitives ---- */

/* @len bytes at @addr of the process, to w->words. False: not readable. */
static __always_inline bool python_copy(struct python_window *w, __u32 len, __u64 addr);
/* python_move_to(), in a function of its own or not. */
static __always_inline bool python_move(struct python_window *w, __u64 addr, __u32 behind);

/* ---- memory ---- */

/* Makes the window hold @addr, with @behind bytes below it if they are to be had. */
static __always_inline bool python_move_to(struct python_window *w, __u64 addr, __u32 behind)
{
	__u64 page = addr & ~(PYTHON_PAGE_BYTES - 1ull), end = page + PYTHON_PAGE_BYTES;

	/* Whether the next page is there nobody knows, and a fault costs more than all the rest. */
	w->addr = addr - behind < page ? page : addr - behind;
	if (!behind && w->addr + sizeof(w->words) > end)
		w->addr = end - sizeof(w->words);
	w->len = sizeof(w->words);
	if (python_copy(w, sizeof(w->words), w->addr))
		return true;
	w->addr = addr;
	w->len = PYTHON_FRAME_BYTES;
	if (python_copy(w, PYTHON_FRAME_BYTES, addr))
		return true;
	w->len = 8;
	if (python_copy(w, 8, addr))
		return true;
	w->len = 0;
	return false;
}

/* One word at @addr, a multiple of 8. */
static __always_inline bool python_word(struct python_window *w, __u64 addr, __u64 *ret)
{
	if (addr & 7 || (addr - w->addr >= w->len && !python_move(w, addr, 0)))
		return false;
	*ret = w->words[((addr - w->addr) >> 3) & (PYTHON_WINDOW_WORDS - 1)];
	return true;
}

static __always_inline bool python_byte(struct python_window *w, __u64 addr, __u32 *ret)
{
	__u64 word = 0;

	if (!python_word(w, addr & ~7ull, &word))
		return false;
	*ret = word >> (addr & 7) * 8 & 0xff;
	return true;
}

/* ---- the thread ---- */

/* process, tid, thread and max are filled in. */
static __always_inline void python_begin(struct python_walk *w)
{
	w->interp = w->next = w->frame = 0;
	w->run = 0;
	w->out.hash = 0;
	w->out.cnt = w->out.flags = 0;
	w->window.len = 0;
}

/* The innermost frame of the thread whose state is at @thread; 0: it runs none. */
static __always_inline bool python_current(struct python_walk *w, __u64 thread, __u64 *ret_frame)
{
	__u64 at = 0;

	if (!python_word(&w->window, thread + w->process.thread_frame, &at))
		return false;
	if (w->process.cframe_frame != PYTHON_NONE && at)
		return python_word(&w->window, at + w->process.cframe_frame, ret_frame);
	*ret_frame = at;
	return true;
}

/* Makes @w look at all threads. False: there are none (yet). */
static __always_inline bool python_find_begin(struct python_walk *w)
{
	w->thread = w->next = 0;
	return python_word(&w->window, w->process.interpreters, &w->interp) && w->interp;
}

/*
 * Looks at one thread's state, newest first. 0: there are more; else w->thread is the one, or 0. A thread may have a
 * state in more than one interpreter: one with frames is preferred.
 */
static __always_inline int python_find_step(struct python_walk *w)
{
	__u64 at = w->next, tid = 0, frame = 0;

	if (!at) {
		if (!w->interp)
			return 1;
		at = w->interp;
		return !python_word(&w->window, at + w->process.interp_threads, &w->next) ||
		       !python_word(&w->window, at + w->process.interp_next, &w->interp);
	}
	if (!python_word(&w->window, at + w->process.thread_next, &w->next) ||
	    !python_word(&w->window, at + w->process.thread_tid, &tid))
		return 1;
	if (tid != w->tid)
		return 0;
	w->thread = at;
	return !python_current(w, at, &frame) || frame;
}

/*
 * Is w->thread still the state of this thread, and among those that its interpreter has? Memory that was freed may look
 * like one. Finds the innermost frame as well.
 */
static __always_inline bool python_check(struct python_walk *w)
{
	__u64 at = w->thread, tid = 0, prev = 0, interp = 0, linked = 0;

	if (!at || !python_word(&w->window, at + w->process.thread_prev, &prev) ||
	    !python_word(&w->window, at + w->process.thread_interp, &interp) ||
	    !python_word(&w->window, at + w->process.thread_tid, &tid) || tid != w->tid ||
	    !python_current(w, at, &w->frame))
		return false;
	at = prev ? prev + w->process.thread_next : interp + w->process.interp_threads;
	return python_word(&w->window, at, &linked) && linked == w->thread;
}

/* ---- its frames ---- */

static __always_inline int python_end(struct python_walk *w, __u32 flags)
{
	w->out.flags |= PYTHON_W_DONE | flags;
	w->out.hash = intern_mix(w->out.hash, (__u64)w->out.flags << 32 | w->out.cnt);
	return 1;
}

/* 0, or 1: there is no room. */
static __always_inline int python_push(struct python_walk *w, __u64 word)
{
	__u32 i = w->out.cnt;

	if (i >= w->max || i >= PYTHON_MAX_FRAMES)
		return python_end(w, PYTHON_W_CUT);
	w->out.words[i] = word;
	w->out.cnt = i + 1;
	w->run = word & PYTHON_ENTRY ? 0 : w->run + 1;
	w->out.hash = intern_mix(w->out.hash, word);
	return 0;
}

/* C called the interpreter for the frames since the last such mark. */
static __always_inline int python_mark(struct python_walk *w)
{
	__u32 i = w->out.cnt - 1;

	if (!w->run || i >= PYTHON_MAX_FRAMES)
		return python_push(w, PYTHON_ENTRY);
	w->out.words[i] |= PYTHON_ENTRY;
	w->run = 0;
	w->out.hash = intern_mix(w->out.hash, PYTHON_ENTRY);
	return 0;
}

static __always_inline __u64 python_frame_word(const struct python_process *p, __u64 code,
					       __u64 instr)
{
	__u64 pos;

	/* 3.14 keeps marks in the lowest bits of references (pycore_stackref.h). */
	code &= ~7ull;
	pos = (instr - code - p->code_instrs) >> 1;
	if (code >> 47)
		code = 0;
	return PYTHON_WORD(code, pos < PYTHON_NO_INSTR ? pos : PYTHON_NO_INSTR);
}

/* Takes one frame. 0: there may be more. */
static __always_inline int python_step(struct python_walk *w)
{
	const struct python_process *p = &w->process;
	__u64 at = w->frame, code = 0, instr = 0, word;
	__u32 owner = 0, entry = 0;

	if (!at)
		return python_end(w, 0);
	/* Callers' frames mostly lie just below. */
	if (at + PYTHON_FRAME_BYTES - w->window.addr > w->window.len &&
	    !python_move(&w->window, at, sizeof(w->window.words) - PYTHON_FRAME_BYTES))
		return python_end(w, PYTHON_W_CUT | PYTHON_W_FAULT);
	if (!python_word(&w->window, at + p->frame_code, &code) ||
	    !python_word(&w->window, at + p->frame_previous, &w->frame) ||
	    !python_word(&w->window, at + p->frame_instr, &instr) ||
	    !python_byte(&w->window, at + p->frame_owner, &owner) ||
	    (p->frame_entry != PYTHON_NONE &&
	     !python_byte(&w->window, at + p->frame_entry, &entry)))
		return python_end(w, PYTHON_W_CUT | PYTHON_W_FAULT);
	/* 3.14 has a mark that no call made, behind the outermost. */
	if (owner >= p->shim_owner)
		return w->run || w->frame ? python_mark(w) : python_end(w, 0);
	word = python_frame_word(p, code, instr);
	return python_push(w, entry ? word | PYTHON_ENTRY : word);
}

#endif
