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
	hash_index__fini(&s->index);
	memset(s, 0, sizeof(*s));
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
static uint64_t seeds_switch_cnt(const struct wire_seed *rec)
{
	_cleanup_buf_ struct buf text = {0};
	unsigned long long voluntary, involuntary;
	const char *v, *i;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/status", rec->image.pid, rec->key.tid);
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
			const __u64 *ips, uint32_t n, event_fn fn, void *arg, uint64_t *ret_id)
{
	union {
		struct wire_stack rec;
		uint64_t words[sizeof(struct wire_stack) / 8 + WIRE_MAX_FRAMES];
	} u = {.rec.h.kind = WIRE_STACK};
	struct event e = {.stack = &u.rec};
	uint64_t hash;

	if (!n)
		return 0;
	if (n > s->max_frames)
		n = s->max_frames;
	if (kind == WIRE_STACK_USER)
		u.rec.image = *image;
	hash = intern_seed(kind, &u.rec.image);
	for (uint32_t i = 0; i < n; i++) {
		hash = intern_mix(hash, ips[i]);
		u.rec.ips[i] = ips[i];
	}
	u.rec.h.size = (uint32_t)(sizeof(u.rec) + n * sizeof(uint64_t));
	u.rec.id = intern_finish(hash, n);
	u.rec.kind = kind;
	u.rec.frame_cnt = (uint16_t)n;
	u.rec.flags = n == s->max_frames ? WIRE_STACK_TRUNCATED : 0;
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

static int seeds_user_stack(const struct seeds *s, const struct wire_seed *rec, event_fn fn,
			    void *arg, uint64_t *ret_id)
{
	__u64 ips[WIRE_MAX_FRAMES];
	uint32_t n = os_walk_user(rec->image.pid, rec->user_ip, rec->user_sp, rec->user_bp, ips,
				  s->max_frames);

	/* Memory that changed under the walk makes a stack that never was: better none. */
	if (!n || seeds_switch_cnt(rec) != rec->switch_cnt)
		return 0;
	return seeds_define(s, &rec->image, WIRE_STACK_USER, ips, n, fn, arg, ret_id);
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
		err = seeds_define(s, &rec->image, WIRE_STACK_KERNEL, rec->ips, rec->frame_cnt, fn,
				   arg, &seed.kernel_stack);
	if (!err && s->user_stacks && !(rec->flags & WIRE_THREAD_KTHREAD))
		err = seeds_user_stack(s, rec, fn, arg, &seed.user_stack);
	if (!err)
		err = hash_index__add(&s->index, seeds_hash(&seed.key), (uint32_t)s->cnt);
	if (!err)
		s->items[s->cnt++] = seed;
	return err;
}
