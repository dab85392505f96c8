/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The walk (unwind.h) and its memory (memo.h) in the kernel: primitives.
 *
 *   memo             walks remembered                                     kernel
 *
 * The maps of tables and mappings are in unwind_maps.bpf.h.
 * Needs bpf_loop() (e6f2dd0f8067, 5.17): a loop over frames that the verifier looks at once.
 */
#ifndef DWELL_UNWIND_BPF_H
#define DWELL_UNWIND_BPF_H

#include "task.bpf.h"

#define MEMO_LEAVES_OUT (cfg.memo == CONFIG_MEMO_BROKEN)
#include "go_thread.h"
#include "memo_table.h"
#include "unwind_maps.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* loader: cfg.memo_mask + 1 */
	__type(key, __u32);
	__type(value, struct memo_entry);
} memo SEC(".maps");

/* What the memo is asked for the user's stack, and what it says. */
struct walk_memo {
	struct memo_start start;
	__u64 id;    /* known; 0: not */
	__u32 flags; /* with it */
	__u32 place; /* where it is, or where it shall be */
};

/* The programs that use it can't interrupt each other: interrupts are off. */
struct walk_scratch {
	struct unwind_walk walk;
	struct walk_memo memo;
	struct go_thread go;
	struct memo_scan scan;
	struct wire_regs regs;
	__u64 position; /* see kernel_position() */
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

/* ---- primitives of the walk ---- */

static __always_inline bool window_copy(struct window *w, bool kernel, __u32 len, __u64 addr)
{
	return !(kernel ? bpf_probe_read_kernel(w->words, len, (void *)addr)
			: bpf_probe_read_user(w->words, len, (void *)addr));
}

/*
 * Functions that are not static are verified once, by themselves, for any arguments; the others anew on each way that
 * leads to them.
 */
__noinline int window_move_user(struct window *w, __u64 addr)
{
	return w && window_move_to(w, false, addr);
}

__noinline int window_move_kernel(struct window *w, __u64 addr)
{
	return w && window_move_to(w, true, addr);
}

static __always_inline bool window_move(struct window *w, bool kernel, __u64 addr)
{
	return kernel ? window_move_kernel(w, addr) : window_move_user(w, addr);
}

/*
 * A load from any address of the kernel's, which gives 0 where there is no memory (a35b9af4ec2c, 6.2). It costs a
 * tenth of a helper's call.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

static __always_inline __u64 kernel_load(__u64 addr)
{
	/* Any structure will do that begins with a number of 64 bits. */
	const struct timespec64 *word =
		bpf_rdonly_cast((const void *)addr, bpf_core_type_id_kernel(struct timespec64));

	return (__u64)word->tv_sec;
}

static __always_inline bool kernel_word(struct window *w, __u64 addr, __u64 *ret)
{
	if (!cfg.kernel_loads)
		return window_read(w, true, addr, ret);
	if (addr & 7 || addr >= w->limit)
		return false;
	*ret = kernel_load(addr);
	return true;
}

__noinline int unwind_look_up_rule(struct unwind_walk *w, __u64 addr, union unwind_rule_words *ret)
{
	if (!w || !ret)
		return -1;
	unwind_find_rule(w, addr, &ret->rule);
	return 0;
}

static __always_inline void unwind_look_up(struct unwind_walk *w, __u64 addr,
					   union unwind_rule_words *ret)
{
	unwind_look_up_rule(w, addr, ret);
}

/* Seldom: what a leaf function keeps its stack in while it aligns it. */
__noinline int unwind_current_reg(__u32 reg, __u64 *ret)
{
	struct walk_scratch *s = walk_scratch();

	if (!s || !ret || reg > 31)
		return -1;
	s->regs.ip = 0;
	task_user_regs_all(task_current_regs(task_current()), &s->regs);
	*ret = s->regs.reg[reg & 31];
	return s->regs.ip ? 0 : -1;
}

static __always_inline bool unwind_entry_reg(struct unwind_walk *w, __u32 reg, __u64 *ret)
{
	return !unwind_current_reg(reg, ret);
}

/* ---- the memo ---- */

static __always_inline struct memo_entry *memo_at(__u32 i)
{
	i &= cfg.memo_mask;
	return bpf_map_lookup_elem(&memo, &i);
}

__noinline __u64 memo_hash_kernel(const struct memo_entry *e, const struct memo_notes *n,
				  struct window *w)
{
	return e && n && w ? memo_hash_slots(e, n, w, true) : 0;
}

__noinline __u64 memo_hash_user(const struct memo_entry *e, const struct memo_notes *n,
				struct window *w)
{
	return e && n && w ? memo_hash_slots(e, n, w, false) : 0;
}

static __always_inline __u64 memo_look(const struct memo_entry *e, const struct memo_notes *n,
				       struct window *w, bool kernel)
{
	return kernel ? memo_hash_kernel(e, n, w) : memo_hash_user(e, n, w);
}

__noinline int memo_write(struct memo_entry *e, const struct memo_start *start,
			  const struct memo_notes *n, __u32 flags, __u64 id)
{
	if (e && start && n)
		memo_store(e, start, n, flags, id);
	return 0;
}

/* Is the user's stack as it was when the thread waited the last time, at @place? Then s->memo.id is its id. */
__noinline int walk_ask_place(struct walk_scratch *s, __u32 place)
{
	struct memo_entry *e = memo_at(place);
	struct unwind_walk *w;

	if (!s || !e || !e->cnt)
		return 0;
	w = &s->walk;
	/* As much as it takes in one go. */
	if (!window_reach(&w->window, w->sp, e->slots[(e->cnt - 1) & (MEMO_MAX_SLOTS - 1)]))
		return 0;
	s->memo.id = memo_ask(place, &s->memo.start, &w->notes, &w->window, false, &s->memo.flags);
	s->memo.place = place & cfg.memo_mask;
	return s->memo.id != 0;
}

/* Is the rest of the walk known, by what it has met so far? If not, s->memo.place says where it shall be. */
__noinline int walk_ask_memo(struct walk_scratch *s, __u32 must)
{
	struct unwind_walk *w;
	__u64 hash;
	__u32 place;

	if (!s)
		return 0;
	w = &s->walk;
	/* Stands for the image and all pcs so far, and the goroutine. */
	hash = intern_mix(w->hash ^ s->go.created_by, w->set.id + s->go.class);
	for (__u32 way = 0; way < 2; way++) {
		place = memo_way(hash, way) & cfg.memo_mask;
		s->memo.id = memo_ask(place, &s->memo.start, &w->notes, &w->window, false,
				      &s->memo.flags);
		s->memo.place = place;
		if (s->memo.id)
			return 1;
	}
	place = memo_place(hash, must, bpf_get_prandom_u32());
	if (place != MEMO_NOWHERE) {
		place &= cfg.memo_mask;
		memo_part(&w->notes);
	}
	s->memo.place = place;
	return 0;
}

/* ---- steps of loops ---- */

__noinline int walk_frame(struct unwind_walk *w, struct stack_scratch *scratch)
{
	return w && scratch ? unwind_step(w, ((struct wire_stack *)scratch->words)->ips) : 1;
}

/* Loads the word at @addr, and if that is a place of the stack, the word above the one it points to. */
static __always_inline bool walk_scan_load(struct memo_scan *scan, __u64 addr, __u64 *ret_value,
					   __u64 *ret_above)
{
	__u64 base = scan->notes.base, top = scan->notes.top, value;

	if (cfg.kernel_loads) {
		*ret_value = value = kernel_load(addr);
		if (value - base < top - base - 8)
			*ret_above = kernel_load(value + 8);
		return true;
	}
	/* From the top down: the window ends at the word. */
	if (addr - scan->window.addr >= scan->window.len &&
	    !window_move_kernel(&scan->window, addr - WINDOW_KERNEL_BYTES + sizeof(__u64)))
		return false;
	value = scan->window.words[((addr - scan->window.addr) >> 3) & (WINDOW_BYTES / 8 - 1)];
	*ret_value = value;
	if (value - base < top - base - 8)
		bpf_probe_read_kernel(ret_above, sizeof(*ret_above), (void *)(value + 8));
	return true;
}

/* A word of the stack that was walked, by its number from the top. 1: no more. */
__noinline int walk_scan_word(struct memo_scan *scan, __u32 i)
{
	__u64 addr, value, above = 0;

	if (!scan)
		return 1;
	addr = scan->notes.top - (__u64)(i + 1) * sizeof(__u64);
	if (addr < scan->notes.base || !walk_scan_load(scan, addr, &value, &above))
		return 1;
	memo_scan_word(scan, addr, value, above);
	return 0;
}

__noinline int walk_scan_begin(struct memo_scan *scan, const struct stack_scratch *scratch,
			       __u64 base, __u64 top)
{
	const struct wire_stack *rec;

	if (!scan || !scratch)
		return 1;
	rec = (const struct wire_stack *)scratch->words;
	memo_scan_begin(scan, base, top, rec->ips, rec->frame_cnt);
	return 0;
}

/* 1: the stack may be remembered. */
__noinline int walk_scan_end(struct memo_scan *scan)
{
	return scan && memo_scan_end(scan);
}

#endif
