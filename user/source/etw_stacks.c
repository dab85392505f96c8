/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"

#define NONE		 UINT32_MAX
#define BUCKET_CNT	 (1u << 16)
#define KERNEL_WITHIN_NS 1000000000ull	/* the kernel's part follows at once */
#define USER_WITHIN_NS	 30000000000ull /* the user's when the thread goes back there */

/* A stack that is to come. */
struct want {
	int64_t ticks;
	uint64_t since_ns;
	uint32_t tid;
	uint32_t kernel, user;
	uint32_t
		waits; /* first of those that need it: position in pending * 2 + which of its wants */
	uint32_t same_key; /* the next with this hash of thread and time */
	uint32_t tid_next,
		tid_before; /* of those that wait for the user's part, with this hash of the thread */
	uint32_t newer, older;
	uint32_t holds; /* who will ask for it when it is there */
	bool kernel_only, has_kernel;
	bool user_later; /* see struct etw_stacked */
	bool done;	 /* and held: it is in no list of struct etw_stacks */
};

/* A wait whose stacks are to come. */
struct pending {
	struct etw_wait wait;
	uint32_t wants[2]; /* of the wait and of who ended it; NONE: none, or it is there */
	uint32_t next[2];  /* see want.waits */
	uint32_t stacks[4];
	bool user_later;
};

/* Wants in the order of time: those that wait for the kernel's part, and those that wait for the user's. */
struct want_list {
	uint32_t oldest, newest;
};

struct etw_stacks {
	etw_stacked_fn fn;
	void *arg;
	struct etw_stacks_counts counts;

	struct etw_parts parts;

	struct want *wants;
	size_t want_cnt, want_cap;
	uint32_t free_want; /* a list through `newer` */
	struct pending *pending;
	size_t pending_cnt, pending_cap;
	uint32_t free_pending; /* a list through next[0] */
	size_t waiting_cnt;
	struct want_list lists[2]; /* by has_kernel */
	uint32_t keys[BUCKET_CNT]; /* wants by thread and time */
	uint32_t tids[BUCKET_CNT]; /* those that wait for the user's part, by thread */
};

struct etw_stacks *etw_stacks__new(bool wide, etw_stacked_fn fn, void *arg)
{
	struct etw_stacks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fn = fn;
	s->arg = arg;
	etw_parts__init(&s->parts, wide);
	s->free_want = s->free_pending = NONE;
	for (int i = 0; i < 2; i++)
		s->lists[i] = (struct want_list){NONE, NONE};
	memset(s->keys, 0xff, sizeof(s->keys));
	memset(s->tids, 0xff, sizeof(s->tids));
	return s;
}

void etw_stacks__free(struct etw_stacks *s)
{
	if (!s)
		return;
	etw_parts__fini(&s->parts);
	free(s->wants);
	free(s->pending);
	free(s);
}

const struct etw_stacks_counts *etw_stacks__counts(const struct etw_stacks *s)
{
	return &s->counts;
}

/* ---- parts ---- */

int etw_stacks__define(struct etw_stacks *s, const struct etw_event *e, int64_t ticks)
{
	return etw_parts__define(&s->parts, e, ticks);
}

void etw_stacks__defined(struct etw_stacks *s)
{
	etw_parts__defined(&s->parts);
}

const uint64_t *etw_stacks__addrs(const struct etw_stacks *s, uint32_t id, uint32_t *ret_cnt)
{
	return etw_parts__addrs(&s->parts, id, ret_cnt);
}

/* ---- what is to come ---- */

static uint32_t *tid_bucket(struct etw_stacks *s, uint32_t tid)
{
	return &s->tids[hash_u64(tid) % BUCKET_CNT];
}

static uint32_t *key_bucket(struct etw_stacks *s, int64_t ticks, uint32_t tid)
{
	return &s->keys[hash_mix(hash_u64((uint64_t)ticks), tid) % BUCKET_CNT];
}

static void list_append(struct etw_stacks *s, struct want_list *l, uint32_t at)
{
	struct want *want = &s->wants[at];

	want->older = l->newest;
	want->newer = NONE;
	if (l->newest == NONE)
		l->oldest = at;
	else
		s->wants[l->newest].newer = at;
	l->newest = at;
}

static void list_remove(struct etw_stacks *s, struct want_list *l, uint32_t at)
{
	struct want *want = &s->wants[at];

	if (want->older == NONE)
		l->oldest = want->newer;
	else
		s->wants[want->older].newer = want->newer;
	if (want->newer == NONE)
		l->newest = want->older;
	else
		s->wants[want->newer].older = want->older;
}

/* From here on it waits for the user's part. */
static void stacks_await_user(struct etw_stacks *s, uint32_t at)
{
	struct want *want = &s->wants[at];
	uint32_t *first = tid_bucket(s, want->tid);

	list_remove(s, &s->lists[0], at);
	want->has_kernel = true;
	list_append(s, &s->lists[1], at);
	want->tid_before = NONE;
	want->tid_next = *first;
	if (*first != NONE)
		s->wants[*first].tid_before = at;
	*first = at;
}

/* It waits for nothing any more. */
static void stacks_await_nothing(struct etw_stacks *s, uint32_t at)
{
	struct want *want = &s->wants[at];

	list_remove(s, &s->lists[want->has_kernel], at);
	want->done = true;
	if (!want->has_kernel)
		return;
	if (want->tid_next != NONE)
		s->wants[want->tid_next].tid_before = want->tid_before;
	if (want->tid_before != NONE)
		s->wants[want->tid_before].tid_next = want->tid_next;
	else
		*tid_bucket(s, want->tid) = want->tid_next;
}

static uint32_t stacks_find_want(struct etw_stacks *s, int64_t ticks, uint32_t tid)
{
	uint32_t at = *key_bucket(s, ticks, tid);

	while (at != NONE && (s->wants[at].tid != tid || s->wants[at].ticks != ticks))
		at = s->wants[at].same_key;
	return at;
}

/* 0 or -ENOMEM. */
static int stacks_get_want(struct etw_stacks *s, int64_t ticks, uint32_t tid, uint64_t now_ns,
			   bool kernel_only, uint32_t *ret_at)
{
	uint32_t at = stacks_find_want(s, ticks, tid);
	int err = 0;

	*ret_at = at;
	if (at != NONE)
		return 0;
	at = s->free_want;
	if (at != NONE) {
		s->free_want = s->wants[at].newer;
	} else {
		err = array__grow((void **)&s->wants, &s->want_cap, s->want_cnt + 1,
				  sizeof(*s->wants), NONE);
		if (err)
			return err;
		at = (uint32_t)s->want_cnt++;
	}
	s->wants[at] = (struct want){.ticks = ticks,
				     .since_ns = now_ns,
				     .tid = tid,
				     .waits = NONE,
				     .same_key = *key_bucket(s, ticks, tid),
				     .tid_next = *tid_bucket(s, tid),
				     .tid_before = NONE,
				     .kernel_only = kernel_only};
	*key_bucket(s, ticks, tid) = at;
	list_append(s, &s->lists[0], at);
	*ret_at = at;
	return 0;
}

/* It is in no list any more. */
static void stacks_free_want(struct etw_stacks *s, uint32_t at)
{
	struct want *want = &s->wants[at];
	uint32_t *from = key_bucket(s, want->ticks, want->tid);

	while (*from != at)
		from = &s->wants[*from].same_key;
	*from = want->same_key;
	want->newer = s->free_want;
	s->free_want = at;
}

int etw_stacks__hold(struct etw_stacks *s, int64_t ticks, uint32_t tid, uint64_t now_ns,
		     bool kernel_only)
{
	uint32_t at;
	int err;

	if (ticks == ETW_NO_TICKS || !tid || tid == ETL_NO_ID)
		return 0;
	err = stacks_get_want(s, ticks, tid, now_ns, kernel_only, &at);
	if (err)
		return err;
	s->wants[at].holds++;
	s->counts.held_cnt++;
	return 0;
}

/* What was held for @w, which is one less now; NONE: nothing. */
static uint32_t stacks_take_held(struct etw_stacks *s, const struct etw_wait *w)
{
	uint32_t at = w->ready_ticks == ETW_NO_TICKS
			      ? NONE
			      : stacks_find_want(s, w->ready_ticks, w->by_tid);

	if (at == NONE || !s->wants[at].holds)
		return NONE;
	s->wants[at].holds--;
	s->counts.held_cnt--;
	return at;
}

void etw_stacks__drop(struct etw_stacks *s, const struct etw_wait *w)
{
	uint32_t at = stacks_take_held(s, w);

	if (at != NONE && s->wants[at].done && !s->wants[at].holds)
		stacks_free_want(s, at);
}

static int stacks_hand_out(struct etw_stacks *s, uint32_t at)
{
	struct pending *p = &s->pending[at];
	const struct etw_stacked out = {.wait = p->wait,
					.kernel = p->stacks[0],
					.user = p->stacks[1],
					.by_kernel = p->stacks[2],
					.by_user = p->stacks[3],
					.user_later = p->user_later};

	p->next[0] = s->free_pending;
	s->free_pending = at;
	s->waiting_cnt--;
	return s->fn(s->arg, &out);
}

/* Nothing more will come to the want: what needs nothing else is handed out. */
static int stacks_complete(struct etw_stacks *s, uint32_t at)
{
	uint32_t dep = s->wants[at].waits, kernel = s->wants[at].kernel, user = s->wants[at].user;
	bool later = s->wants[at].user_later;
	int err = 0;

	stacks_await_nothing(s, at);
	s->wants[at].waits = NONE;
	if (!s->wants[at].holds)
		stacks_free_want(s, at);
	while (!err && dep != NONE) {
		uint32_t which = dep & 1, i = dep >> 1;
		struct pending *p = &s->pending[i];

		dep = p->next[which];
		p->stacks[2 * which] = kernel;
		p->stacks[2 * which + 1] = user;
		if (!which)
			p->user_later = later;
		p->wants[which] = NONE;
		if (p->wants[0] == NONE && p->wants[1] == NONE)
			err = stacks_hand_out(s, i);
	}
	return err;
}

/* Those of which nothing comes any more. */
static int stacks_expire(struct etw_stacks *s, uint64_t now_ns)
{
	static const uint64_t within_ns[2] = {KERNEL_WITHIN_NS, USER_WITHIN_NS};
	int err = 0;

	for (int i = 0; i < 2; i++) {
		struct want_list *l = &s->lists[i];

		while (!err && l->oldest != NONE &&
		       s->wants[l->oldest].since_ns + within_ns[i] < now_ns)
			err = stacks_complete(s, l->oldest);
	}
	while (!err && s->waiting_cnt > ETW_MAX_PENDING) {
		s->counts.late_cnt++;
		err = stacks_complete(s, s->lists[s->lists[1].oldest != NONE].oldest);
	}
	return err;
}

/* ---- waits ---- */

static int stacks_get_pending(struct etw_stacks *s, uint32_t *ret_at)
{
	int err;

	*ret_at = s->free_pending;
	if (*ret_at != NONE) {
		s->free_pending = s->pending[*ret_at].next[0];
		return 0;
	}
	err = array__grow((void **)&s->pending, &s->pending_cap, s->pending_cnt + 1,
			  sizeof(*s->pending), NONE >> 1);
	if (!err)
		*ret_at = (uint32_t)s->pending_cnt++;
	return err;
}

/* The wait at @i needs the stack of @want. */
static void pending_need(struct etw_stacks *s, uint32_t i, uint32_t which, uint32_t at)
{
	struct pending *p = &s->pending[i];

	p->wants[which] = at;
	p->next[which] = s->wants[at].waits;
	s->wants[at].waits = i << 1 | which;
}

static int pending_need_own(struct etw_stacks *s, uint32_t i, bool kernel_only)
{
	const struct etw_wait *w = &s->pending[i].wait;
	uint32_t at;
	int err;

	if (w->in_ticks == ETW_NO_TICKS)
		return 0;
	err = stacks_get_want(s, w->in_ticks, w->tid, w->in_ns, kernel_only, &at);
	if (err || s->wants[at].done)
		return err;
	pending_need(s, i, 0, at);
	return 0;
}

/* What was held for it. */
static void pending_need_other(struct etw_stacks *s, uint32_t i)
{
	struct pending *p = &s->pending[i];
	uint32_t at = stacks_take_held(s, &p->wait);

	if (at == NONE)
		return;
	if (!s->wants[at].done) {
		pending_need(s, i, 1, at);
		return;
	}
	p->stacks[2] = s->wants[at].kernel;
	p->stacks[3] = s->wants[at].user;
	if (!s->wants[at].holds)
		stacks_free_want(s, at);
}

int etw_stacks__expect(struct etw_stacks *s, const struct etw_wait *w, bool kernel_only)
{
	uint32_t i;
	int err = stacks_get_pending(s, &i);

	if (err)
		return err;
	s->pending[i] = (struct pending){.wait = *w, .wants = {NONE, NONE}};
	s->waiting_cnt++;
	err = pending_need_own(s, i, kernel_only);
	if (err)
		return err;
	pending_need_other(s, i);
	if (s->pending[i].wants[0] == NONE && s->pending[i].wants[1] == NONE)
		return stacks_hand_out(s, i);
	return stacks_expire(s, w->in_ns);
}

/* ---- stacks ---- */

/* The user's part, for all that the thread did in the kernel since it was there last. */
static int stacks_spread_user(struct etw_stacks *s, uint32_t tid, uint32_t user)
{
	uint32_t at = *tid_bucket(s, tid), next;
	int err = 0;

	for (; !err && at != NONE; at = next) {
		next = s->wants[at].tid_next;
		if (s->wants[at].tid != tid)
			continue;
		s->wants[at].user = user;
		s->wants[at].user_later = true;
		err = stacks_complete(s, at);
	}
	return err;
}

static int stacks_give(struct etw_stacks *s, uint32_t at, uint32_t kernel, uint32_t user)
{
	struct want *want = &s->wants[at];

	if (want->done)
		return 0;
	if (kernel && !want->has_kernel)
		stacks_await_user(s, at);
	if (kernel)
		want->kernel = kernel;
	if (user)
		want->user = user;
	/* The user's part may be told first; then the kernel's follows at once, if there is one. */
	return want->kernel && (want->user || want->kernel_only) ? stacks_complete(s, at) : 0;
}

int etw_stacks__add(struct etw_stacks *s, const struct etw_event *e, const struct etl_event *raw)
{
	uint32_t kernel = 0, user = 0, at;
	int err = 0;

	s->counts.stack_cnt++;
	if (e->type == ETW_STACK_KEY) {
		s->counts.key_cnt++;
		s->counts.unknown_key_cnt +=
			!etw_parts__of_key(&s->parts, e->stack.key, raw->ticks, &kernel, &user);
	} else {
		err = etw_parts__take(&s->parts, e, &kernel, &user);
	}
	if (err)
		return err;
	at = stacks_find_want(s, e->stack.ticks, e->stack.tid);
	s->counts.unused_cnt += at == NONE;
	if (at != NONE)
		err = stacks_give(s, at, kernel, user);
	if (!err && user)
		err = stacks_spread_user(s, e->stack.tid, user);
	return err ? err : stacks_expire(s, raw->time_ns);
}

int etw_stacks__finish(struct etw_stacks *s)
{
	int err = 0;

	for (int i = 0; i < 2; i++)
		while (!err && s->lists[i].oldest != NONE)
			err = stacks_complete(s, s->lists[i].oldest);
	return err;
}

/* ---- runs without an end ---- */

size_t etw_stacks__size(const struct etw_stacks *s)
{
	return s->parts.addr_cnt;
}

/* What is held is in the lists of keys: those are all that there are, once nothing is pending. */
int etw_stacks__renew(struct etw_stacks *s)
{
	struct etw_parts parts;
	int err = 0;

	etw_parts__init(&parts, s->parts.wide);
	for (int pass = 0; !err && pass < 2; pass++) {
		for (size_t b = 0; !err && b < BUCKET_CNT; b++) {
			for (uint32_t at = s->keys[b]; !err && at != NONE;
			     at = s->wants[at].same_key) {
				struct want *w = &s->wants[at];
				uint32_t kernel, user;

				err = etw_parts__copy(&parts, &s->parts, w->kernel, &kernel);
				if (!err)
					err = etw_parts__copy(&parts, &s->parts, w->user, &user);
				if (err || !pass)
					continue;
				w->kernel = kernel;
				w->user = user;
			}
		}
	}
	if (err) {
		etw_parts__fini(&parts);
		return err;
	}
	etw_parts__fini(&s->parts);
	s->parts = parts;
	return 0;
}
