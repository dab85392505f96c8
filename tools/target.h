/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The options that say what is traced and for how long: the same for all live commands. */
#ifndef TOOLS_TARGET_H
#define TOOLS_TARGET_H

#include <stddef.h>

#include "app/option.h"
#include "source/bpf_targets.h"

struct target_config {
	struct option_ids pids, tids;
	const char *comm, *cgroup;
	bool children;
};

/* Rows of an option table for a command whose config has a struct target_config named `member`. */
#define TARGET_PID_OPTION(cfg, member)                                               \
	{                                                                            \
		.letter = 'p', .name = "pid", .arg = "PID,...", .type = OPTION_PIDS, \
		.offset = offsetof(cfg, member.pids), .value = {.kind = VALUE_PIDS}, \
		.help = "these processes; the run ends when all have exited",        \
	}

/* Threads by number and name. */
#define TARGET_NAMED_OPTIONS(cfg, member)                             \
	{.letter = 't',                                               \
	 .name = "tid",                                               \
	 .arg = "TID,...",                                            \
	 .type = OPTION_PIDS,                                         \
	 .offset = offsetof(cfg, member.tids),                        \
	 .value = {.kind = VALUE_TIDS},                               \
	 .help = "these threads"},                                    \
	{                                                             \
		.name = "comm", .arg = "GLOB", .type = OPTION_STRING, \
		.offset = offsetof(cfg, member.comm),                 \
		.help = "threads whose name matches: * ? [a-z]",      \
	}

#define TARGET_CHILDREN_OPTION(cfg, member)                                                        \
	{                                                                                          \
		.name = "children", .type = OPTION_FLAG, .offset = offsetof(cfg, member.children), \
		.help = "with -p: also the processes that they start (-- COMMAND: always)",        \
	}

/* And of a cgroup. */
#define TARGET_THREAD_OPTIONS(cfg, member)                                                  \
	TARGET_NAMED_OPTIONS(cfg, member),                                                  \
	{                                                                                   \
		.name = "cgroup", .arg = "PATH", .type = OPTION_STRING,                     \
		.offset = offsetof(cfg, member.cgroup), .value = {.kind = VALUE_DIRECTORY}, \
		.help = "threads in this cgroup (v1 or v2) and those below it",             \
	}

/* All that a run can have for a target. */
#define TARGET_OPTIONS(cfg, member)                                                 \
	{.type = OPTION_GROUP, .help = "Target (none: the whole system)"},          \
		TARGET_PID_OPTION(cfg, member), TARGET_THREAD_OPTIONS(cfg, member), \
		TARGET_CHILDREN_OPTION(cfg, member)

/* The same where there are no cgroups. */
#define TARGET_OPTIONS_WITHOUT_CGROUP(cfg, member)                                 \
	{.type = OPTION_GROUP, .help = "Target (none: the whole system)"},         \
		TARGET_PID_OPTION(cfg, member), TARGET_NAMED_OPTIONS(cfg, member), \
		TARGET_CHILDREN_OPTION(cfg, member)

/*
 * Checks the targets, the operands ([DURATION]) and the command (NULL: no "--"). 0 and *@ret_duration_ns (0: no end), or
 * -EINVAL with error_set().
 */
int target_check(const struct target_config *t, int operand_cnt, char **operands, char **command,
		 uint64_t *ret_duration_ns);
/* The target in words, for titles: "redis-server (pid 4711)". */
void target_describe(const struct target_config *t, char **command, char *text, size_t size);
/* As the source takes it; points into @t. @command_pid: 0, or the child that will run the command. */
struct targets target_list(const struct target_config *t, uint32_t command_pid);

#endif
