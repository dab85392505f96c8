/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Run-queue latency as text and as JSON: pure functions of the report, without clock or locale. */
#ifndef OUTPUT_RUNQ_H
#define OUTPUT_RUNQ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "analyze/runq.h"

struct runq_report {
	const struct runq_table *table; /* sorted */
	const char *title;
	const char *probes; /* "core", "compat" */
	enum runq_by by;
	uint64_t begin_ns, end_ns;     /* what it covers, since the window's start */
	bool last;		       /* the table of the whole run, with the ledger */
	struct runq_counters counters; /* of the whole run */
	uint64_t untraced_cnt;	       /* how often there was no memory for a thread's state */
	bool histogram;		       /* text: draw one for each row */
	uint32_t top_cnt;	       /* text: rows shown */
	uint32_t ran_cnt;	       /* text: of those who ran instead, shown for each row */
	bool color;
};

/*
 * Waits that the kernel counted but that are neither in the table of the whole run nor lost by name: 0, else there is a bug.
 */
int64_t runq_report_imbalance_ns(const struct runq_report *r);

/* 0 or -errno, also for errors of the stream. */
int runq_write_text(const struct runq_report *r, FILE *to);
/* One object, and a newline. */
int runq_write_json(const struct runq_report *r, FILE *to);

#endif
