/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Rows of option tables, on Linux, for commands whose config begins with a struct live_config. */
#ifndef TOOLS_LIVE_OPTIONS_H
#define TOOLS_LIVE_OPTIONS_H

#include "live.h"

int live_parse_state(void *config, const char *value);
int live_parse_unwind(void *config, const char *value);
/* The words that it knows (struct value_hint). */
const char *live_unwind_word(size_t i);

#define LIVE_TARGET_OPTIONS                                                                       \
	TARGET_OPTIONS(struct live_config, target), LIVE_FILTER_OPTIONS,                          \
		{.name = "state",                                                                 \
		 .arg = "MASK",                                                                   \
		 .type = OPTION_CUSTOM,                                                           \
		 .parse = live_parse_state,                                                       \
		 .help = "only threads that went off CPU in one of these states, a mask: "        \
			 "1 interruptible, 2 uninterruptible...; 0: runnable (preempted)"},       \
		{.name = "max-depth",                                                             \
		 .arg = "N",                                                                      \
		 .type = OPTION_U64,                                                              \
		 .offset = offsetof(struct live_config, max_depth),                               \
		 .min = 1,                                                                        \
		 .max = WIRE_MAX_FRAMES,                                                          \
		 .help = "frames kept of each stack, innermost first (default 256)"},             \
		{.name = "unwind",                                                                \
		 .arg = "HOW",                                                                    \
		 .type = OPTION_CUSTOM,                                                           \
		 .parse = live_parse_unwind,                                                      \
		 .value = {.kind = VALUE_ONE_OF, .word = live_unwind_word},                       \
		 .help = "how user stacks are walked: cfi (by the tables that compilers leave "   \
			 "for debuggers), fp (by frame pointers), auto (cfi where the kernel "    \
			 "takes the program)"},                                                   \
		{.name = "no-python",                                                             \
		 .type = OPTION_FLAG,                                                             \
		 .offset = offsetof(struct live_config, no_python),                               \
		 .help = "the interpreter's own frames instead of Python's functions"},           \
	{                                                                                         \
		.name = "ring-size", .arg = "BYTES", .type = OPTION_SIZE,                         \
		.offset = offsetof(struct live_config, ring_bytes), .min = 4096, .max = 1u << 30, \
		.help = "ring buffer per CPU, a power of two (default: 16m over all CPUs, "       \
			"at least 64k, at most 1m each)"                                          \
	}

#define LIVE_GO_OPTION                                                                      \
	{.name = "go-hz",                                                                   \
	 .arg = "N",                                                                        \
	 .type = OPTION_U64,                                                                \
	 .offset = offsetof(struct live_config, go_hz),                                     \
	 .max = 1000,                                                                       \
	 .help = "looks per second at the goroutines of Go programs (default 99; "          \
		 "fewer when they would take over 2 % of a CPU; 0: their threads only)"},   \
	{                                                                                   \
		.name = "no-go-labels", .type = OPTION_FLAG,                                \
		.offset = offsetof(struct live_config, no_go_labels),                       \
		.help = "leave goroutines' pprof labels where they are: looks are cheaper " \
			"where many have labels of their own"                               \
	}

#endif
