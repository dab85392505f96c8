/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/timeline.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/compiler.h"

#define TIMELINE_MAX_NODES 64 /* that cover one piece: two for each level at most */

struct timeline *timeline__new(void)
{
	return calloc(1, sizeof(struct timeline));
}

void timeline__free(struct timeline *t)
{
	if (!t)
		return;
	free(t->entries);
	free(t->points);
	free(t->first);
	free(t->refs);
	free(t);
}

int timeline__add(struct timeline *t, uint64_t start, uint64_t size, uint64_t time_ns,
		  uint32_t version)
{
	uint64_t end = 1ull << FRAME_ADDR_BITS;
	int err;

	if (!size || start >= end || size > end - start || version > TIMELINE_MAX_VERSION)
		return -EINVAL;
	err = array__grow((void **)&t->entries, &t->cap, t->cnt + 1, sizeof(*t->entries),
			  TIMELINE_MAX_ENTRIES);
	if (err)
		return err;
	t->entries[t->cnt] = (struct timeline_entry){
		.start = start,
		.end = start + size,
		.time_ns = time_ns,
		.order = (uint32_t)t->cnt,
		.version = version,
	};
	t->cnt++;
	return 0;
}

/* ---- the tree ---- */

static int timeline_cmp_entry(const void *a, const void *b)
{
	const struct timeline_entry *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static int timeline_cmp_point(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int timeline_make_points(struct timeline *t)
{
	size_t cnt = 0, to = 0;

	t->points = malloc(2 * t->cnt * sizeof(*t->points));
	if (!t->points)
		return -ENOMEM;
	for (size_t i = 0; i < t->cnt; i++) {
		t->points[cnt++] = t->entries[i].start;
		t->points[cnt++] = t->entries[i].end;
	}
	qsort(t->points, cnt, sizeof(*t->points), timeline_cmp_point);
	for (size_t i = 0; i < cnt; i++)
		if (!to || t->points[i] != t->points[to - 1])
			t->points[to++] = t->points[i];
	t->point_cnt = to;
	for (t->leaf_cnt = 1; t->leaf_cnt < to;)
		t->leaf_cnt *= 2;
	return 0;
}

/* How many points are at or before @addr. */
static size_t timeline_points_until(const struct timeline *t, uint64_t addr)
{
	size_t lo = 0, hi = t->point_cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->points[mid] <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The nodes that together are the stretches of @e, at most TIMELINE_MAX_NODES. Their number. */
static size_t timeline_nodes(const struct timeline *t, const struct timeline_entry *e,
			     uint32_t *nodes)
{
	uint32_t l = t->leaf_cnt + (uint32_t)timeline_points_until(t, e->start) - 1;
	uint32_t r = t->leaf_cnt + (uint32_t)timeline_points_until(t, e->end) - 1;
	size_t n = 0;

	for (; l < r; l /= 2, r /= 2) {
		if (l & 1)
			nodes[n++] = l++;
		if (r & 1)
			nodes[n++] = --r;
	}
	return n;
}

/* Lists the entries at their nodes: counts first, then knows where each list begins. */
static int timeline_make_lists(struct timeline *t)
{
	uint32_t nodes[TIMELINE_MAX_NODES], sum = 0;
	size_t node_cnt = 2 * (size_t)t->leaf_cnt;

	t->first = calloc(node_cnt + 1, sizeof(*t->first));
	if (!t->first)
		return -ENOMEM;
	for (size_t i = 0; i < t->cnt; i++) {
		size_t n = timeline_nodes(t, &t->entries[i], nodes);

		sum += (uint32_t)n;
		if (sum > TIMELINE_MAX_REFS)
			return -E2BIG;
		while (n--)
			t->first[nodes[n]]++;
	}
	/* The ends of the lists; filled from the last entry to the first, they become the beginnings. */
	for (size_t i = 1; i <= node_cnt; i++)
		t->first[i] += t->first[i - 1];
	t->refs = malloc((sum + 1) * sizeof(*t->refs));
	if (!t->refs)
		return -ENOMEM;
	for (size_t i = t->cnt; i-- > 0;)
		for (size_t n = timeline_nodes(t, &t->entries[i], nodes); n--;)
			t->refs[--t->first[nodes[n]]] = (uint32_t)i;
	return 0;
}

/* ---- versions ---- */

/* The highest version so far: @below a node and at it, @at the whole of it. */
struct timeline_tops {
	uint32_t below, at;
};

/* One more than all that the piece lies upon. */
static void timeline_set_version(const struct timeline *t, struct timeline_entry *e,
				 struct timeline_tops *tops)
{
	uint32_t nodes[TIMELINE_MAX_NODES], top = 0;
	size_t cnt = timeline_nodes(t, e, nodes);

	for (size_t i = 0; i < cnt; i++) {
		if (tops[nodes[i]].below > top)
			top = tops[nodes[i]].below;
		for (uint32_t n = nodes[i] / 2; n; n /= 2)
			if (tops[n].at > top)
				top = tops[n].at;
	}
	if (!e->version)
		e->version = top < TIMELINE_MAX_VERSION ? top + 1 : TIMELINE_MAX_VERSION;
	for (size_t i = 0; i < cnt; i++) {
		if (tops[nodes[i]].at < e->version)
			tops[nodes[i]].at = e->version;
		for (uint32_t n = nodes[i]; n; n /= 2)
			if (tops[n].below < e->version)
				tops[n].below = e->version;
	}
}

static int timeline_set_versions(struct timeline *t)
{
	/* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): at least one leaf, timeline_make_points(). */
	struct timeline_tops *tops = calloc(2 * (size_t)t->leaf_cnt, sizeof(*tops));

	if (!tops)
		return -ENOMEM;
	for (size_t i = 0; i < t->cnt; i++)
		timeline_set_version(t, &t->entries[i], tops);
	free(tops);
	return 0;
}

int timeline__finish(struct timeline *t)
{
	int err;

	if (!t->cnt)
		return 0;
	qsort(t->entries, t->cnt, sizeof(*t->entries), timeline_cmp_entry);
	err = timeline_make_points(t);
	if (!err)
		err = timeline_make_lists(t);
	if (!err)
		err = timeline_set_versions(t);
	if (err)
		t->point_cnt = 0;
	return err;
}

/* ---- lookup ---- */

/* How many entries were there at @time_ns. */
static size_t timeline_entries_until(const struct timeline *t, uint64_t time_ns)
{
	size_t lo = 0, hi = t->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->entries[mid].time_ns <= time_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* How many of the @cnt ascending @refs are below @bound. */
static size_t timeline_refs_below(const uint32_t *refs, size_t cnt, size_t bound)
{
	size_t lo = 0, hi = cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (refs[mid] < bound)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct timeline_entry *timeline__find(const struct timeline *t, uint64_t addr,
					    uint64_t time_ns)
{
	size_t at = timeline_points_until(t, addr), now, before = SIZE_MAX, after = SIZE_MAX;

	if (!at || at == t->point_cnt)
		return NULL;
	now = timeline_entries_until(t, time_ns);
	for (uint32_t n = t->leaf_cnt + (uint32_t)at - 1; n; n /= 2) {
		const uint32_t *refs = t->refs + t->first[n];
		size_t cnt = t->first[n + 1] - t->first[n];
		size_t i = timeline_refs_below(refs, cnt, now);

		if (i && (before == SIZE_MAX || refs[i - 1] > before))
			before = refs[i - 1];
		if (i < cnt && refs[i] < after)
			after = refs[i];
	}
	if (before != SIZE_MAX)
		return &t->entries[before];
	return after != SIZE_MAX ? &t->entries[after] : NULL;
}
