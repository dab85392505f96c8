/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_seeds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "format/go_threads.h"
#include "source/bpf_define.h"
#include "source/os_threads.h"
#include "source/os_walk.h"

#define SEEDS_MAX_CNT (1u << 22)

void seeds__init(struct seeds *s, bool user_stacks, uint32_t max_frames)
{
	memset(s, 0, sizeof(*s));
	hash_index__init(&s->index);
	s->user_stacks = user_stacks;
	s->max_frames = max_frames;
}

void seeds__fini(struct seeds *s)
{
	free(s->items);
	free(s->walks);
	hash_index__fini(&s->index);
	memset(s, 0, sizeof(*s));
}

void seeds__clear(struct seeds *s)
{
	hash_index__clear(&s->index);
	s->cnt = s->walk_cnt = 0;
}

static uint64_t seeds_hash(const struct wire_thread_key *key)
{
	return hash_mix(hash_u64(key->start_ns), key->tid);
}

static bool seeds_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct wire_thread_key *a = &((const struct seeds *)owner)->items[pos].key, *b = key;

	return a->tid == b->tid && a->start_ns == b->start_ns;
}

const struct seed *seeds__find(const struct seeds *s, const struct wire_thread_key *key)
{
	uint32_t pos = hash_index__find(&s->index, seeds_hash(key), seeds_eq, s, key);

	return pos == HASH_INDEX_NONE ? NULL : &s->items[pos];
}

static int seeds_announce(const struct wire_seed *rec, event_fn fn, void *arg)
{
	struct wire_thread thread = {
		.h = {.kind = WIRE_THREAD, .size = sizeof(thread)},
		.key = rec->key,
		.image = rec->image,
		.cgroup_id = rec->cgroup_id,
		.flags = rec->flags,
	};
	struct event e = {.thread = &thread};

	memcpy(thread.comm, rec->comm, sizeof(thread.comm));
	return fn(arg, &e);
}

/* Keeps the registers for seeds__walk(). */
static int seeds_keep_regs(struct seeds *s, const struct wire_seed *rec)
{
	struct seed_walk *w;
	int err = array__grow((void **)&s->walks, &s->walk_cap, s->walk_cnt + 1, sizeof(*s->walks),
			      SEEDS_MAX_CNT);

	if (err)
		return err;
	w = &s->walks[s->walk_cnt];
	*w = (struct seed_walk){
		.seed = s->cnt,
		.image = rec->image,
		.regs = rec->user,
		.switch_cnt = rec->switch_cnt,
		.thread_pointer = rec->thread_pointer,
	};
	if (!w->regs.ip || s->only_sp) {
		w->only_sp = true;
		if (!os_walk_read_syscall(rec->image.pid, rec->key.tid, &w->regs, NULL))
			return 0;
	}
	s->walk_cnt++;
	return 0;
}

int seeds__add(struct seeds *s, const struct wire_seed *rec, event_fn fn, void *arg)
{
	struct seed seed = {.key = rec->key};
	int err;

	err = array__grow((void **)&s->items, &s->cap, s->cnt + 1, sizeof(*s->items),
			  SEEDS_MAX_CNT);
	if (!err)
		err = seeds_announce(rec, fn, arg);
	if (!err)
		err = define_kernel_stack(rec->ips, rec->frame_cnt, s->max_frames, fn, arg,
					  &seed.kernel_stack);
	if (!err && s->user_stacks && !(rec->flags & WIRE_THREAD_KTHREAD))
		err = seeds_keep_regs(s, rec);
	if (!err)
		err = hash_index__add(&s->index, seeds_hash(&seed.key), (uint32_t)s->cnt);
	if (!err)
		s->items[s->cnt++] = seed;
	return err;
}

/* Of a thread of Go: where the goroutine was created comes behind the @n ips, in whose place it is when there is no room. */
static uint32_t seeds_mark_go(const struct go_thread *t, __u64 ips[WIRE_MAX_FRAMES], uint32_t n,
			      uint32_t *flags)
{
	uint32_t at = n < WIRE_MAX_FRAMES ? n : WIRE_MAX_FRAMES - 1;

	*flags |= t->class << WIRE_STACK_GO_SHIFT;
	if (!t->created_by)
		return n;
	*flags |= WIRE_STACK_CREATED;
	ips[at] = t->created_by;
	return at + 1;
}

/* Walks one thread; *@ret_cnt addresses in @ips. */
static uint32_t seeds_walk_one(const struct seeds *s, const struct seed_walk *w, struct os_walk *o,
			       __u64 ips[WIRE_MAX_FRAMES], uint32_t *ret_flags)
{
	const struct go_process *go = s->gos ? gos__find(s->gos, &w->image) : NULL;
	struct go_thread t = {.class = WIRE_GO_NONE};
	struct go_stack stack;
	uint32_t n;

	if (go && !gos__look(s->gos, &w->image, w->thread_pointer, &t))
		go_any_stack(go, &stack);
	else if (go)
		go_thread_stack(go, &t, &stack);
	if (go && t.class != WIRE_GO_USER)
		o->go = &stack;
	n = os_walk_user(o, ips, ret_flags);
	o->go = NULL;
	/* What was found is true, and says where it ends. */
	if (*ret_flags >> WIRE_STACK_END_SHIFT == WIRE_END_PENDING)
		*ret_flags = WIRE_END_NO_ROWS << WIRE_STACK_END_SHIFT;
	if (go && !t.class)
		t.class = go_process_class(go, ips, n, *ret_flags);
	return go && n ? seeds_mark_go(&t, ips, n, ret_flags) : n;
}

int seeds__walk(struct seeds *s, const struct tables *tables, seeds_mappings_fn mappings,
		void *mappings_arg, event_fn fn, void *arg)
{
	__u64 ips[WIRE_MAX_FRAMES];
	int err = 0;

	for (size_t i = 0; !err && i < s->walk_cnt; i++) {
		const struct seed_walk *w = &s->walks[i];
		struct seed *seed = &s->items[w->seed];
		struct os_walk o = {
			.tid = seed->key.tid,
			.regs = &w->regs,
			.only_sp = w->only_sp,
			.max_frames = s->max_frames,
		};
		uint32_t n, flags = 0;
		struct python_frames python;
		bool has_python;

		if (tables)
			o.mappings = mappings(mappings_arg, &w->image, &o.mapping_cnt);
		if (o.mappings)
			o.tables = tables;
		n = seeds_walk_one(s, w, &o, ips, &flags);
		has_python =
			n && s->pythons &&
			pythons__walk(s->pythons, &w->image, seed->key.tid, s->max_frames, &python);
		/* Memory that changed under the walk makes a stack that never was: better none. */
		if (n && os_thread_switch_cnt(w->image.pid, seed->key.tid) == w->switch_cnt)
			err = define_user_stack(&w->image, ips, n, flags,
						has_python ? &python : NULL, fn, arg,
						&seed->user_stack);
	}
	free(s->walks);
	s->walks = NULL;
	s->walk_cnt = s->walk_cap = 0;
	return err;
}
