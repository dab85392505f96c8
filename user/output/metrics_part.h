/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the files that write metrics share. */
#ifndef OUTPUT_METRICS_PART_H
#define OUTPUT_METRICS_PART_H

#include "output/metric_table.h"
#include "output/metrics_text.h"

struct metrics_writer {
	const struct metrics_snapshot *s;
	struct exposition x;
};

#define METRICS_NS 9 /* decimals of a second */

/* Labels for one call. */
#define METRICS_LABEL(name, value) (&(struct metric_labels){.items = {{name, value}}})
#define METRICS_LABELS(name, value, name2, value2) \
	(&(struct metric_labels){.items = {{name, value}, {name2, value2}}})

static inline void metrics_family(struct metrics_writer *w, enum metric_id id)
{
	exposition__family(&w->x, &metric_table[id]);
}

/* A family of one sample. */
static inline void metrics_one(struct metrics_writer *w, enum metric_id id, unsigned __int128 value,
			       unsigned int decimals)
{
	metrics_family(w, id);
	exposition__sample(&w->x, NULL, value, decimals);
}

/* In the order of the table. */
void metrics_write_waits(struct metrics_writer *w);
void metrics_write_ledger(struct metrics_writer *w);
void metrics_write_program(struct metrics_writer *w);
void metrics_write_targets(struct metrics_writer *w);

#endif
