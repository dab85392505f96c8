/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The options that choose a part of what was read, and how its stacks are put together. */
#ifndef TOOLS_SELECT_H
#define TOOLS_SELECT_H

#include <stddef.h>

#include "app/option.h"
#include "model/profile_select.h"

struct select_config {
	const char *comm, *grep;
	struct option_ids pids, tids;
	uint64_t min_ns;
	bool fold_recursion, short_names;
	enum profile_by by;
};

/* 0, or -EINVAL with error_set(). */
int select_parse_by(const char *value, enum profile_by *ret_by);
/* The words that it knows (struct value_hint). */
const char *select_by_word(size_t i);

/* Rows of an option table; @by_parser calls select_parse_by(). */
#define SELECT_OPTIONS(cfg, member, by_parser)                                                     \
	{.type = OPTION_GROUP, .help = "Selection"},                                               \
		{.name = "comm",                                                                   \
		 .arg = "GLOB",                                                                    \
		 .type = OPTION_STRING,                                                            \
		 .offset = offsetof(cfg, member.comm),                                             \
		 .help = "only threads whose name matches: * ? [a-z]"},                            \
		{.letter = 'p',                                                                    \
		 .name = "pid",                                                                    \
		 .arg = "PID,...",                                                                 \
		 .type = OPTION_PIDS,                                                              \
		 .offset = offsetof(cfg, member.pids),                                             \
		 .help = "only these processes"},                                                  \
		{.letter = 't',                                                                    \
		 .name = "tid",                                                                    \
		 .arg = "TID,...",                                                                 \
		 .type = OPTION_PIDS,                                                              \
		 .offset = offsetof(cfg, member.tids),                                             \
		 .help = "only these threads"},                                                    \
		{.name = "grep",                                                                   \
		 .arg = "REGEX",                                                                   \
		 .type = OPTION_STRING,                                                            \
		 .offset = offsetof(cfg, member.grep),                                             \
		 .help = "only stacks with a frame that matches this extended regular "            \
			 "expression"},                                                            \
		{.name = "min",                                                                    \
		 .arg = "DURATION",                                                                \
		 .type = OPTION_DURATION,                                                          \
		 .offset = offsetof(cfg, member.min_ns),                                           \
		 .help = "only stacks that took at least this long in all: 10ms, 1s"},             \
		{.name = "by",                                                                     \
		 .arg = "WHAT",                                                                    \
		 .type = OPTION_CUSTOM,                                                            \
		 .parse = (by_parser),                                                             \
		 .value = {.kind = VALUE_ONE_OF, .word = select_by_word},                          \
		 .help = "what the first frame is: comm, process, thread, reason, or none: equal " \
			 "stacks of all threads are one"},                                         \
		{.name = "fold-recursion",                                                         \
		 .type = OPTION_FLAG,                                                              \
		 .offset = offsetof(cfg, member.fold_recursion),                                   \
		 .help = "a function that calls itself is one frame"},                             \
	{                                                                                          \
		.name = "strip-templates", .type = OPTION_FLAG,                                    \
		.offset = offsetof(cfg, member.short_names),                                       \
		.help = "names without the arguments of templates and generics"                    \
	}

/* Whether what is said can be understood: 0, or -EINVAL with error_set(). */
int select_check(const struct select_config *c);
/* Applies all of it to @p. 0 or -errno with error_set(). */
int select_apply(const struct select_config *c, struct profile *p);

#endif
