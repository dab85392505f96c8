/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What code lay where: places made ready for lookups, and given addresses of their own. */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/compiler.h"
#include "model/timeline.h"
#include "source/etw_facts.h"

/* The kernel's addresses are the highest, each process's the lowest: in a space the upper bits are all the same. */
static uint64_t space_addr(uint64_t addr)
{
	return addr & ((1ull << FRAME_ADDR_BITS) - 1);
}

static bool place_fits(const struct etw_place *p)
{
	uint64_t size = p->end - p->start, upper = p->start >> FRAME_ADDR_BITS;

	return (!upper || upper == UINT64_MAX >> FRAME_ADDR_BITS) && size && p->end > p->start &&
	       size <= ETW_MAX_PLACE_BYTES &&
	       size <= (1ull << FRAME_ADDR_BITS) - space_addr(p->start);
}

/*
 * Each place is shown at addresses that no other one of its space has, so that what has an address has a name, whatever else
 * was there at other times. Return addresses may lie right behind a place, so there is room between them.
 */
static bool space_show(struct etw_space *s, struct etw_place *p)
{
	uint64_t size = p->end - p->start;
	bool method = p->module == ETW_NONE;
	uint64_t *end = method ? &s->method_end : &s->module_end;
	uint64_t room = method ? size + 1
			       : (size + 2 * ETW_PAGE_BYTES - 1) & ~(uint64_t)(ETW_PAGE_BYTES - 1);

	if (!*end)
		*end = method ? ETW_METHODS_FROM : ETW_SHOWN_FROM;
	if (room > (method ? ETW_METHODS_TO : ETW_METHODS_FROM) - *end)
		return false;
	p->shown = *end;
	*end += room;
	return true;
}

int etw_space__add(struct etw_space *s, const struct etw_place *p)
{
	int err;

	if (!place_fits(p) || s->cnt == ETW_MAX_PLACES_EACH)
		return 0;
	err = array__grow((void **)&s->places, &s->cap, s->cnt + 1, sizeof(*s->places),
			  ETW_MAX_PLACES_EACH);
	if (err)
		return err;
	s->places[s->cnt] = *p;
	if (!space_show(s, &s->places[s->cnt]))
		return 0;
	s->cnt++;
	return 1;
}

void etw_space__fini(struct etw_space *s)
{
	free(s->places);
	free(s->change_ns);
	timeline__free(s->timeline);
}

/* Of pieces that overlap, all but the first have higher versions. */
static int space_note_changes(struct etw_space *s)
{
	const struct timeline *t = s->timeline;

	free(s->change_ns);
	s->change_cnt = 0;
	s->change_ns = malloc((t->cnt + 1) * sizeof(*s->change_ns));
	if (!s->change_ns)
		return -ENOMEM;
	for (size_t i = 0; i < t->cnt; i++)
		if (t->entries[i].version > 1)
			s->change_ns[s->change_cnt++] = t->entries[i].time_ns;
	return 0;
}

int etw_space__finish(struct etw_space *s)
{
	int err = 0;

	if (s->cnt == s->finished_cnt)
		return 0;
	timeline__free(s->timeline);
	s->timeline = timeline__new();
	if (!s->timeline)
		return -ENOMEM;
	for (size_t i = 0; !err && i < s->cnt; i++)
		err = timeline__add(s->timeline, space_addr(s->places[i].start),
				    s->places[i].end - s->places[i].start, s->places[i].load_ns, 0);
	if (!err)
		err = timeline__finish(s->timeline);
	if (!err)
		err = space_note_changes(s);
	s->finished_cnt = s->cnt;
	return err;
}

size_t etw_space__changes(const struct etw_space *s, uint64_t time_ns)
{
	size_t from = 0, to = s->change_cnt;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (s->change_ns[mid] <= time_ns)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

struct etw_place *etw_space__find(const struct etw_space *s, uint64_t addr, uint64_t time_ns)
{
	const struct timeline_entry *e =
		s->timeline ? timeline__find(s->timeline, space_addr(addr), time_ns) : NULL;

	struct etw_place *p = e ? &s->places[e->order] : NULL;

	/* A method told of at an address of the kernel is in the process's space, too. */
	return p && addr >= p->start && addr < p->end ? p : NULL;
}
