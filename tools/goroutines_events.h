/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell goroutines --go-events: every wait of a process's goroutines, in bursts. */
#ifndef TOOLS_GOROUTINES_EVENTS_H
#define TOOLS_GOROUTINES_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "app/go_process.h"

#define GOROUTINES_EVENTS_LIMIT 50000 /* hits of the probes per second */

struct goroutines_events {
	uint64_t burst_ns;
	uint64_t period_ns; /* from the beginning of one to that of the next; 0: one burst */
	uint64_t end_ns;    /* no burst begins after it; 0: none */
	uint64_t limit;	    /* of hits per second; what has more is left alone */
	bool system, runtime, stacks, json, color;
	uint32_t top_cnt;
	const char *output; /* what is written to, for messages; NULL: stdout */
};

/* Parses "1s" and "1s/30s" into burst and period. 0 or -EINVAL with error_set(). */
int goroutines_events_parse(const char *text, struct goroutines_events *ret);
/* Writes a table for each burst to @to. 0; -errno with error_set(). */
int goroutines_events_run(const struct goroutines_events *c, struct go_process *p, FILE *to);

#endif
