/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What code lay where: places made ready for lookups, and given addresses of their own. */
#include <errno.h>

#include "base/compiler.h"
#include "model/timeline.h"
#include "source/etw_facts.h"

/* The kernel's addresses are the highest, each process's the lowest: in a space the upper bits are all the same. */
static uint64_t space_addr(uint64_t addr)
{
	return addr & ((1ull << FRAME_ADDR_BITS) - 1);
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

int etw_space__finish(struct etw_space *s)
{
	int err = 0;

	if (!s->cnt)
		return 0;
	s->timeline = timeline__new();
	if (!s->timeline)
		return -ENOMEM;
	for (size_t i = 0; !err && i < s->cnt; i++)
		err = timeline__add(s->timeline, space_addr(s->places[i].start),
				    s->places[i].end - s->places[i].start, s->places[i].load_ns, 0);
	if (!err)
		err = timeline__finish(s->timeline);
	for (size_t i = 0; !err && i < s->timeline->cnt; i++)
		s->changes |= s->timeline->entries[i].version > 1;
	space_show(s);
	return err;
}

struct etw_place *etw_space__find(const struct etw_space *s, uint64_t addr, uint64_t time_ns)
{
	const struct timeline_entry *e =
		s->timeline ? timeline__find(s->timeline, space_addr(addr), time_ns) : NULL;

	struct etw_place *p = e ? &s->places[e->order] : NULL;

	/* A method told of at an address of the kernel is in the process's space, too. */
	return p && addr >= p->start && addr < p->end ? p : NULL;
}

bool etw_place_fits(const struct etw_place *p)
{
	uint64_t size = p->end - p->start, upper = p->start >> FRAME_ADDR_BITS;

	return (!upper || upper == UINT64_MAX >> FRAME_ADDR_BITS) && size && p->end > p->start &&
	       size <= ETW_MAX_PLACE_BYTES &&
	       size <= (1ull << FRAME_ADDR_BITS) - space_addr(p->start);
}
