/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * How often the goroutines of a process come to wait, from looks at it, without probes: each has a byte that counts it (go_layout.seq).
 *
 *   go_rate__init -> go_rate__look (several at each distance, the shortest first) -> go_rate__waits_per_sec -> go_rate__fini
 *
 * A byte wraps. Looks that follow each other closely are right about goroutines that wait all the time, distant ones about the others,
 * of which close ones see a burst or nothing: of each goroutine that distance counts which is the longest without a wrap.
 *
 * It may be too high: up to Go 1.25 the byte counts system calls as well. It may be too low: goroutines that were there between two
 * looks only aren't seen, and a process that can't run while it is looked at does nothing then.
 */
#ifndef FORMAT_GO_RATE_H
#define FORMAT_GO_RATE_H

#include "format/goroutine.h"

/* How long before a look the one before was. */
enum go_rate_distance {
	GO_RATE_NONE,  /* no more than the look takes */
	GO_RATE_NAP,   /* a tenth of a millisecond or so */
	GO_RATE_SHORT, /* a millisecond */
	GO_RATE_LONG,  /* a tenth of a second */
	GO_RATE_CNT
};

struct go_rate {
	struct go_rate_item {
		uint64_t addr, goid;
		uint64_t cnts[GO_RATE_CNT];
		uint8_t seq;
	} * items; /* by address, as in the last look */
	size_t cnt;
	bool looked;
	uint64_t begin_ns, end_ns; /* of the last look */
	struct {
		uint64_t ns;	 /* together */
		uint64_t min_ns; /* the shortest one, with both looks */
		uint64_t max_ns;
	} distances[GO_RATE_CNT];
};

void go_rate__init(struct go_rate *r);
void go_rate__fini(struct go_rate *r);
/*
 * One more look, made from @begin_ns to @end_ns. Where the process that looks was held up, so that the distance is far from the
 * shortest of its kind, it is not counted. 0 or -ENOMEM.
 */
int go_rate__look(struct go_rate *r, const struct goroutines *look, uint64_t begin_ns,
		  uint64_t end_ns, enum go_rate_distance distance);
/* Of all goroutines together that were there in the last look. */
uint64_t go_rate__waits_per_sec(const struct go_rate *r);

#endif
