/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What dwell check compares, and how it says what came of it. */
#ifndef TOOLS_CHECK_H
#define TOOLS_CHECK_H

#include "check_load.h"
#include "view.h"

#define CHECK_NO_LIMIT -1

enum check_verdict { CHECK_OK, CHECK_REGRESSION, CHECK_TOO_LITTLE };

struct check_config {
	struct view_config view; /* of it: reasons, no_idle, quiet, verbose, json */
	const char *comm, *stack, *symbol_path;
	double limits[GATE_METRIC_CNT]; /* percent; CHECK_NO_LIMIT: it may be anything */
	uint64_t min_samples, slices;
};

struct check {
	const struct check_config *config;
	char **paths;
	struct check_run runs[2];
	struct gate_result results[GATE_METRIC_CNT];
	enum check_verdict verdicts[GATE_METRIC_CNT], verdict;
	char why[256]; /* when there is too little data */
};

/* To stdout, for people. */
void check_print(const struct check *c);
/* The same as JSON. 0 or -errno. */
int check_print_json(const struct check *c);

#endif
