/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What code lay where: places sorted for lookups, and given addresses of their own. */
#include <errno.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "source/etw_facts.h"

static int etw_compare_places(const void *x, const void *y)
{
	const struct etw_place *a = x, *b = y;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->load_ns != b->load_ns)
		return a->load_ns < b->load_ns ? -1 : 1;
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return 0;
}

/*
 * Each place is shown at addresses that no other one of its space has, so that what has an address has a name, whatever else
 * was there at other times. Methods come one behind the other: they are one mapping.
 */
static void space_show(struct etw_space *s)
{
	uint64_t at = ETW_SHOWN_FROM;

	for (size_t i = 0; i < s->cnt; i++) {
		struct etw_place *p = &s->places[i];

		if (p->module == ETW_NONE)
			continue;
		p->shown = at;
		at += (p->end - p->start + 2 * ETW_PAGE_BYTES - 1) &
		      ~(uint64_t)(ETW_PAGE_BYTES - 1);
	}
	s->method_from = at;
	for (size_t i = 0; i < s->cnt; i++) {
		struct etw_place *p = &s->places[i];

		if (p->module != ETW_NONE)
			continue;
		p->shown = at;
		at += p->end - p->start + 1; /* return addresses may lie right behind it */
	}
	s->method_to = at;
}

static int space_finish(struct etw_space *s)
{
	uint64_t reach = 0;

	if (!s->cnt)
		return 0;
	qsort(s->places, s->cnt, sizeof(*s->places), etw_compare_places);
	free(s->reach);
	s->reach = malloc(s->cnt * sizeof(*s->reach));
	if (!s->reach)
		return -ENOMEM;
	for (size_t i = 0; i < s->cnt; i++) {
		s->changes |= s->places[i].start < reach;
		if (reach < s->places[i].end)
			reach = s->places[i].end;
		s->reach[i] = reach;
	}
	space_show(s);
	return 0;
}

int etw_facts__finish(struct etw_facts *f)
{
	int err = space_finish(&f->kernel);

	for (size_t i = 0; !err && i < f->process_cnt; i++)
		err = space_finish(&f->processes[i].space);
	return err;
}

/* The last place that begins at or before @addr. */
static size_t space_last_before(const struct etw_space *s, uint64_t addr)
{
	size_t from = 0, to = s->cnt;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (s->places[mid].start <= addr)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* Is @a, of two that cover an address, the one that was there at the time? */
static bool place_is_better(const struct etw_place *a, const struct etw_place *b, uint64_t time_ns)
{
	bool a_there = a->load_ns <= time_ns, b_there = b->load_ns <= time_ns;

	if (a_there != b_there)
		return a_there;
	return a_there ? a->load_ns > b->load_ns : a->load_ns < b->load_ns;
}

struct etw_place *etw_space__find(const struct etw_space *s, uint64_t addr, uint64_t time_ns)
{
	struct etw_place *best = NULL;

	for (size_t i = space_last_before(s, addr); i-- > 0 && s->reach[i] > addr;) {
		struct etw_place *p = &s->places[i];

		if (p->end > addr && (!best || place_is_better(p, best, time_ns)))
			best = p;
	}
	return best;
}
