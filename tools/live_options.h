/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Rows of option tables, on Linux, for commands whose config begins with a struct live_config. */
#ifndef TOOLS_LIVE_OPTIONS_H
#define TOOLS_LIVE_OPTIONS_H

#include "live.h"

int live_parse_state(void *config, const char *value);
int live_parse_unwind(void *config, const char *value);
/* The words that it knows (struct value_hint). */
const char *live_unwind_word(size_t i);

#define LIVE_START_OPTION                                                                   \
	{                                                                                   \
		.name = "start-at", .arg = "TIME", .type = OPTION_CUSTOM,                   \
		.parse = live_parse_start,                                                  \
		.help = "begin at TIME, to line up with other machines: 12:30:00 (local), " \
			"2026-01-31T12:30:00Z, +5s, or /10s for the next full ten seconds"  \
	}

#define LIVE_TARGET_OPTIONS                                                                       \
	TARGET_OPTIONS(struct live_config, target),                                               \
		{.type = OPTION_GROUP, .help = "What is delivered"},                              \
		{.letter = 'u',                                                                   \
		 .name = "user-threads-only",                                                     \
		 .type = OPTION_FLAG,                                                             \
		 .offset = offsetof(struct live_config, user_threads),                            \
		 .help = "no kernel threads"},                                                    \
		{.letter = 'k',                                                                   \
		 .name = "kernel-threads-only",                                                   \
		 .type = OPTION_FLAG,                                                             \
		 .offset = offsetof(struct live_config, kernel_threads),                          \
		 .help = "kernel threads only"},                                                  \
		{.letter = 'm',                                                                   \
		 .name = "min-block-time",                                                        \
		 .arg = "US",                                                                     \
		 .type = OPTION_U64,                                                              \
		 .offset = offsetof(struct live_config, min_us),                                  \
		 .max = UINT64_MAX / 1000,                                                        \
		 .help = "only intervals of at least US microseconds"},                           \
		{.letter = 'M',                                                                   \
		 .name = "max-block-time",                                                        \
		 .arg = "US",                                                                     \
		 .type = OPTION_U64,                                                              \
		 .offset = offsetof(struct live_config, max_us),                                  \
		 .min = 1,                                                                        \
		 .max = UINT64_MAX / 1000,                                                        \
		 .help = "only intervals of at most US microseconds"},                            \
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

#endif
