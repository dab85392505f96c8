/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Goroutines of two looks side by side. */
#ifndef ANALYZE_GO_PAIRS_H
#define ANALYZE_GO_PAIRS_H

#include "analyze/go_table.h"

/* Those of one look are asked for in the order of addresses, which both have. */
struct go_pairs {
	const struct goroutines *others; /* NULL: there was no other look */
	size_t at;
};

/* The one with the address of @g, which may be another goroutine in its place; NULL: none. */
static inline const struct goroutine *go_pairs_next(struct go_pairs *p, const struct goroutine *g)
{
	const struct goroutines *o = p->others;

	while (o && p->at < o->cnt && o->items[p->at].addr < g->addr)
		p->at++;
	return o && p->at < o->cnt && o->items[p->at].addr == g->addr ? &o->items[p->at] : NULL;
}

/*
 * How often it has stopped running since @before, modulo 256. Of one that is new all that is known is whether it has stopped at all: its
 * count does not begin at 0 (src/runtime/proc.go, newproc1()).
 */
static inline uint64_t go_stops(const struct goroutine *g, const struct goroutine *before)
{
	if (before && before->goid == g->goid)
		return (uint8_t)(g->seq - before->seq);
	return g->status == GO_WAITING;
}

#endif
