/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What go_leaks.c and go_leaks_judge.c share: the history of a site. */
#ifndef ANALYZE_GO_LEAKS_SITE_H
#define ANALYZE_GO_LEAKS_SITE_H

#include "analyze/go_leaks.h"

struct go_site {
	uint64_t gopc;
	enum go_reason reason;
	uint64_t cnts[GO_LEAKS_POINTS]; /* at each point, as go_leaks.times_ns */
	uint64_t cnt, before;		/* by the last look, and by the one before */
	uint64_t confirmed_cnt;		/* of cnt, by the runtime */
	uint64_t fell_ns;		/* the last look that found fewer than before; 0: none */
	uint32_t found;			/* where in go_leaks.found + 1, while those are made */
};

/* NULL: not known. */
struct go_site *go_leaks__site(struct go_leaks *l, uint64_t gopc, enum go_reason reason);
/* Can one that waits for @reason be a leak at all? */
bool go_leaks__counts(const struct go_look *look, const struct goroutine *g, enum go_reason reason);

#endif
