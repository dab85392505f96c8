/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * When threads waited, for an eye: time in equal columns, and in each what most of a thread's time there went to. Needs single
 * waits (struct profile, waits).
 */
#ifndef OUTPUT_TIMELINE_H
#define OUTPUT_TIMELINE_H

#include <stdint.h>

#include "model/profile.h"

#define TIMELINE_COLUMNS  1200
#define TIMELINE_MAX_ROWS 200
#define TIMELINE_RUNNABLE REASON_CNT /* as a reason: waiting for a CPU */
#define TIMELINE_LEVELS	  4

/*
 * What a cell says: 0: it did not wait there. Else the reason that most of its waiting there had, and how much of the column it
 * waited, in quarters, begun ones too: 1 + reason * TIMELINE_LEVELS + quarters - 1.
 */
struct timeline_row {
	uint32_t thread; /* position in the profile's threads */
	uint8_t cells[TIMELINE_COLUMNS];
};

struct timeline {
	uint64_t span_ns; /* of all columns; 0: there is nothing to show */
	struct timeline_row *rows;
	size_t row_cnt;
	size_t left_out_cnt; /* threads that waited and have no row: the others waited longer, idle waits aside */
};

/* 0 or -ENOMEM; timeline__fini() is right in both cases. */
int timeline__init(struct timeline *t, const struct profile *p);
void timeline__fini(struct timeline *t);

#endif
