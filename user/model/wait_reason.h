/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Wait reasons that a system has numbers of its own for, out of WIRE_WAIT_REASON records: what waits with WIRE_F_NAMED were
 * for. A small table; a rule may ask for a frame, since one number often stands for several things.
 */
#ifndef MODEL_WAIT_REASON_H
#define MODEL_WAIT_REASON_H

#include <stddef.h>
#include <stdint.h>

#include "model/reason.h"
#include "wire.h"

#define WAIT_REASON_MAX_CNT 4096

/* One rule. */
struct wait_reason {
	uint32_t state; /* the number */
	enum reason reason;
	char *name;  /* the system's own, "" if it has none. Owned. */
	char *frame; /* what a frame's name begins with; "": any wait. Owned. */
};

struct wait_reason_table {
	struct wait_reason *items; /* by state, those of one state in the order told */
	size_t cnt, cap;
};

/* What a wait comes to. */
struct wait_why {
	enum reason reason;
	const char *name; /* the system's own; "": none. Valid until the next add. */
};

void wait_reason_table__init(struct wait_reason_table *t);
void wait_reason_table__fini(struct wait_reason_table *t);
/*
 * Takes a record; of two for one number and frame the first stays, reasons that are not known here are "other". 0, -ENOMEM,
 * -E2BIG past WAIT_REASON_MAX_CNT.
 */
int wait_reason_table__add(struct wait_reason_table *t, const struct wire_wait_reason *rec);
/*
 * Why a wait with this number was. @frames: names of its innermost frames (NULL, "" and "[...]" fit no rule), @frame_cnt of
 * them. REASON_OTHER for a number that nobody told of.
 */
struct wait_why wait_reason_table__find(const struct wait_reason_table *t, uint32_t state,
					const char *const *frames, size_t frame_cnt);

#endif
