/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What dwell goroutines can be asked for. */
#ifndef TOOLS_GOROUTINES_OPTIONS_H
#define TOOLS_GOROUTINES_OPTIONS_H

#include "app/option.h"
#include "goroutines_events.h"

struct goroutines_config {
	struct option_ids pids;
	bool system, runtime;
	bool stacks, each, scheduler, json, leaks;
	const char *by_label;
	uint64_t watch_ns;
	uint64_t window_ns; /* 0: not given */
	const char *events;
	uint64_t events_limit;
	uint64_t top_cnt;
	const char *output;
	bool quiet, verbose;
};

/* What comes of it. */
struct goroutines_plan {
	bool json;
	uint64_t duration_ns, end_ns;	 /* 0: none */
	struct goroutines_events events; /* burst_ns 0: not wanted */
};

extern const struct option_def goroutines_options[];
extern const struct command_example goroutines_examples[];
extern const char goroutines_description[];

void goroutines_defaults(void *config);
/* Do the options go together, and what are they? 0 and *@ret, or -EINVAL with error_set(). */
int goroutines_check(const struct goroutines_config *c, int operand_cnt, char **operands,
		     char **command, struct goroutines_plan *ret);

#endif
