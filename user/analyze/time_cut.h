/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A part of a run's time: each wait counts with what of it lies inside, as in a run that began and ended then. What lies outside is
 * filtered, by name in the ledger. Time that the kernel added up in a spill has no moment: it is left out whole.
 */
#ifndef ANALYZE_TIME_CUT_H
#define ANALYZE_TIME_CUT_H

#include "analyze/offcpu.h"

struct time_cut {
	uint64_t since_ns, until_ns; /* CLOCK_MONOTONIC */
};

/* Gives @e, an event of any kind, to @o, cut. As offcpu__add(). */
int time_cut__add(const struct time_cut *c, struct offcpu *o, const struct event *e);
/* Once all were added, the window of @o is that of @c, inside @model's. */
void time_cut__finish(struct time_cut *c, struct offcpu *o, const struct model *model);

#endif
