/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Walks that are remembered; part of stacks.bpf.h, for kernels with bpf_loop(). */
#ifndef DWELL_WALKS_BPF_H
#define DWELL_WALKS_BPF_H

#include "copies.bpf.h"
#include "unwind.bpf.h"

#include "go.bpf.h"
#include "python.bpf.h"

/* The memo is asked after 5, 10, 20 and 40 frames: chains that end alike in the innermost ones part further out. */
#define WALK_ASKS	  4
#define WALK_FIRST_FRAMES 5

/* ---- kernel ---- */

struct kernel_scan {
	struct memo_scan *scan;
};

static int kernel_scan_word(__u32 i, struct kernel_scan *c)
{
	return walk_scan_word(c->scan, i) ? 1 : 0;
}

/* Notes the slots that the kernel's walk may have read. True: the stack may be remembered. */
static __always_inline bool kernel_note(struct memo_scan *scan, struct wire_stack *rec, __u64 base,
					__u64 top)
{
	struct kernel_scan c = {.scan = scan};
	__u64 words = (top - base) / sizeof(__u64);

	if (rec->frame_cnt > MEMO_MAX_KERNEL_FRAMES || words > MEMO_KERNEL_WORDS)
		return false;
	walk_scan_begin(scan, (struct stack_scratch *)rec, base, top);
	bpf_loop((__u32)words, kernel_scan_word, &c, 0);
	return walk_scan_end(scan);
}

static __always_inline void memo_judge(__u64 remembered, __u64 walked)
{
	count(WIRE_C_MEMO_VERIFIED, 1);
	if (remembered != walked)
		count(WIRE_C_MEMO_DISAGREED, 1);
}

/* The id, if it is known; 0: it is not. */
static __always_inline __u64 kernel_known(struct walk_scratch *s, struct memo_start *start,
					  struct task_state *st)
{
	__u32 way = !!(st->flags & TASK_F_KERNEL_WAY), flags;
	struct memo_scan *scan = &s->scan;
	__u64 id;

	scan->window.len = 0;
	scan->window.limit = start->top;
	memo_begin(&scan->notes, start->base, start->top);
	id = memo_ask(memo_way(start->key, way), start, &scan->notes, &scan->window, true, &flags);
	if (id)
		return id;
	id = memo_ask(memo_way(start->key, way ^ 1), start, &scan->notes, &scan->window, true,
		      &flags);
	if (id)
		st->flags ^= TASK_F_KERNEL_WAY;
	return id;
}

/*
 * The id of the kernel stack of the current thread; 0: none. @key: the stacks with it are mostly alike; 0: not one that
 * may be remembered. The helper is called in one place only: the return address into this program is one of the frames that
 * it finds.
 */
static __always_inline __u64 capture_kernel(void *ctx, struct task_state *st, __u64 key, __u64 ts)
{
	struct wire_stack *rec = stack_scratch(WIRE_STACK_KERNEL);
	struct walk_scratch *s = walk_scratch();
	struct memo_start *start;
	struct memo_entry *e;
	__u64 id, known = 0;

	if (!s || !rec)
		return 0;
	/* The user's stack has this room afterwards: this program's own is full. */
	start = &s->memo.start;
	*start = (struct memo_start){};
	start->base = kernel_position(ctx, &s->position);
	/* Stacks are aligned to their size. */
	start->top = (start->base | ((1ull << cfg.thread_size_order) - 1)) + 1;
	if (cfg.memo != CONFIG_MEMO_OFF && key && start->top - start->base < 1 << 15) {
		start->key = memo_key(key, ctl.memo_epoch);
		known = kernel_known(s, start, st);
	}
	if (known) {
		count(WIRE_C_KERNEL_MEMO_HITS, 1);
		if (cfg.memo == CONFIG_MEMO_ON)
			return known;
	}
	id = stack_by_helper(ctx, st, rec, WIRE_STACK_KERNEL, 0, ts);
	if (known) {
		memo_judge(known, id);
		return known;
	}
	/* Worth it once user space has it, so not the first time: most that come once don't come again. */
	if (!id || !start->key || rec->h.kind ||
	    !kernel_note(&s->scan, rec, start->base, start->top))
		return id;
	e = memo_at(memo_place(start->key, true, bpf_get_prandom_u32()));
	if (e)
		memo_write(e, start, &s->scan.notes, 0, id);
	return id;
}

/* ---- user ---- */

/* A forked process has its parent's mappings, so it need not wait for user space to say so. */
static __always_inline void inherit_mappings(const struct wire_image *parent,
					     const struct wire_image *child)
{
	python_inherit(parent, child);
	go_inherit(parent, child);
	user_inherit(parent, child);
}

struct user_walk {
	struct unwind_walk *walk;
	struct wire_stack *rec;
};

static int user_walk_step(__u32 i, struct user_walk *c)
{
	return walk_frame(c->walk, (struct stack_scratch *)c->rec) ? 1 : 0;
}

/* Sends a stack that was walked to its end, with the frames of @python (NULL: none). The id that it has without them. */
static __always_inline __u64 user_send(struct walk_scratch *s, struct wire_stack *rec,
				       struct python_walk *python)
{
	struct unwind_walk *w = &s->walk;
	__u32 flags = 0;
	__u64 id;

	rec->frame_cnt = w->frame_cnt < WIRE_MAX_FRAMES ? w->frame_cnt : WIRE_MAX_FRAMES;
	rec->flags = w->end << WIRE_STACK_END_SHIFT;
	if (w->end == WIRE_END_DEPTH_LIMIT) {
		rec->flags |= WIRE_STACK_TRUNCATED;
		count(WIRE_C_TRUNCATED, 1);
	}
	user_count_end(w->end);
	if (s->go.class) {
		rec->frame_cnt = go_mark(&s->go, rec, rec->frame_cnt, WIRE_MAX_FRAMES, &flags);
		rec->flags |= flags;
		if (s->go.created_by)
			w->hash = intern_mix(w->hash, s->go.created_by);
	}
	if (!python)
		return emit_stack(rec, w->hash);
	id = intern_finish(w->hash, rec->frame_cnt, rec->flags);
	python_append((struct stack_scratch *)rec, python);
	emit_stack_as(rec, python_with(id, python));
	return id;
}

/*
 * Is the stack known? Most threads wait where they waited the last time; else the memo is asked after a few frames,
 * which say where to look. If it is not, s->memo.place says where it shall be, and some frames have been walked.
 */
static __always_inline bool user_known(struct walk_scratch *s, struct user_walk *c,
				       const struct task_state *st)
{
	s->memo.place = MEMO_NOWHERE;
	if (st->flags & TASK_F_SAME_STACK && walk_ask_place(s, st->user_memo))
		return true;
	for (__u32 i = 0, frames = WALK_FIRST_FRAMES; i < WALK_ASKS; i++) {
		bpf_loop(frames, user_walk_step, c, 0);
		if (i)
			frames *= 2;
		if (s->walk.flags & UNWIND_W_DONE)
			break;
		if (walk_ask_memo(s, i == WALK_ASKS - 1))
			return true;
		if (s->memo.place != MEMO_NOWHERE)
			break;
	}
	return false;
}

/* The stack was found, or will be put, at s->memo.place. */
static __always_inline void user_note_place(struct task_state *st, const struct walk_scratch *s)
{
	if (st->user_memo == s->memo.place && s->memo.place != MEMO_NOWHERE)
		st->flags |= TASK_F_SAME_STACK;
	else
		st->flags &= ~TASK_F_SAME_STACK;
	st->user_memo = s->memo.place;
}

/* Walks on to the end and remembers it at s->memo.place. The id without @python's frames; 0: tables are missing. */
static __always_inline __u64 user_walk_on(struct walk_scratch *s, struct user_walk *c,
					  struct python_walk *python)
{
	struct unwind_walk *w = &s->walk;
	struct memo_entry *e;
	__u64 id;

	if (!(w->flags & UNWIND_W_DONE))
		bpf_loop(WIRE_MAX_FRAMES, user_walk_step, c, 0);
	if (w->end == WIRE_END_PENDING)
		return 0;
	id = user_send(s, c->rec, python);
	/* Memory that is away now may be back the next time. */
	if (s->memo.id || s->memo.place == MEMO_NOWHERE || c->rec->h.kind ||
	    w->end == WIRE_END_FAULT)
		return id;
	e = memo_at(s->memo.place);
	if (e)
		memo_write(e, &s->memo.start, &w->notes, w->end << MEMO_FREE_SHIFT, id);
	return id;
}

/* By unwind tables, or from the memo. 0: they are not there yet, or there is no stack. */
static __always_inline __u64 user_by_cfi(const struct pt_regs *regs, struct task_state *st,
					 struct walk_scratch *s, struct wire_stack *rec,
					 const struct unwind_set *set, struct python_walk *python,
					 __u32 flags, __u64 ts)
{
	struct user_walk c = {.walk = &s->walk, .rec = rec};
	__u64 id, known = 0;

	user_regs(regs, &s->walk);
	if (!s->walk.pc)
		return 0;
	s->walk.set = *set;
	s->walk.max_frames = cfg.max_frames;
	unwind_begin(&s->walk, intern_seed(WIRE_STACK_USER, &st->image), rec->ips,
		     flags | s->go.walk);
	s->memo.id = 0;
	s->memo.place = MEMO_NOWHERE;
	/* Of two stacks in one none is remembered. */
	if (cfg.memo != CONFIG_MEMO_OFF && !(flags & UNWIND_W_STALE) &&
	    s->go.class != WIRE_GO_SYSTEM) {
		/* The hash stands for the image and the pc. */
		s->memo.start.key = intern_mix(s->walk.hash, s->walk.set.id ^ ctl.memo_epoch << 32);
		if (s->go.class)
			s->memo.start.key =
				intern_mix(s->memo.start.key, s->go.created_by << 8 | s->go.class);
		s->memo.start.base = s->walk.sp;
		s->memo.start.fp = s->walk.fp;
		s->memo.start.bx = s->walk.bx;
		s->memo.start.lr = s->walk.lr;
		if (user_known(s, &c, st))
			known = s->memo.id;
		user_note_place(st, s);
	}
	if (known) {
		count(WIRE_C_USER_MEMO_HITS, 1);
		/* The memo knows nothing of Python; a stack that user space lacks is walked. */
		if (cfg.memo == CONFIG_MEMO_ON &&
		    (!python || stack_sent(python_with(known, python)))) {
			user_count_end(s->memo.flags >> MEMO_FREE_SHIFT);
			return python_with(known, python);
		}
	}
	stack_begin(rec, st, WIRE_STACK_USER, ts);
	id = user_walk_on(s, &c, python);
	if (known && cfg.memo != CONFIG_MEMO_ON)
		memo_judge(known, id);
	id = known ? known : id;
	return id ? python_with(id, python) : 0;
}

/* By frame pointers. Those of a goroutine may go on from the thread's own stack to its own, and that is right. */
static __always_inline __u64 user_by_fp(void *ctx, const struct task_state *st,
					struct walk_scratch *s, struct wire_stack *rec, __u32 flags,
					__u64 ts)
{
	__u32 n = stack_read(ctx, rec, WIRE_STACK_USER, &flags), cut;

	if (!n)
		return 0;
	if (s->go.walk && s->go.class != WIRE_GO_SYSTEM) {
		cut = go_cut(s, (struct stack_scratch *)rec, n);
		if (cut < n)
			flags &= ~WIRE_STACK_TRUNCATED;
		n = cut;
	}
	if (s->go.class)
		n = go_mark(&s->go, rec, n, WIRE_MAX_KERNEL_FRAMES, &flags);
	return stack_send(st, rec, WIRE_STACK_USER, n, flags, ts);
}

/* The id of the user stack of @task, the current one; 0: none. */
static __always_inline __u64 capture_user(void *ctx, struct task_struct *task,
					  const struct pt_regs *regs, struct task_state *st,
					  __u64 ts)
{
	struct wire_stack *rec = stack_scratch(WIRE_STACK_USER);
	struct walk_scratch *s = walk_scratch();
	struct python_walk *python = NULL;
	struct unwind_set *set;
	__u32 flags = 0;
	__u64 id = 0;
	bool is_seed;

	if (!rec || !s)
		return 0;
	go_capture(task, st, s);
	if (cfg.unwind == CONFIG_UNWIND_FP)
		return user_by_fp(ctx, st, s, rec, 0, ts);
	set = user_set(task, st, ts, &flags);
	/* Code that is new is in no mapping yet; what was there before is nearly always there still. */
	if (set && set->id) {
		python = python_capture(task, st);
		id = user_by_cfi(regs, st, s, rec, set, python, flags, ts);
	}
	if (id) {
		count(flags ? WIRE_C_WALKED_STALE : WIRE_C_USER_WALKS, 1);
		return id;
	}
	id = copy_or_seed(regs, st, ts, &is_seed);
	if (id || is_seed)
		return id;
	count(WIRE_C_WALKED_BY_FP, 1);
	return user_by_fp(ctx, st, s, rec, WIRE_STACK_BY_FP, ts);
}

#endif
