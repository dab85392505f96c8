/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Walks that are remembered; part of stacks.bpf.h, for kernels with bpf_loop(). */
#ifndef DWELL_WALKS_BPF_H
#define DWELL_WALKS_BPF_H

#include "unwind.bpf.h"

/* The memo is asked after 5, 10, 20 and 40 frames: chains that end alike in the innermost ones part further out. */
#define WALK_ASKS	  4
#define WALK_FIRST_FRAMES 5

/* ---- kernel ---- */

/*
 * Where the kernel stack was when the program was called: the context of a tracepoint program is the tracepoint's
 * arguments, on that stack. The verifier doesn't give the number away, but a privileged program may read it back.
 */
static __always_inline __u64 kernel_position(void *ctx)
{
	void *local = ctx;
	__u64 at = 0;

	bpf_probe_read_kernel(&at, sizeof(at), &local);
	return at;
}

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
	return memo_scan_complete(scan);
}

static __always_inline void memo_judge(__u64 remembered, __u64 walked)
{
	count(WIRE_C_MEMO_VERIFIED, 1);
	if (remembered != walked)
		count(WIRE_C_MEMO_DISAGREED, 1);
}

/*
 * The id of the kernel stack of @task, the current one; 0: none. The helper is called in one place only: the return
 * address into this program is one of the frames that it finds.
 */
static __always_inline __u64 capture_kernel(void *ctx, struct task_struct *task,
					    struct task_state *st, bool preempt, __u64 ts)
{
	struct wire_stack *rec = stack_scratch(WIRE_STACK_KERNEL);
	struct walk_scratch *s = walk_scratch();
	struct memo_entry *known = NULL;
	struct memo_start start = {};
	__u64 id, known_id = 0, top;

	if (!s || !rec)
		return 0;
	start.base = kernel_position(ctx);
	/* Stacks are aligned to their size. */
	top = (start.base | ((1ull << cfg.thread_size_order) - 1)) + 1;
	/* An interrupt that preempts leaves registers on the path; the rest has the shape of its system call. */
	if (cfg.memo != CONFIG_MEMO_OFF && !preempt && top - start.base < 1 << 15) {
		start.top = top;
		start.key = intern_mix(st->wait.syscall, task_user_ip(task_current_regs(task))) | 1;
		s->scan.window.len = 0;
		s->scan.window.limit = top;
		known = memo_find(&start, &s->scan.window, true);
	}
	if (known) {
		known_id = known->id;
		count(WIRE_C_KERNEL_MEMO_HITS, 1);
		if (cfg.memo == CONFIG_MEMO_ON)
			return known_id;
	}
	id = stack_by_helper(ctx, st, rec, WIRE_STACK_KERNEL, 0, ts);
	if (known) {
		memo_judge(known_id, id);
		return known_id;
	}
	/* Worth it once user space has it, so not the first time: most that come once don't come again. */
	if (!id || !start.key || rec->h.kind || !kernel_note(&s->scan, rec, start.base, top))
		return id;
	known = memo_place(&start, true);
	if (known)
		memo_write(known, &start, &s->scan.notes, 0, id);
	return id;
}

/* ---- user ---- */

/* A forked process has its parent's mappings, so it need not wait for user space to say so. */
static __always_inline void inherit_mappings(const struct wire_image *parent,
					     const struct wire_image *child)
{
	struct unwind_set *set = bpf_map_lookup_elem(&unwind_sets, parent), copy;

	if (!set || !set->id)
		return;
	copy = *set;
	bpf_map_update_elem(&unwind_sets, child, &copy, BPF_NOEXIST);
}

/* Asks user space for the mappings of the image, once for each number of executable pages. */
static __always_inline void user_ask(const struct task_state *st, struct unwind_set *set,
				     __u64 exec_pages, __u64 ts)
{
	struct unwind_set none = {.asked = (__u32)exec_pages, .exec_pages = exec_pages};
	struct wire_remap rec = {};

	if (set && set->asked == (__u32)exec_pages)
		return;
	rec.h.kind = WIRE_REMAP;
	rec.h.size = sizeof(rec);
	rec.image = st->image;
	rec.time_ns = ts;
	rec.exec_pages = exec_pages;
	/* Before user space can know: a late mark would be set on what it puts in the entry's place. */
	if (set)
		set->asked = (__u32)exec_pages;
	if (!ring_send_now(&rec, sizeof(rec))) {
		count(WIRE_C_REMAPS_LOST, 1);
		if (set)
			set->asked = 0;
		return;
	}
	if (!set)
		bpf_map_update_elem(&unwind_sets, &st->image, &none, BPF_NOEXIST);
}

struct user_walk {
	struct unwind_walk *walk;
	struct wire_stack *rec;
};

static int user_walk_step(__u32 i, struct user_walk *c)
{
	return walk_frame(c->walk, (struct stack_scratch *)c->rec) ? 1 : 0;
}

_Static_assert(WIRE_END_CNT - WIRE_END_DEPTH_LIMIT == 8, "see the mask");

static __always_inline void user_count_end(__u32 end)
{
	/* The mask is for the verifier. */
	if (end != WIRE_END_OUTERMOST)
		count(WIRE_C_UNWIND_END(WIRE_END_DEPTH_LIMIT) + ((end - WIRE_END_DEPTH_LIMIT) & 7),
		      1);
}

/* Sends a stack that was walked to its end. Its id. */
static __always_inline __u64 user_send(struct unwind_walk *w, struct wire_stack *rec)
{
	rec->frame_cnt = w->frame_cnt < WIRE_MAX_FRAMES ? w->frame_cnt : WIRE_MAX_FRAMES;
	rec->flags = w->end << WIRE_STACK_END_SHIFT;
	if (w->end == WIRE_END_DEPTH_LIMIT) {
		rec->flags |= WIRE_STACK_TRUNCATED;
		count(WIRE_C_TRUNCATED, 1);
	}
	user_count_end(w->end);
	return emit_stack(rec, w->hash);
}

/*
 * Is the rest of the walk remembered? If not, *@ret_place says where it shall be, NULL: nowhere, and from here on it is
 * noted.
 */
static __always_inline struct memo_entry *user_ask_memo(struct unwind_walk *w,
							struct memo_start *start, bool must,
							struct memo_entry **ret_place)
{
	struct memo_entry *known;

	/* The hash stands for the image and all pcs so far. */
	start->key = intern_mix(w->hash, (__u64)w->set.id << 32 | w->flags) | 1;
	start->base = w->sp;
	start->fp = w->fp;
	start->bx = w->bx;
	known = memo_find(start, &w->window, false);
	if (known && cfg.memo == CONFIG_MEMO_ON)
		return known;
	memo_begin(&w->notes, w->sp, 0);
	w->fp_at = w->bx_at = 0;
	if (!known)
		*ret_place = memo_place(start, must);
	return known;
}

/* Walks on to the end, or until the memo knows what follows. The id; 0: tables are missing. */
static __always_inline __u64 user_walk_all(struct user_walk *c)
{
	struct memo_entry *known = NULL, *place = NULL;
	struct unwind_walk *w = c->walk;
	struct memo_start start = {};
	__u64 id, known_id = 0;

	for (__u32 i = 0, frames = WALK_FIRST_FRAMES; i < WALK_ASKS; i++) {
		if (cfg.memo == CONFIG_MEMO_OFF || w->flags & (UNWIND_W_STALE | UNWIND_W_DONE))
			break;
		bpf_loop(frames, user_walk_step, c, 0);
		if (i)
			frames *= 2;
		if (w->flags & UNWIND_W_DONE)
			break;
		known = user_ask_memo(w, &start, i == WALK_ASKS - 1, &place);
		if (known || place)
			break;
	}
	if (known) {
		known_id = known->id;
		count(WIRE_C_USER_MEMO_HITS, 1);
		if (cfg.memo == CONFIG_MEMO_ON) {
			user_count_end(known->flags >> MEMO_FREE_SHIFT);
			return known_id;
		}
	}
	if (!(w->flags & UNWIND_W_DONE))
		bpf_loop(WIRE_MAX_FRAMES, user_walk_step, c, 0);
	if (w->end == WIRE_END_PENDING)
		return 0;
	id = user_send(w, c->rec);
	if (known)
		memo_judge(known_id, id);
	/* Memory that is away now may be back the next time. */
	else if (place && !c->rec->h.kind && w->end != WIRE_END_FAULT)
		memo_write(place, &start, &w->notes, w->end << MEMO_FREE_SHIFT, id);
	return known ? known_id : id;
}

static __always_inline void user_regs(struct task_struct *task, struct unwind_walk *w)
{
	w->pc = w->sp = w->fp = w->bx = w->lr = 0;
	task_user_frame(task_current_regs(task), &w->pc, &w->sp, &w->fp, &w->bx, &w->lr);
}

/* By unwind tables. 0: they are not there yet, or there is no stack. */
static __always_inline __u64 user_by_cfi(struct task_struct *task, const struct task_state *st,
					 struct wire_stack *rec, const struct unwind_set *set,
					 __u32 flags, __u64 ts)
{
	struct walk_scratch *s = walk_scratch();
	struct user_walk c = {.rec = rec};

	if (!s)
		return 0;
	c.walk = &s->walk;
	user_regs(task, &s->walk);
	if (!s->walk.pc)
		return 0;
	s->walk.set = *set;
	s->walk.max_frames = cfg.max_frames;
	stack_begin(rec, st, WIRE_STACK_USER, ts);
	unwind_begin(&s->walk, intern_seed(WIRE_STACK_USER, &rec->image), rec->ips, flags);
	return user_walk_all(&c);
}

/* The id of the user stack of @task, the current one; 0: none. */
static __always_inline __u64 capture_user(void *ctx, struct task_struct *task,
					  struct task_state *st, __u64 ts)
{
	struct wire_stack *rec = stack_scratch(WIRE_STACK_USER);
	struct unwind_set *set;
	__u64 exec_pages, id = 0;
	__u32 flags = 0;

	if (!rec)
		return 0;
	if (cfg.unwind == CONFIG_UNWIND_FP)
		return stack_by_helper(ctx, st, rec, WIRE_STACK_USER, 0, ts);
	set = bpf_map_lookup_elem(&unwind_sets, &st->image);
	exec_pages = task_exec_pages(task);
	if (!set || set->exec_pages != exec_pages) {
		user_ask(st, set, exec_pages, ts);
		flags = UNWIND_W_STALE;
	}
	/* Code that is new is in no mapping yet; what was there before is nearly always there still. */
	if (set && set->id)
		id = user_by_cfi(task, st, rec, set, flags, ts);
	if (id) {
		count(flags ? WIRE_C_WALKED_STALE : WIRE_C_USER_WALKS, 1);
		return id;
	}
	/* Before the window begins the tables come, and then the iterator looks where this thread sleeps. */
	if (!ctl.start_ns) {
		st->flags |= TASK_F_SEED;
		return 0;
	}
	count(WIRE_C_WALKED_BY_FP, 1);
	return stack_by_helper(ctx, st, rec, WIRE_STACK_USER, WIRE_STACK_BY_FP, ts);
}

#endif
