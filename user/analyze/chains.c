/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/chains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/offcpu_rows.h"
#include "base/array.h"

#define CHAINS_MAX_CNT (1u << 20)
#define CHAINS_MAX_WORK \
	256 /* waits looked at for one: a waker that waited often while one thread waited long */

static int compare_threads(const struct wire_thread_key *a, const struct wire_thread_key *b)
{
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

static int compare_waits(const void *a, const void *b)
{
	const struct wire_interval *x = &(*(const struct chain_wait *const *)a)->interval;
	const struct wire_interval *y = &(*(const struct chain_wait *const *)b)->interval;
	int order = compare_threads(&x->thread, &y->thread);

	return order ? order : x->out_ns < y->out_ns ? -1 : x->out_ns > y->out_ns;
}

int chains__init(struct chains *c, const struct chain_wait *waits, size_t cnt)
{
	memset(c, 0, sizeof(*c));
	hash_index__init(&c->index);
	c->waits = calloc(cnt + 1, sizeof(*c->waits));
	if (!c->waits)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		c->waits[i] = &waits[i];
	c->wait_cnt = cnt;
	qsort(c->waits, cnt, sizeof(*c->waits), compare_waits);
	return 0;
}

void chains__fini(struct chains *c)
{
	free(c->waits);
	free(c->items);
	hash_index__fini(&c->index);
}

const struct chain *chains__get(const struct chains *c, uint32_t id)
{
	return id ? &c->items[id - 1] : NULL;
}

static bool chain_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct chain *a = &((const struct chains *)owner)->items[pos], *b = key;

	return a->before == b->before && a->hop.thread.tid == b->hop.thread.tid &&
	       a->hop.thread.start_ns == b->hop.thread.start_ns &&
	       a->hop.thread.comm_gen == b->hop.thread.comm_gen &&
	       a->hop.kernel_stack == b->hop.kernel_stack &&
	       a->hop.user_stack == b->hop.user_stack && a->hop.wait.state == b->hop.wait.state &&
	       a->hop.wait.syscall == b->hop.wait.syscall && a->hop.wait.flags == b->hop.wait.flags;
}

/* The chain that goes on from @before to a wait. */
static int chains_intern(struct chains *c, uint32_t before, const struct wire_interval *iv,
			 uint32_t *ret_id)
{
	const struct chain *last = chains__get(c, before);
	struct chain like = {
		.before = before,
		.depth = last ? last->depth + 1 : 1,
		.hop = {.thread = iv->thread,
			.kernel_stack = iv->kernel_stack,
			.user_stack = iv->user_stack,
			.wait = iv->wait},
	};
	uint64_t hash = hash_mix(iv->thread.start_ns, (uint64_t)iv->thread.tid << 32 | before);
	uint32_t pos;
	int err;

	like.hop.wait.flags &= OFFCPU_ROW_FLAGS;
	hash = hash_mix(hash_mix(hash, iv->kernel_stack), iv->user_stack);
	pos = hash_index__find(&c->index, hash, chain_eq, c, &like);
	if (pos == HASH_INDEX_NONE) {
		err = array__grow((void **)&c->items, &c->cap, c->cnt + 1, sizeof(*c->items),
				  CHAINS_MAX_CNT);
		if (!err)
			err = hash_index__add(&c->index, hash, (uint32_t)c->cnt);
		if (err)
			return err;
		pos = (uint32_t)c->cnt;
		c->items[c->cnt++] = like;
	}
	*ret_id = pos + 1;
	return 0;
}

/* How many waits lie before the first one of @thread that began at @ns or later. */
static size_t chains_before(const struct chains *c, const struct wire_thread_key *thread,
			    uint64_t ns)
{
	size_t from = 0, to = c->wait_cnt;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		const struct wire_interval *iv = &c->waits[mid]->interval;
		int order = compare_threads(&iv->thread, thread);

		if (order < 0 || (!order && iv->out_ns < ns))
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* The stretch of time that is being divided. */
struct chain_stretch {
	uint64_t start_ns, end_ns;
	const struct wire_waker *waker; /* who ended it */
	uint32_t chain;
};

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A thread that had been told to run and did not is waited for like one that runs. */
static bool chains_blocked(const struct wire_interval *iv)
{
	return iv->wake_ns > iv->out_ns && !(iv->wait.flags & (WIRE_F_PREEMPT | WIRE_F_OPEN));
}

static int chains_follow(struct chains *c, const struct chain_stretch *s,
			 const struct chain_user *user, uint32_t *work)
{
	uint64_t left_ns = s->end_ns - s->start_ns, end_ns = s->end_ns;
	const struct chain *chain = chains__get(c, s->chain);
	size_t i = 0;
	int follow = 0, err = 0;

	if (!chain || chain->depth < CHAINS_MAX_HOPS)
		follow = user->is_thread(user->arg, s->waker);
	if (follow > 0)
		i = chains_before(c, &s->waker->key, s->end_ns);
	for (; !err && follow > 0 && i > 0 && *work; i--) {
		const struct chain_wait *w = c->waits[i - 1];
		const struct wire_interval *iv = &w->interval;
		struct chain_stretch part = {
			.start_ns = max_u64(iv->out_ns, s->start_ns),
			.end_ns = min_u64(iv->wake_ns, end_ns),
			.waker = &w->waker,
		};

		if (compare_threads(&iv->thread, &s->waker->key) || iv->in_ns <= s->start_ns)
			break;
		--*work;
		if (!chains_blocked(iv) || part.end_ns <= part.start_ns)
			continue;
		err = chains_intern(c, s->chain, iv, &part.chain);
		/* More chains than can be kept: the rest is not followed. */
		if (err == -E2BIG)
			follow = err = 0;
		else if (!err)
			err = chains_follow(c, &part, user, work);
		if (!follow)
			break;
		left_ns -= part.end_ns - part.start_ns;
		/* Waits of one thread don't overlap, but for those of a recording, which may hold anything. */
		end_ns = part.start_ns;
	}
	if (follow < 0)
		err = follow;
	return err || !left_ns ? err : user->part(user->arg, s->chain, s->waker, left_ns);
}

int chains__divide(struct chains *c, const struct chain_wait *w, const struct chain_user *user)
{
	struct chain_stretch whole = {
		.start_ns = w->interval.out_ns,
		.end_ns = w->interval.wake_ns,
		.waker = &w->waker,
	};
	uint32_t work = CHAINS_MAX_WORK;

	return chains_follow(c, &whole, user, &work);
}
