/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell syscalls: what is asked for on the command line, and the run that does it. */
#ifndef TOOLS_SYSCALLS_H
#define TOOLS_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "calls.h"
#include "target.h"

struct syscalls_config {
	struct target_config target;
	struct call_config calls;
	uint64_t slower_ns, interval_ns;
	bool slower, failed, stacks, histogram, json, quiet, verbose;
	uint64_t top_cnt, ring_bytes;
	const char *output;
	const char *symbol_path, *etw_dll; /* of Windows; the latter for tests */
};

/*
 * Traces as configured and writes the outputs. Returns the exit status; everything was said.
 */
int syscalls_run(const struct syscalls_config *config, int operand_cnt, char **operands,
		 char **command);

#endif
