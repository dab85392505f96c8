/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/go_leaks.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/go_leaks_site.h"
#include "base/array.h"

#define POINTS_PER_WINDOW 48

_Static_assert(GO_LEAKS_POINTS > POINTS_PER_WINDOW + 2, "a window and the point before it");

const char *go_leak_verdict_name(enum go_leak_verdict verdict)
{
	static const char *const names[GO_LEAK_VERDICT_CNT] = {
		[GO_LEAK_NONE] = "",
		[GO_LEAK_GROWING] = "growing",
		[GO_LEAK_FOREVER] = "forever",
		[GO_LEAK_CONFIRMED] = "runtime_confirmed",
	};

	return verdict < GO_LEAK_VERDICT_CNT ? names[verdict] : "";
}

void go_leaks__init(struct go_leaks *l, uint64_t window_ns)
{
	*l = (struct go_leaks){.window_ns = window_ns};
	if (window_ns < GO_LEAKS_MIN_WINDOW_NS)
		l->window_ns = GO_LEAKS_MIN_WINDOW_NS;
}

void go_leaks__fini(struct go_leaks *l)
{
	free(l->sites);
	free(l->found);
	hash_index__fini(&l->index);
	*l = (struct go_leaks){0};
}

/* ---- sites ---- */

struct go_site_key {
	uint64_t gopc;
	enum go_reason reason;
};

static uint64_t go_site_hash(uint64_t gopc, enum go_reason reason)
{
	return hash_mix(hash_u64(gopc), (uint64_t)reason);
}

static bool go_site_equals(const void *owner, uint32_t pos, const void *key)
{
	const struct go_site *s = &((const struct go_leaks *)owner)->sites[pos];
	const struct go_site_key *k = key;

	return s->gopc == k->gopc && s->reason == k->reason;
}

struct go_site *go_leaks__site(struct go_leaks *l, uint64_t gopc, enum go_reason reason)
{
	const struct go_site_key key = {gopc, reason};
	uint32_t found =
		hash_index__find(&l->index, go_site_hash(gopc, reason), go_site_equals, l, &key);

	return found == HASH_INDEX_NONE ? NULL : &l->sites[found];
}

/* Nothing is lost with it: a new one begins as it is. */
static bool go_site_is_void(const struct go_leaks *l, const struct go_site *s)
{
	if (s->cnt || (s->fell_ns && s->fell_ns > l->times_ns[0]))
		return false;
	for (uint32_t i = 0; i < l->point_cnt; i++)
		if (s->cnts[i])
			return false;
	return true;
}

/* Gives back the room of those that nothing is of any more. 0 or -ENOMEM. */
static int go_leaks_drop_void(struct go_leaks *l)
{
	size_t kept = 0;
	int err = 0;

	hash_index__clear(&l->index);
	for (size_t i = 0; !err && i < l->site_cnt; i++) {
		if (go_site_is_void(l, &l->sites[i]))
			continue;
		l->sites[kept] = l->sites[i];
		err = hash_index__add(&l->index,
				      go_site_hash(l->sites[kept].gopc, l->sites[kept].reason),
				      (uint32_t)kept);
		kept++;
	}
	l->site_cnt = kept;
	return err;
}

/* *@ret is NULL when there is no room. 0 or -ENOMEM. */
static int go_leaks_get(struct go_leaks *l, uint64_t gopc, enum go_reason reason,
			struct go_site **ret)
{
	int err;

	*ret = go_leaks__site(l, gopc, reason);
	if (*ret || l->site_cnt == GO_LEAKS_MAX_SITES)
		return 0;
	err = array__grow((void **)&l->sites, &l->site_cap, l->site_cnt + 1, sizeof(*l->sites),
			  GO_LEAKS_MAX_SITES);
	if (!err)
		err = hash_index__add(&l->index, go_site_hash(gopc, reason), (uint32_t)l->site_cnt);
	if (err)
		return err;
	*ret = &l->sites[l->site_cnt++];
	**ret = (struct go_site){.gopc = gopc, .reason = reason};
	return 0;
}

/* ---- a look ---- */

bool go_leaks__counts(const struct go_look *look, const struct goroutine *g, enum go_reason reason)
{
	const char *start = go_frames__function(look->frames, g->startpc);

	/* main may wait for nothing, as may what init functions it runs: the program goes on until it returns. */
	if (reason == GO_REASON_FOREVER && !strcmp(start, "runtime.main"))
		return false;
	return !go_name_is_system(start);
}

static int go_leaks_count(struct go_leaks *l, const struct go_look *look, const struct goroutine *g)
{
	enum go_reason reason = go_look__reason_of_many(look, g, &l->memo);
	struct go_site *s;
	int err;

	l->watched_cnt += !go_name_is_system(go_frames__function(look->frames, g->startpc));
	if (!go_leaks__counts(look, g, reason))
		return 0;
	err = go_leaks_get(l, g->gopc, reason, &s);
	if (err)
		return err;
	if (!s) {
		l->unkept_cnt++;
		return 0;
	}
	s->cnt++;
	s->confirmed_cnt += g->status == GO_LEAKED;
	return 0;
}

static void go_leaks_drop_point(struct go_leaks *l)
{
	size_t cnt = --l->point_cnt;

	memmove(l->times_ns, l->times_ns + 1, cnt * sizeof(l->times_ns[0]));
	for (size_t i = 0; i < l->site_cnt; i++)
		memmove(l->sites[i].cnts, l->sites[i].cnts + 1, cnt * sizeof(l->sites[i].cnts[0]));
}

/* The first point is the last one that is as old as the window, once there is such a one. */
static void go_leaks_add_point(struct go_leaks *l)
{
	while (l->point_cnt > 1 &&
	       (l->times_ns[1] + l->window_ns <= l->now_ns || l->point_cnt == GO_LEAKS_POINTS))
		go_leaks_drop_point(l);
	if (l->point_cnt &&
	    l->now_ns - l->times_ns[l->point_cnt - 1] < l->window_ns / POINTS_PER_WINDOW)
		return;
	for (size_t i = 0; i < l->site_cnt; i++)
		l->sites[i].cnts[l->point_cnt] = l->sites[i].cnt;
	l->times_ns[l->point_cnt++] = l->now_ns;
}

static void go_leaks_forget(struct go_leaks *l)
{
	l->point_cnt = 0;
	l->site_cnt = 0;
	l->found_cnt = 0;
	hash_index__clear(&l->index);
}

/* What this look could not read may be what is missing. */
static void go_leaks_note_falls(struct go_leaks *l, const struct go_counts *c)
{
	uint64_t unseen = c->cut + c->unreadable + c->damaged + l->unkept_cnt;

	for (size_t i = 0; i < l->site_cnt; i++)
		if (l->sites[i].cnt + unseen < l->sites[i].before)
			l->sites[i].fell_ns = l->now_ns;
}

int go_leaks__add(struct go_leaks *l, const struct go_look *look)
{
	int err = 0;

	if (look->all->is_first || look->all->now_ns < l->now_ns)
		go_leaks_forget(l);
	l->now_ns = look->all->now_ns;
	l->watched_cnt = l->unkept_cnt = 0;
	memset(&l->memo, 0, sizeof(l->memo));
	if (l->site_cnt == GO_LEAKS_MAX_SITES)
		err = go_leaks_drop_void(l);
	for (size_t i = 0; i < l->site_cnt; i++) {
		l->sites[i].before = l->sites[i].cnt;
		l->sites[i].cnt = l->sites[i].confirmed_cnt = 0;
	}
	for (size_t i = 0; !err && i < look->all->cnt; i++)
		err = go_leaks_count(l, look, &look->all->items[i]);
	if (err)
		return err;
	go_leaks_note_falls(l, &look->all->counts);
	go_leaks_add_point(l);
	return 0;
}
