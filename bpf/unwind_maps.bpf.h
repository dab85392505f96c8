/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the walk of a user stack (unwind.h) goes by in the kernel, and how user space is asked for it.
 *
 *   unwind_pools     blocks of tables; unwind_modules, which are whose    user -> kernel
 *   unwind_mappings  the pool of mappings; unwind_sets, who has which     user -> kernel
 *   unwind_rules     rules remembered by address                          kernel
 */
#ifndef DWELL_UNWIND_MAPS_BPF_H
#define DWELL_UNWIND_MAPS_BPF_H

#include "life.bpf.h"
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

/* ---- primitives of the walk ---- */

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

/* ---- who has which mappings ---- */

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

/* The mappings of @task's image; NULL: not known. @flags gets UNWIND_W_STALE where they are not what the kernel counts. */
static __always_inline struct unwind_set *
user_set(struct task_struct *task, const struct task_state *st, __u64 ts, __u32 *flags)
{
	struct unwind_set *set = bpf_map_lookup_elem(&unwind_sets, &st->image);
	__u64 exec_pages = task_exec_pages(task);

	if (!set || set->exec_pages != exec_pages) {
		user_ask(st, set, exec_pages, ts);
		*flags = UNWIND_W_STALE;
	}
	return set;
}

/* The child has its parent's mappings. */
static __always_inline void user_inherit(const struct wire_image *parent,
					 const struct wire_image *child)
{
	struct unwind_set *set = bpf_map_lookup_elem(&unwind_sets, parent), copy;

	if (!set || !set->id)
		return;
	copy = *set;
	bpf_map_update_elem(&unwind_sets, child, &copy, BPF_NOEXIST);
}

/* ---- both ends of a walk ---- */

static __always_inline void user_regs(const struct pt_regs *regs, struct unwind_walk *w)
{
	w->pc = w->sp = w->fp = w->bx = w->lr = 0;
	task_user_frame(regs, &w->pc, &w->sp, &w->fp, &w->bx, &w->lr);
}

_Static_assert(WIRE_END_CNT - WIRE_END_DEPTH_LIMIT == 8, "see the mask");

static __always_inline void user_count_end(__u32 end)
{
	/* The mask is for the verifier. */
	if (end != WIRE_END_OUTERMOST)
		count(WIRE_C_UNWIND_END(WIRE_END_DEPTH_LIMIT) + ((end - WIRE_END_DEPTH_LIMIT) & 7),
		      1);
}

#endif
