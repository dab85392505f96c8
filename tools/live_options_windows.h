/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Rows of option tables, on Windows, for commands whose config begins with a struct live_config. */
#ifndef TOOLS_LIVE_OPTIONS_WINDOWS_H
#define TOOLS_LIVE_OPTIONS_WINDOWS_H

#include <stddef.h>

#include "live.h"

#define LIVE_OPTIONS                                                                              \
	{.type = OPTION_GROUP, .help = "Target (none: the whole system)"},                        \
		{.letter = 'p',                                                                   \
		 .name = "pid",                                                                   \
		 .arg = "PID,...",                                                                \
		 .type = OPTION_PIDS,                                                             \
		 .offset = offsetof(struct live_config, target.pids),                             \
		 .help = "these processes; the run ends when all have exited"},                   \
		{.letter = 't',                                                                   \
		 .name = "tid",                                                                   \
		 .arg = "TID,...",                                                                \
		 .type = OPTION_PIDS,                                                             \
		 .offset = offsetof(struct live_config, target.tids),                             \
		 .help = "these threads"},                                                        \
		{.name = "comm",                                                                  \
		 .arg = "GLOB",                                                                   \
		 .type = OPTION_STRING,                                                           \
		 .offset = offsetof(struct live_config, target.comm),                             \
		 .help = "threads whose description, or else whose process's name, matches: * ? " \
			 "[a-z]"},                                                                \
		{.name = "children",                                                              \
		 .type = OPTION_FLAG,                                                             \
		 .offset = offsetof(struct live_config, target.children),                         \
		 .help = "with -p: also the processes that they start (-- COMMAND: always)"},     \
		{.type = OPTION_GROUP, .help = "What is delivered"},                              \
		{.letter = 'u',                                                                   \
		 .name = "user-threads-only",                                                     \
		 .type = OPTION_FLAG,                                                             \
		 .offset = offsetof(struct live_config, user_threads),                            \
		 .help = "no threads of the system itself"},                                      \
		{.letter = 'k',                                                                   \
		 .name = "kernel-threads-only",                                                   \
		 .type = OPTION_FLAG,                                                             \
		 .offset = offsetof(struct live_config, kernel_threads),                          \
		 .help = "threads of the system itself only"},                                    \
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
		{.name = "start-at",                                                              \
		 .arg = "TIME",                                                                   \
		 .type = OPTION_CUSTOM,                                                           \
		 .parse = live_parse_start,                                                       \
		 .help = "begin at TIME, to line up with other machines: 12:30:00 (local), "      \
			 "2026-01-31T12:30:00Z, +5s, or /10s for the next full ten seconds"},     \
		{.type = OPTION_GROUP, .help = "Names"},                                          \
		{.name = "symbol-path",                                                           \
		 .arg = "LIST",                                                                   \
		 .type = OPTION_STRING,                                                           \
		 .offset = offsetof(struct live_config, symbol_path),                             \
		 .value = {.kind = VALUE_DIRECTORY},                                              \
		 .help = "where PDBs are, as in _NT_SYMBOL_PATH, the default: directories and "   \
			 "srv*DIR*URL, with ';' between them; nothing is fetched"},               \
	{                                                                                         \
		.name = "etw-dll", .arg = "FILE", .type = OPTION_STRING,                          \
		.offset = offsetof(struct live_config, etw_dll), .value = {.kind = VALUE_PATH},   \
		.help = "for tests of dwell: take the functions of event tracing from this DLL"   \
	}

#endif
