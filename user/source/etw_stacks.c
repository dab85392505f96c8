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

/* What a key stood for until @ticks. */
struct key_stack {
	uint64_t key;
	int64_t ticks;
	uint32_t kernel, user;
};

/* A stack that is to come. */
struct want {
	int64_t ticks;
	uint64_t since_ns;
	uint32_t tid;
	uint32_t kernel, user;
	uint32_t
		waits; /* first of those that need it: position in pending * 2 + which of its wants */
	uint32_t same_tid, newer, older;
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
	bool wide;
	etw_stacked_fn fn;
	void *arg;
	struct etw_stacks_counts counts;

	uint64_t *addrs;
	size_t addr_cnt, addr_cap;
	struct stack_part {
		uint32_t first, cnt;
	} * parts; /* by id - 1 */
	size_t part_cnt, part_cap;
	struct hash_index index;

	struct key_stack *keys; /* sorted by key and ticks once all are defined */
	size_t key_cnt, key_cap;

	struct want *wants;
	size_t want_cnt, want_cap;
	uint32_t free_want; /* a list through `newer` */
	struct pending *pending;
	size_t pending_cnt, pending_cap;
	uint32_t free_pending; /* a list through next[0] */
	size_t waiting_cnt;
	struct want_list lists[2];    /* by has_kernel */
	uint32_t buckets[BUCKET_CNT]; /* by thread */
};

struct etw_stacks *etw_stacks__new(bool wide, etw_stacked_fn fn, void *arg)
{
	struct etw_stacks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->wide = wide;
	s->fn = fn;
	s->arg = arg;
	hash_index__init(&s->index);
	s->free_want = s->free_pending = NONE;
	for (int i = 0; i < 2; i++)
		s->lists[i] = (struct want_list){NONE, NONE};
	memset(s->buckets, 0xff, sizeof(s->buckets));
	return s;
}

void etw_stacks__free(struct etw_stacks *s)
{
	if (!s)
		return;
	hash_index__fini(&s->index);
	free(s->addrs);
	free(s->parts);
	free(s->keys);
	free(s->wants);
	free(s->pending);
	free(s);
}

const struct etw_stacks_counts *etw_stacks__counts(const struct etw_stacks *s)
{
	return &s->counts;
}

/* ---- addresses ---- */

const uint64_t *etw_stacks__addrs(const struct etw_stacks *s, uint32_t id, uint32_t *ret_cnt)
{
	*ret_cnt = id ? s->parts[id - 1].cnt : 0;
	return id ? &s->addrs[s->parts[id - 1].first] : NULL;
}

struct part_key {
	const uint64_t *addrs;
	uint32_t cnt;
};

static bool part_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct etw_stacks *s = owner;
	const struct stack_part *a = &s->parts[pos];
	const struct part_key *b = key;

	return a->cnt == b->cnt &&
	       !memcmp(&s->addrs[a->first], b->addrs, b->cnt * sizeof(*b->addrs));
}

/* The id of these addresses; of none 0. */
static int stacks_intern(struct etw_stacks *s, const uint64_t *addrs, uint32_t cnt,
			 uint32_t *ret_id)
{
	const struct part_key key = {addrs, cnt};
	uint64_t hash = hash_bytes(addrs, cnt * sizeof(*addrs));
	uint32_t at;
	int err;

	*ret_id = 0;
	if (!cnt)
		return 0;
	at = hash_index__find(&s->index, hash, part_eq, s, &key);
	if (at != HASH_INDEX_NONE) {
		*ret_id = at + 1;
		return 0;
	}
	err = array__grow((void **)&s->addrs, &s->addr_cap, s->addr_cnt + cnt, sizeof(*addrs),
			  ETW_MAX_ADDRS);
	if (!err)
		err = array__grow((void **)&s->parts, &s->part_cap, s->part_cnt + 1,
				  sizeof(*s->parts), ETW_MAX_STACKS);
	if (!err)
		err = hash_index__add(&s->index, hash, (uint32_t)s->part_cnt);
	if (err)
		return err;
	memcpy(&s->addrs[s->addr_cnt], addrs, cnt * sizeof(*addrs));
	s->parts[s->part_cnt] = (struct stack_part){(uint32_t)s->addr_cnt, cnt};
	s->addr_cnt += cnt;
	*ret_id = (uint32_t)++s->part_cnt;
	return 0;
}

/* The parts of a stack of both: the kernel's is the inner one. */
static int stacks_take_addrs(struct etw_stacks *s, const struct etw_event *e, uint32_t *ret_kernel,
			     uint32_t *ret_user)
{
	uint64_t addrs[ETW_MAX_ADDRS_EACH], user_from = s->wide ? 1ull << 63 : 1ull << 31;
	uint32_t cnt = e->stack.addr_cnt, kernel = 0;
	int err;

	if (cnt > ETW_MAX_ADDRS_EACH)
		cnt = ETW_MAX_ADDRS_EACH;
	for (uint32_t i = 0; i < cnt; i++) {
		addrs[i] = etw_stack_addr(e, i);
		if (kernel == i && addrs[i] >= user_from)
			kernel++;
	}
	err = stacks_intern(s, addrs, kernel, ret_kernel);
	return err ? err : stacks_intern(s, addrs + kernel, cnt - kernel, ret_user);
}

/* ---- keys ---- */

int etw_stacks__define(struct etw_stacks *s, const struct etw_event *e, int64_t ticks)
{
	struct key_stack k = {.key = e->stack.key, .ticks = ticks};
	int err = stacks_take_addrs(s, e, &k.kernel, &k.user);

	if (!err)
		err = array__grow((void **)&s->keys, &s->key_cap, s->key_cnt + 1, sizeof(*s->keys),
				  ETW_MAX_STACKS);
	if (!err)
		s->keys[s->key_cnt++] = k;
	return err;
}

static int compare_keys(const void *x, const void *y)
{
	const struct key_stack *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->ticks < b->ticks ? -1 : a->ticks > b->ticks;
}

void etw_stacks__defined(struct etw_stacks *s)
{
	if (s->key_cnt)
		qsort(s->keys, s->key_cnt, sizeof(*s->keys), compare_keys);
}

/* The first that was told at or after @ticks: by then the key had meant it. NULL: none was. */
static const struct key_stack *stacks_find_key(const struct etw_stacks *s, uint64_t key,
					       int64_t ticks)
{
	const struct key_stack like = {.key = key, .ticks = ticks};
	size_t from = 0, to = s->key_cnt;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (compare_keys(&s->keys[mid], &like) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from < s->key_cnt && s->keys[from].key == key ? &s->keys[from] : NULL;
}

/* ---- what is to come ---- */

static uint32_t *bucket_of(struct etw_stacks *s, uint32_t tid)
{
	return &s->buckets[hash_u64(tid) % BUCKET_CNT];
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

static uint32_t stacks_find_want(struct etw_stacks *s, int64_t ticks, uint32_t tid)
{
	uint32_t at = *bucket_of(s, tid);

	while (at != NONE && (s->wants[at].tid != tid || s->wants[at].ticks != ticks))
		at = s->wants[at].same_tid;
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
				     .same_tid = *bucket_of(s, tid),
				     .kernel_only = kernel_only};
	*bucket_of(s, tid) = at;
	list_append(s, &s->lists[0], at);
	*ret_at = at;
	return 0;
}

/* It is in no list any more. */
static void stacks_free_want(struct etw_stacks *s, uint32_t at)
{
	struct want *want = &s->wants[at];
	uint32_t *from = bucket_of(s, want->tid);

	while (*from != at)
		from = &s->wants[*from].same_tid;
	*from = want->same_tid;
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
	if (!err)
		s->wants[at].holds++;
	return err;
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

	list_remove(s, &s->lists[s->wants[at].has_kernel], at);
	s->wants[at].done = true;
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
	uint32_t at = stacks_find_want(s, p->wait.ready_ticks, p->wait.by_tid);

	if (p->wait.ready_ticks == ETW_NO_TICKS || at == NONE || !s->wants[at].holds)
		return;
	s->wants[at].holds--;
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
	uint32_t at = *bucket_of(s, tid), next;
	int err = 0;

	for (; !err && at != NONE; at = next) {
		next = s->wants[at].same_tid;
		if (s->wants[at].tid != tid || !s->wants[at].has_kernel || s->wants[at].done)
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
	if (kernel && !want->has_kernel) {
		list_remove(s, &s->lists[0], at);
		want->has_kernel = true;
		list_append(s, &s->lists[1], at);
	}
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
		const struct key_stack *k = stacks_find_key(s, e->stack.key, raw->ticks);

		s->counts.key_cnt++;
		s->counts.unknown_key_cnt += !k;
		kernel = k ? k->kernel : 0;
		user = k ? k->user : 0;
	} else {
		err = stacks_take_addrs(s, e, &kernel, &user);
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
