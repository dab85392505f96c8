/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The walk (unwind.h) and its memory (memo.h) in the kernel: maps and primitives.
 *
 *   unwind_pools     blocks of tables; unwind_modules, which are whose    user -> kernel
 *   unwind_mappings  the pool of mappings; unwind_sets, who has which     user -> kernel
 *   unwind_rules     rules remembered by address                          kernel
 *   memo             walks remembered                                     kernel
 *
 * Needs bpf_loop() (e6f2dd0f8067, 5.17): a loop over frames that the verifier looks at once.
 */
#ifndef DWELL_UNWIND_BPF_H
#define DWELL_UNWIND_BPF_H

#include "task.bpf.h"

#define MEMO_LEAVES_OUT (cfg.memo == CONFIG_MEMO_BROKEN)
#include "unwind.h"

#define UNWIND_STEPS 11 /* of a search in a set */
_Static_assert(UNWIND_SET_MAX == (1 << UNWIND_STEPS) - 1, "a set is searched whole");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, UNWIND_MAX_POOLS);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(max_entries, 1);
			__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, UNWIND_BLOCK_BYTES);
		});
} unwind_pools SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWIND_MAX_MODULES + 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct unwind_module);
} unwind_modules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWIND_MAX_MAPPINGS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct unwind_mapping);
} unwind_mappings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, UNWIND_MAX_SETS);
	__type(key, struct wire_image);
	__type(value, struct unwind_set);
} unwind_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* loader: cfg.cache_mask + 1 */
	__type(key, __u32);
	__type(value, struct unwind_cached);
} unwind_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* loader: cfg.memo_mask + 1 */
	__type(key, __u32);
	__type(value, struct memo_entry);
} memo SEC(".maps");

/* The programs that use it can't interrupt each other: interrupts are off. */
struct walk_scratch {
	struct unwind_walk walk;
	struct memo_scan scan;
	struct wire_regs regs;
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

static __always_inline const void *unwind_block(struct unwind_walk *w, __u32 module, __u32 block)
{
	struct unwind_module *m = bpf_map_lookup_elem(&unwind_modules, &module);
	void *pool;
	__u32 i;

	if (!m || block >= m->block_cnt)
		return NULL;
	i = m->pool;
	pool = bpf_map_lookup_elem(&unwind_pools, &i);
	i = m->first + block;
	return pool ? bpf_map_lookup_elem(pool, &i) : NULL;
}

static __always_inline struct unwind_cached *unwind_cache(struct unwind_walk *w, __u32 hash)
{
	__u32 i = hash & cfg.cache_mask;

	return bpf_map_lookup_elem(&unwind_rules, &i);
}

/* The last mapping of the set that begins at or before @addr, if it reaches it. */
static __always_inline bool unwind_find(struct unwind_walk *w, __u64 addr)
{
	__u32 first = w->set.first, cnt = w->set.cnt, pos = w->zero, i;
	struct unwind_mapping *m;

	for (__u32 step = 1 << (UNWIND_STEPS - 1); step; step >>= 1) {
		if (pos + step <= cnt) {
			i = first + pos + step - 1;
			m = bpf_map_lookup_elem(&unwind_mappings, &i);
			if (m && m->start <= addr)
				pos += step;
		}
		pos &= UNWIND_SET_MAX;
	}
	i = first + pos - 1;
	m = pos ? bpf_map_lookup_elem(&unwind_mappings, &i) : NULL;
	if (!m || addr >= m->end || addr < m->start)
		return false;
	w->at = *m;
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

static __always_inline struct memo_entry *memo_way(const struct memo_start *start, __u32 way)
{
	__u32 i = (__u32)(start->key >> 32) & cfg.memo_mask & ~1u;

	i |= way;
	return bpf_map_lookup_elem(&memo, &i);
}

__noinline __u64 memo_hash_kernel(const struct memo_entry *e, __u64 base, __u64 top,
				  struct window *w)
{
	return e && w ? memo_hash_slots(e, base, top, w, true) : 0;
}

__noinline __u64 memo_hash_user(const struct memo_entry *e, __u64 base, struct window *w)
{
	return e && w ? memo_hash_slots(e, base, 0, w, false) : 0;
}

/* Two places for each key: what is remembered from @start; NULL: nothing. */
static __always_inline struct memo_entry *memo_find(const struct memo_start *start,
						    struct window *w, bool kernel)
{
	for (__u32 way = 0; way < 2; way++) {
		struct memo_entry *e = memo_way(start, way);

		if (e && e->id &&
		    memo_holds(e, start,
			       kernel ? memo_hash_kernel(e, start->base, start->top, w)
				      : memo_hash_user(e, start->base, w)))
			return e;
	}
	return NULL;
}

__noinline int memo_write(struct memo_entry *e, const struct memo_start *start,
			  const struct memo_notes *n, __u32 flags, __u64 id)
{
	if (e && start && n)
		memo_store(e, start, n, flags, id);
	return 0;
}

/*
 * Where a walk from @start that is not remembered may be: a free place, or, now and then, one whose stack may not have
 * been seen for long. NULL: nowhere; many stacks begin alike, and those that are here are as good.
 */
static __always_inline struct memo_entry *memo_place(const struct memo_start *start, bool must)
{
	__u32 chance = bpf_get_prandom_u32();
	struct memo_entry *e;

	for (__u32 way = 0; way < 2; way++) {
		e = memo_way(start, way);
		if (e && !e->id)
			return e;
	}
	return must || !(chance & 126) ? memo_way(start, chance & 1) : NULL;
}

/* ---- steps of loops ---- */

__noinline int walk_frame(struct unwind_walk *w, struct stack_scratch *scratch)
{
	return w && scratch ? unwind_step(w, ((struct wire_stack *)scratch->words)->ips) : 1;
}

/* A word of the stack that was walked, by its number from the top. 1: no more. */
__noinline int walk_scan_word(struct memo_scan *scan, __u32 i)
{
	__u64 addr, value, above = 0, base, top;

	if (!scan)
		return 1;
	base = scan->notes.base;
	top = scan->notes.top;
	addr = top - (__u64)(i + 1) * sizeof(__u64);
	if (addr < base)
		return 1;
	/* From the top down: the window ends at the word. */
	if (addr - scan->window.addr >= scan->window.len &&
	    !window_move_kernel(&scan->window, addr - WINDOW_KERNEL_BYTES + sizeof(__u64)))
		return 1;
	value = scan->window.words[((addr - scan->window.addr) >> 3) & (WINDOW_BYTES / 8 - 1)];
	if (value - base < top - base)
		bpf_probe_read_kernel(&above, sizeof(above), (void *)(value + sizeof(__u64)));
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

#endif
