/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_rate.h"

#include <errno.h>
#include <stdlib.h>

#define SEC_NS	     1000000000ull
#define RATE_MAX_CNT 128 /* between two looks; where more is to be expected there may be a wrap */

void go_rate__init(struct go_rate *r)
{
	*r = (struct go_rate){0};
}

void go_rate__fini(struct go_rate *r)
{
	free(r->items);
	go_rate__init(r);
}

/* The item of @g, from *@at on: both lists are by address. NULL: it is new. */
static const struct go_rate_item *go_rate_find(const struct go_rate *r, size_t *at,
					       const struct goroutine *g)
{
	const struct go_rate_item *item;

	while (*at < r->cnt && r->items[*at].addr < g->addr)
		++*at;
	item = *at < r->cnt ? &r->items[*at] : NULL;
	return item && item->addr == g->addr && item->goid == g->goid ? item : NULL;
}

/* Is the distance before a look one that counts? *@ret_anew: those before were too long after all. */
static bool go_rate_measure(struct go_rate *r, uint64_t end_ns, enum go_rate_distance distance,
			    bool *ret_anew)
{
	/* Each goroutine was read somewhere in its look. */
	uint64_t at_most_ns = end_ns - r->begin_ns, ns = end_ns - r->end_ns;
	uint64_t min_ns = r->distances[distance].min_ns;

	*ret_anew = false;
	if (!r->looked || end_ns <= r->end_ns || (min_ns && at_most_ns > 2 * min_ns))
		return false;
	if (min_ns && at_most_ns < min_ns / 2) {
		*ret_anew = true;
		r->distances[distance].ns = r->distances[distance].max_ns = 0;
	}
	if (!min_ns || at_most_ns < min_ns)
		r->distances[distance].min_ns = at_most_ns;
	if (ns > r->distances[distance].max_ns)
		r->distances[distance].max_ns = ns;
	r->distances[distance].ns += ns;
	return true;
}

int go_rate__look(struct go_rate *r, const struct goroutines *look, uint64_t begin_ns,
		  uint64_t end_ns, enum go_rate_distance distance)
{
	struct go_rate_item *items = calloc(look->cnt + 1, sizeof(*items));
	bool anew, counts;
	size_t at = 0;

	if (!items)
		return -ENOMEM;
	counts = go_rate_measure(r, end_ns, distance, &anew);
	for (size_t i = 0; i < look->cnt; i++) {
		const struct goroutine *g = &look->items[i];
		const struct go_rate_item *old = go_rate_find(r, &at, g);

		items[i] = old ? *old : (struct go_rate_item){.addr = g->addr, .goid = g->goid};
		if (anew)
			items[i].cnts[distance] = 0;
		if (old && counts)
			items[i].cnts[distance] += (uint8_t)(g->seq - old->seq);
		items[i].seq = g->seq;
	}
	r->begin_ns = begin_ns;
	r->end_ns = end_ns;
	r->looked = true;
	free(r->items);
	r->items = items;
	r->cnt = look->cnt;
	return 0;
}

/* Waits per nanosecond. */
static double go_rate_of(const struct go_rate *r, const struct go_rate_item *item)
{
	double rate = 0;

	for (int i = 0; i < GO_RATE_CNT; i++) {
		double ns = (double)r->distances[i].ns, here;

		if (ns <= 0)
			continue;
		here = (double)item->cnts[i] / ns;
		/* What is seen of a wrapped one is too little. */
		if (rate * (double)r->distances[i].max_ns <= RATE_MAX_CNT || here > rate)
			rate = here;
	}
	return rate;
}

uint64_t go_rate__waits_per_sec(const struct go_rate *r)
{
	double sum = 0;

	for (size_t i = 0; i < r->cnt; i++)
		sum += go_rate_of(r, &r->items[i]);
	return (uint64_t)(sum * (double)SEC_NS + 0.5);
}
