/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The ledger: where every observed nanosecond of off-CPU time went.
 *
 *   delivered + filtered + open + spilled + lost = observed + open
 *
 * `observed` is summed by the kernel at switch-in, before any decision; `delivered` by user space from
 * the records it decoded: two independent counters. `open` (intervals cut by the window's end) stands on
 * both sides; filtered ones are in neither. Spilled time is in the profile, lost time is not.
 */
#ifndef MODEL_LEDGER_H
#define MODEL_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "wire.h"

struct ledger_term {
	uint64_t ns;
	uint64_t cnt;
};

struct ledger {
	struct ledger_term observed;
	struct ledger_term delivered; /* by user space; includes what it filtered after delivery */
	struct ledger_term filtered; /* by the kernel, plus by user space (then out of delivered) */
	struct ledger_term open;
	struct ledger_term spilled;	 /* what the kernel says it spilled */
	struct ledger_term spilled_read; /* what user space read from the spill maps */
	struct ledger_term lost_spill_full;
	uint64_t counters[WIRE_COUNTER_CNT]; /* the kernel's, as of the last WIRE_COUNTERS */
};

/* Takes the cumulative counters of a WIRE_COUNTERS record into the terms. */
void ledger__set_counters(struct ledger *l, const uint64_t *values, uint32_t cnt);
/* All causes together. */
struct ledger_term ledger__lost(const struct ledger *l);
/* Did the system lose events before they came here? Nobody knows of how much time. */
bool ledger__is_of_lossy_trace(const struct ledger *l);
/*
 * Nanoseconds by which the equation fails: observed - (delivered + filtered + spilled + lost); 0 when
 * it holds. Negative: more was delivered than observed.
 */
int64_t ledger__imbalance_ns(const struct ledger *l);
/* The closing lines for a person: the terms, the counters that are not 0, what to do about losses. */
void ledger__print(const struct ledger *l, struct buf *to);

#endif
