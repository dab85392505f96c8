/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Goroutines as text and as JSON: pure functions of what was seen, without clock or locale. */
#ifndef OUTPUT_GOROUTINES_H
#define OUTPUT_GOROUTINES_H

#include <stdio.h>

#include "analyze/go_table.h"
#include "format/go_sched.h"
#include "output/out.h"

struct goroutines_scheduler {
	const struct go_sched_stats *now;
	const struct go_sched_stats *before; /* NULL: there is no look before */
	uint64_t interval_ns;		     /* since then */
};

struct goroutines_report {
	const struct go_look *look;
	const struct go_table *table; /* by stack for goroutines_write_stacks() */
	bool system;		      /* goroutines of the runtime are wanted */
	bool runtime;		      /* functions of the runtime are wanted in stacks */
	bool each;		      /* JSON: every goroutine by itself, too */
	bool ages; /* the process was looked at before, so that ages mean something */
	const struct goroutines_scheduler *scheduler; /* NULL: not wanted */
	uint32_t top_cnt;			      /* rows shown */
	bool color;
};

/* A row for each state, reason and place of creation. 0 or -errno, also for errors of the stream; so are the others. */
int goroutines_write_table(const struct goroutines_report *r, FILE *to);
/* A block for each stack. */
int goroutines_write_stacks(const struct goroutines_report *r, FILE *to);
/* Every goroutine by itself, as Go's own runtime writes it for debug=2: tools that read that can read this. */
int goroutines_write_each(const struct goroutines_report *r, FILE *to);
/* One of them so; r->table isn't needed. */
int goroutines_write_one(const struct goroutines_report *r, const struct goroutine *g, FILE *to);
/*
 * " {endpoint: /cart, trace_id: \"4bf9-x\"}", as Go 1.27's runtime writes labels behind a goroutine's state (goroutineheader() in
 * src/runtime/traceback.go); nothing when there are none.
 */
void goroutines_put_labels(struct out *out, const struct go_label_view *labels);
/* The scheduler: since the look before, else since the program began. */
int goroutines_write_scheduler(const struct goroutines_report *r, FILE *to);
/* One object, and a newline. */
int goroutines_write_json(const struct goroutines_report *r, FILE *to);

#endif
