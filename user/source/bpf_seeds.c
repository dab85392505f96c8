/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/os_read.h"
#include "intern.h"
#include "source/os_walk.h"

#define SEEDS_MAX_CNT	   (1u << 22)
#define SEEDS_STATUS_BYTES 8192

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

/* How often the thread was switched out, by /proc; UINT64_MAX when it can't be told. */
static uint64_t seeds_switch_cnt(uint32_t pid, uint32_t tid)
{
	_cleanup_buf_ struct buf text = {0};
	unsigned long long voluntary, involuntary;
	const char *v, *i;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/status", pid, tid);
	if (os_read_file(path, SEEDS_STATUS_BYTES, &text) || !text.len)
		return UINT64_MAX;
	v = strstr(text.data, "\nvoluntary_ctxt_switches:");
	i = strstr(text.data, "\nnonvoluntary_ctxt_switches:");
	if (!v || !i || sscanf(strchr(v, ':') + 1, "%llu", &voluntary) != 1 ||
	    sscanf(strchr(i, ':') + 1, "%llu", &involuntary) != 1)
		return UINT64_MAX;
	return voluntary + involuntary;
}

/* Defines a stack; its id, by the same hash as the probes', in *@ret_id. The error of @fn. */
static int seeds_define(const struct seeds *s, const struct wire_image *image, uint16_t kind,
			const __u64 *ips, uint32_t n, uint32_t flags, event_fn fn, void *arg,
			uint64_t *ret_id)
{
	union {
		struct wire_stack rec;
		uint64_t words[sizeof(struct wire_stack) / 8 + WIRE_MAX_FRAMES];
	} u = {.rec.h.kind = WIRE_STACK};
	uint32_t max = WIRE_MAX_KERNEL_FRAMES;
	struct event e = {.stack = &u.rec};
	uint64_t hash;

	if (!n)
		return 0;
	if (max > s->max_frames)
		max = s->max_frames;
	if (n >= max && kind == WIRE_STACK_KERNEL) {
		n = max;
		flags |= WIRE_STACK_TRUNCATED;
	}
	if (kind == WIRE_STACK_USER)
		u.rec.image = *image;
	hash = intern_seed(kind, &u.rec.image);
	for (uint32_t i = 0; i < n; i++) {
		hash = intern_mix(hash, kind == WIRE_STACK_USER ? ips[i] & ~WIRE_IP_EXACT : ips[i]);
		u.rec.ips[i] = ips[i];
	}
	u.rec.h.size = (uint32_t)(sizeof(u.rec) + n * sizeof(uint64_t));
	u.rec.id = intern_finish(hash, n, flags);
	u.rec.kind = kind;
	u.rec.frame_cnt = (uint16_t)n;
	u.rec.flags = flags;
	*ret_id = u.rec.id;
	return fn(arg, &e);
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
	};
	if (!w->regs.ip || s->only_sp) {
		w->only_sp = true;
		if (!os_walk_read_syscall(rec->image.pid, rec->key.tid, &w->regs))
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
		err = seeds_define(s, &rec->image, WIRE_STACK_KERNEL, rec->ips, rec->frame_cnt, 0,
				   fn, arg, &seed.kernel_stack);
	if (!err && s->user_stacks && !(rec->flags & WIRE_THREAD_KTHREAD))
		err = seeds_keep_regs(s, rec);
	if (!err)
		err = hash_index__add(&s->index, seeds_hash(&seed.key), (uint32_t)s->cnt);
	if (!err)
		s->items[s->cnt++] = seed;
	return err;
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
			.pid = w->image.pid,
			.regs = &w->regs,
			.only_sp = w->only_sp,
			.max_frames = s->max_frames,
		};
		uint32_t n, flags = 0;

		if (tables)
			o.mappings = mappings(mappings_arg, &w->image, &o.mapping_cnt);
		if (o.mappings)
			o.tables = tables;
		n = os_walk_user(&o, ips, &flags);
		/* Memory that changed under the walk makes a stack that never was: better none. */
		if (n && seeds_switch_cnt(w->image.pid, seed->key.tid) == w->switch_cnt)
			err = seeds_define(s, &w->image, WIRE_STACK_USER, ips, n, flags, fn, arg,
					   &seed->user_stack);
	}
	free(s->walks);
	s->walks = NULL;
	s->walk_cnt = s->walk_cap = 0;
	return err;
}
