/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell goroutines --leaks */
#ifndef TOOLS_GOROUTINES_LEAKS_H
#define TOOLS_GOROUTINES_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct goroutines_leaks_config {
	const uint32_t *pids;
	size_t pid_cnt;
	uint64_t window_ns, duration_ns; /* 0: not given */
	bool json, runtime, quiet;
	const char *output; /* NULL: stdout */
};

/* The exit status of the command, as that of dwell check: 0 nothing, 1 something, 2 failed, 3 it can't be told. */
int goroutines_leaks_run(const struct goroutines_leaks_config *config);

#endif
