/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <stdlib.h>

#include "analyze/go_leaks_site.h"
#include "base/array.h"
#include "base/compiler.h"

#define MIN_RISES	   3
#define MIN_GROWTH	   3
#define MIN_GROWTH_PERCENT 5

/* One goroutine of a suspicious site. */
struct go_member {
	uint32_t found;
	bool is_bound;
	uint64_t age_ns;
	const struct goroutine *g;
};

struct go_members {
	struct go_member *items;
	size_t cnt, cap;
};

/* ---- what the counts say ---- */

uint64_t go_leaks__seen_ns(const struct go_leaks *l)
{
	return l->point_cnt ? l->now_ns - l->times_ns[0] : 0;
}

bool go_leaks__is_whole(const struct go_leaks *l)
{
	return l->point_cnt >= GO_LEAKS_MIN_POINTS && go_leaks__seen_ns(l) >= l->window_ns;
}

/* The count at a point; behind the last one it is that of the last look. */
static uint64_t go_site_cnt(const struct go_leaks *l, const struct go_site *s, uint32_t i)
{
	return i < l->point_cnt ? s->cnts[i] : s->cnt;
}

/* Rises at 3 points, one of which lies in the second half: what filled up once, and is full, grows no more. */
static bool go_site_rises(const struct go_leaks *l, const struct go_site *s)
{
	uint64_t half_ns = l->now_ns - go_leaks__seen_ns(l) / 2;
	uint32_t rises = 0, late = 0;

	for (uint32_t i = 1; i <= l->point_cnt; i++) {
		uint64_t time_ns = i < l->point_cnt ? l->times_ns[i] : l->now_ns;

		if (go_site_cnt(l, s, i) <= go_site_cnt(l, s, i - 1))
			continue;
		rises++;
		late += time_ns > half_ns;
	}
	return rises >= MIN_RISES && late;
}

static bool go_site_grows(const struct go_leaks *l, const struct go_site *s)
{
	uint64_t first = go_site_cnt(l, s, 0);

	if (!go_leaks__is_whole(l) || s->fell_ns > l->times_ns[0] || s->cnt < first)
		return false;
	return s->cnt - first >= MIN_GROWTH &&
	       (s->cnt - first) * 100 >= first * MIN_GROWTH_PERCENT && go_site_rises(l, s);
}

static enum go_leak_verdict go_site_verdict(const struct go_leaks *l, const struct go_site *s)
{
	if (s->confirmed_cnt)
		return GO_LEAK_CONFIRMED;
	if (s->cnt && s->reason == GO_REASON_FOREVER)
		return GO_LEAK_FOREVER;
	return go_site_grows(l, s) ? GO_LEAK_GROWING : GO_LEAK_NONE;
}

static double go_site_per_minute(const struct go_leaks *l, const struct go_site *s)
{
	uint64_t ns = go_leaks__seen_ns(l);

	return ns ? ((double)s->cnt - (double)go_site_cnt(l, s, 0)) * 60e9 / (double)ns : 0;
}

static int go_leaks_suspect(struct go_leaks *l, struct go_site *s)
{
	enum go_leak_verdict verdict = go_site_verdict(l, s);
	int err;

	s->found = 0;
	if (verdict == GO_LEAK_NONE)
		return 0;
	err = array__grow((void **)&l->found, &l->found_cap, l->found_cnt + 1, sizeof(*l->found),
			  GO_LEAKS_MAX_SITES);
	if (err)
		return err;
	l->found[l->found_cnt++] = (struct go_leak){
		.verdict = verdict,
		.gopc = s->gopc,
		.reason = s->reason,
		.cnt = s->cnt,
		.confirmed_cnt = s->confirmed_cnt,
		.per_minute = go_site_per_minute(l, s),
		.window_ns = go_leaks__seen_ns(l),
		.example = {.stack = GO_STACK_NONE},
	};
	s->found = (uint32_t)l->found_cnt;
	return 0;
}

/* ---- what the goroutines say ---- */

static int go_members_add(struct go_members *m, struct go_leaks *l, const struct go_look *look,
			  const struct goroutine *g)
{
	enum go_reason reason = go_look__reason_of_many(look, g, &l->memo);
	const struct go_site *s = go_leaks__site(l, g->gopc, reason);
	int err;

	if (!s || !s->found || !go_leaks__counts(look, g, reason))
		return 0;
	err = array__grow((void **)&m->items, &m->cap, m->cnt + 1, sizeof(*m->items),
			  GO_MAX_GOROUTINES);
	if (!err)
		m->items[m->cnt++] = (struct go_member){
			.found = s->found - 1,
			.is_bound = g->since_first,
			.age_ns = look->all->now_ns - g->since_ns,
			.g = g,
		};
	return err;
}

/* By site, the youngest first. */
static int go_member_compare(const void *a, const void *b)
{
	const struct go_member *x = a, *y = b;

	if (x->found != y->found)
		return x->found < y->found ? -1 : 1;
	if (x->age_ns != y->age_ns)
		return x->age_ns < y->age_ns ? -1 : 1;
	if (x->is_bound != y->is_bound)
		return x->is_bound ? 1 : -1;
	return (x->g->goid < y->g->goid) - (x->g->goid > y->g->goid);
}

/* Of @cnt sorted ones the smallest that @percent of them don't exceed. */
static struct go_leak_age go_members_age(const struct go_member *items, size_t cnt, size_t percent)
{
	const struct go_member *m = &items[(cnt * percent + 99) / 100 - 1];

	return (struct go_leak_age){m->age_ns, m->is_bound};
}

/* The members of one site, of which there is one at least. */
static void go_leak_describe(struct go_leak *leak, const struct go_member *items, size_t cnt,
			     uint64_t still_ns)
{
	leak->p50 = go_members_age(items, cnt, 50);
	leak->p90 = go_members_age(items, cnt, 90);
	leak->oldest = go_members_age(items, cnt, 100);
	leak->example = *items[cnt - 1].g;
	for (size_t i = 0; i < cnt; i++) {
		leak->still_cnt += items[i].age_ns > still_ns;
		/* The oldest comes last. */
		if (items[i].g->stack != GO_STACK_NONE)
			leak->example = *items[i].g;
	}
}

static int go_leaks_describe(struct go_leaks *l, const struct go_look *look)
{
	_cleanup_free_ struct go_member *items = NULL;
	struct go_members m = {0};
	int err = 0;

	for (size_t i = 0; !err && i < look->all->cnt; i++)
		err = go_members_add(&m, l, look, &look->all->items[i]);
	items = m.items;
	if (err || !m.cnt)
		return err;
	qsort(items, m.cnt, sizeof(*items), go_member_compare);
	for (size_t i = 0, end; i < m.cnt; i = end) {
		for (end = i; end < m.cnt && items[end].found == items[i].found;)
			end++;
		go_leak_describe(&l->found[items[i].found], items + i, end - i, l->window_ns / 4);
	}
	return 0;
}

/* ---- both ---- */

static void go_leaks_drop_lively(struct go_leaks *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->found_cnt; i++) {
		const struct go_leak *leak = &l->found[i];

		if (leak->verdict != GO_LEAK_GROWING || leak->still_cnt * 2 >= leak->cnt)
			l->found[kept++] = *leak;
	}
	l->found_cnt = kept;
}

static int go_leak_compare(const void *a, const void *b)
{
	const struct go_leak *x = a, *y = b;

	if (x->verdict != y->verdict)
		return x->verdict > y->verdict ? -1 : 1;
	if (x->cnt != y->cnt)
		return x->cnt > y->cnt ? -1 : 1;
	if (x->gopc != y->gopc)
		return x->gopc < y->gopc ? -1 : 1;
	return (int)x->reason - (int)y->reason;
}

int go_leaks__judge(struct go_leaks *l, const struct go_look *look)
{
	int err = 0;

	l->found_cnt = 0;
	for (size_t i = 0; !err && i < l->site_cnt; i++)
		err = go_leaks_suspect(l, &l->sites[i]);
	if (!err && l->found_cnt)
		err = go_leaks_describe(l, look);
	if (err)
		return err;
	go_leaks_drop_lively(l);
	if (l->found_cnt)
		qsort(l->found, l->found_cnt, sizeof(*l->found), go_leak_compare);
	return 0;
}

uint64_t go_leaks__count(const struct go_leaks *l, enum go_leak_verdict verdict,
			 uint64_t *ret_sites)
{
	uint64_t cnt = 0, sites = 0;

	for (size_t i = 0; i < l->found_cnt; i++) {
		if (l->found[i].verdict != verdict)
			continue;
		sites++;
		cnt += verdict == GO_LEAK_CONFIRMED ? l->found[i].confirmed_cnt : l->found[i].cnt;
	}
	*ret_sites = sites;
	return cnt;
}

bool go_leak__has(const struct go_leak *leak, const struct go_look *look, const struct goroutine *g)
{
	enum go_reason reason;

	if (g->gopc != leak->gopc)
		return false;
	reason = go_look__reason(look, g);
	return reason == leak->reason && go_leaks__counts(look, g, reason);
}
