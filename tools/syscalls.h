/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell syscalls: what is asked for on the command line, and the run that does it. */
#ifndef TOOLS_SYSCALLS_H
#define TOOLS_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>
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

#define SYSCALLS_MEMBER(name) offsetof(struct syscalls_config, name)

/* Rows of option tables for a struct syscalls_config. */
#define SYSCALLS_HISTOGRAM_OPTION                                                               \
	{                                                                                       \
		.name = "histogram", .type = OPTION_FLAG, .offset = SYSCALLS_MEMBER(histogram), \
		.help = "also how the lengths of each call are spread"                          \
	}

#define SYSCALLS_JSON_OPTION                                                          \
	{                                                                             \
		.name = "json", .type = OPTION_FLAG, .offset = SYSCALLS_MEMBER(json), \
		.help = "JSON, an object for each table and each slow call"           \
	}

#define SYSCALLS_OUTPUT_OPTION                                                         \
	{                                                                              \
		.letter = 'o', .name = "output", .arg = "FILE", .type = OPTION_STRING, \
		.offset = SYSCALLS_MEMBER(output), .value = {.kind = VALUE_PATH},      \
		.help = "write to FILE, JSON if it ends in .json"                      \
	}

#define SYSCALLS_TOP_OPTION                                                                        \
	{                                                                                          \
		.name = "top", .arg = "N", .type = OPTION_U64, .offset = SYSCALLS_MEMBER(top_cnt), \
		.max = 1000000, .help = "rows in the table (default 40; 0: all)"                   \
	}

#define SYSCALLS_QUIET_OPTION                                                                   \
	{                                                                                       \
		.letter = 'q', .name = "quiet", .type = OPTION_FLAG,                            \
		.offset = SYSCALLS_MEMBER(quiet), .help = "no progress and no ledger on stderr" \
	}

#define SYSCALLS_FAILED_OPTION                                                    \
	{                                                                         \
		.letter = 'x', .name = "failed", .type = OPTION_FLAG,             \
		.offset = SYSCALLS_MEMBER(failed), .help = "only calls that fail" \
	}

/*
 * Traces as configured and writes the outputs. Returns the exit status; everything was said.
 */
int syscalls_run(const struct syscalls_config *config, int operand_cnt, char **operands,
		 char **command);

#endif
