/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What offcpu and record share: targets, filters, and the live run. */
#ifndef TOOLS_LIVE_H
#define TOOLS_LIVE_H

#include "app/session.h"
#include "source/bpf.h"
#include "view.h"

struct live_config {
	struct view_config view; /* first: view_parse_*() see the config as this */
	struct option_ids pids, tids;
	const char *comm, *cgroup;
	bool children;
	bool user_threads, kernel_threads;
	uint64_t min_us, max_us;
	uint64_t state;
	bool state_given;
	uint64_t max_depth;
	uint64_t ring_bytes;
	enum bpf_unwind unwind;
	const char *save;
};

void live_defaults(void *config);
int live_parse_state(void *config, const char *value);
int live_parse_unwind(void *config, const char *value);

#define LIVE_TARGET_OPTIONS                                                                       \
	{.type = OPTION_GROUP, .help = "Target (none: the whole system)"},                        \
		{.letter = 'p',                                                                   \
		 .name = "pid",                                                                   \
		 .arg = "PID,...",                                                                \
		 .type = OPTION_PIDS,                                                             \
		 .offset = offsetof(struct live_config, pids),                                    \
		 .help = "these processes; the run ends when all have exited"},                   \
		{.letter = 't',                                                                   \
		 .name = "tid",                                                                   \
		 .arg = "TID,...",                                                                \
		 .type = OPTION_PIDS,                                                             \
		 .offset = offsetof(struct live_config, tids),                                    \
		 .help = "these threads"},                                                        \
		{.name = "comm",                                                                  \
		 .arg = "GLOB",                                                                   \
		 .type = OPTION_STRING,                                                           \
		 .offset = offsetof(struct live_config, comm),                                    \
		 .help = "threads whose name matches: * ? [a-z]"},                                \
		{.name = "cgroup",                                                                \
		 .arg = "PATH",                                                                   \
		 .type = OPTION_STRING,                                                           \
		 .offset = offsetof(struct live_config, cgroup),                                  \
		 .help = "threads in this cgroup (v1 or v2) and those below it"},                 \
		{.name = "children",                                                              \
		 .type = OPTION_FLAG,                                                             \
		 .offset = offsetof(struct live_config, children),                                \
		 .help = "with -p: also the processes that they start (-- COMMAND: always)"},     \
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
		 .help = "how user stacks are walked: cfi (by the tables that compilers leave "   \
			 "for debuggers), fp (by frame pointers), auto (cfi where the kernel "    \
			 "takes the program)"},                                                   \
	{                                                                                         \
		.name = "ring-size", .arg = "BYTES", .type = OPTION_SIZE,                         \
		.offset = offsetof(struct live_config, ring_bytes), .min = 4096, .max = 1u << 30, \
		.help = "ring buffer per CPU, a power of two (default: 16m over all CPUs, "       \
			"at least 64k, at most 1m each)"                                          \
	}

/*
 * Runs a live session as configured and writes the outputs (@outputs may be NULL: only the recording).
 * Returns the exit status; everything was said.
 */
int live_run(const struct live_config *config, int operand_cnt, char **operands, char **command,
	     bool write_outputs);

#endif
