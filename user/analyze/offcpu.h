/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Off-CPU analysis: intervals -> rows by (thread, stacks, wait) -> a profile.
 *
 *   offcpu__init -> offcpu__add for every event -> offcpu__profile -> offcpu__fini
 */
#ifndef ANALYZE_OFFCPU_H
#define ANALYZE_OFFCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/model.h"
#include "model/profile.h"
#include "symbol/symbolizer.h"

#define OFFCPU_MAX_ROWS (1u << 23)

/* How the result is shown; none of it changes what was recorded. */
struct offcpu_view {
	bool per_thread;       /* first frame comm-PID/TID instead of comm */
	bool split;	       /* last frame: blocked or runnable */
	bool no_user_stacks;   /* -K */
	bool no_kernel_stacks; /* -U */
	bool delimiter;	       /* "-" between user and kernel part */
	uint32_t reasons;      /* bit per enum reason to show; 0: all */
};

struct offcpu {
	struct offcpu_row *rows;
	size_t cnt, cap;
	struct hash_index index;
	struct ledger_term delivered, spilled, open; /* counted from the events */
};

void offcpu__init(struct offcpu *o);
void offcpu__fini(struct offcpu *o);
/* Takes WIRE_INTERVAL and WIRE_SPILL events, ignores others. 0, -ENOMEM, -E2BIG past the cap. */
int offcpu__add(struct offcpu *o, const struct event *e);
/*
 * Builds the profile: names, reasons, view, all threads, the ledger. @model must have seen its last round.
 * NULL + errno.
 */
struct profile *offcpu__profile(const struct offcpu *o, const struct model *model,
				struct symbolizer *symbols, const struct offcpu_view *view);

#endif
