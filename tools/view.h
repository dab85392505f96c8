/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The options that say how a profile is shown and where it goes: the same for live runs and reports. */
#ifndef TOOLS_VIEW_H
#define TOOLS_VIEW_H

#include <stddef.h>

#include "analyze/offcpu.h"
#include "app/option.h"
#include "model/profile.h"

#define VIEW_MAX_OUTPUTS 8

struct writer;

struct view_config {
	struct offcpu_view view;
	const struct writer *plain; /* for stdout where no format is named; NULL: the table */
	bool no_idle;
	bool folded, json; /* -f, --json: to stdout */
	bool kinds;	   /* folded output tells kernel, inlined and JIT frames apart */
	const char *format;
	const char *outputs[VIEW_MAX_OUTPUTS]; /* -o, in order */
	uint32_t output_cnt;
	uint64_t top_cnt;
	bool quiet, verbose;
};

/* What is read from debug information: rows that a recording command has as well. */
#define VIEW_SOURCE_OPTIONS(cfg, member)                                                          \
	{.name = "inlines",                                                                       \
	 .type = OPTION_FLAG,                                                                     \
	 .offset = offsetof(cfg, member.view.inlines),                                            \
	 .help = "also show functions that were inlined, by DWARF debug information"},            \
	{                                                                                         \
		.name = "lines", .type = OPTION_FLAG, .offset = offsetof(cfg, member.view.lines), \
		.help = "show file and line of each frame, by DWARF debug information"            \
	}

#define VIEW_WAKERS_OPTION(cfg, member)                                                        \
	{                                                                                      \
		.name = "wakers", .type = OPTION_FLAG,                                         \
		.offset = offsetof(cfg, member.view.wakers),                                   \
		.help = "also note who ended each wait: its stack stands reversed behind the " \
			"other "                                                               \
			"one, after a '--' frame"                                              \
	}

/*
 * Rows of an option table for a command whose config has a struct view_config named `member`: which part of stacks, which
 * waits, where to.
 */
#define VIEW_STACK_OPTIONS(cfg, member)                                           \
	{.letter = 'U',                                                           \
	 .name = "user-stacks-only",                                              \
	 .type = OPTION_FLAG,                                                     \
	 .offset = offsetof(cfg, member.view.no_kernel_stacks),                   \
	 .help = "show user stacks only"},                                        \
		{.letter = 'K',                                                   \
		 .name = "kernel-stacks-only",                                    \
		 .type = OPTION_FLAG,                                             \
		 .offset = offsetof(cfg, member.view.no_user_stacks),             \
		 .help = "show kernel stacks only"},                              \
		{.letter = 'd',                                                   \
		 .name = "delimited",                                             \
		 .type = OPTION_FLAG,                                             \
		 .offset = offsetof(cfg, member.view.delimiter),                  \
		 .help = "put a '-' frame between the user and the kernel part"}, \
	{                                                                         \
		.name = "per-thread", .type = OPTION_FLAG,                        \
		.offset = offsetof(cfg, member.view.per_thread),                  \
		.help = "first frame comm-PID/TID: threads apart"                 \
	}

#define VIEW_REASON_OPTIONS(cfg, member)                                                         \
	{.name = "reason",                                                                       \
	 .arg = "LIST",                                                                          \
	 .type = OPTION_CUSTOM,                                                                  \
	 .parse = view_parse_reasons,                                                            \
	 .value = {.kind = VALUE_LIST_OF, .word = view_reason_word},                             \
	 .help = "only these blocking reasons, comma separated: lock, poll, sleep, "             \
		 "disk, fs, net, pipe, memory, kernel_lock, child, signal, io_uring, "           \
		 "device, preempted, other"},                                                    \
	{                                                                                        \
		.name = "no-idle", .type = OPTION_FLAG, .offset = offsetof(cfg, member.no_idle), \
		.help = "leave out poll, sleep, child and signal: the waits of idle threads"     \
	}

#define VIEW_FILE_OPTIONS(cfg, member)                                                         \
	{.letter = 'o',                                                                        \
	 .name = "output",                                                                     \
	 .arg = "FILE",                                                                        \
	 .type = OPTION_CUSTOM,                                                                \
	 .parse = view_parse_output,                                                           \
	 .value = {.kind = VALUE_PATH},                                                        \
	 .help = "write FILE, format by its extension (.html, .svg, .folded, .pb.gz...: "      \
		 "dwell list formats); "                                                       \
		 "'-' is stdout; may be given several times"},                                 \
		{.name = "format",                                                             \
		 .arg = "NAME",                                                                \
		 .type = OPTION_STRING,                                                        \
		 .offset = offsetof(cfg, member.format),                                       \
		 .value = {.kind = VALUE_ONE_OF, .word = view_format_word},                    \
		 .help = "as dwell list formats names it: html, svg, folded, pprof..., "       \
			 "whatever the extension says"},                                       \
		{.letter = 'f',                                                                \
		 .name = "folded",                                                             \
		 .type = OPTION_FLAG,                                                          \
		 .offset = offsetof(cfg, member.folded),                                       \
		 .help = "folded stacks to stdout, microseconds"},                             \
	{                                                                                      \
		.name = "kinds", .type = OPTION_FLAG, .offset = offsetof(cfg, member.kinds),   \
		.help = "in folded stacks and NDJSON, end names of kernel frames in _[k], of " \
			"inlined "                                                             \
			"ones in _[i], of JIT-compiled ones in _[j], of wakers in _[w]"        \
	}

#define VIEW_QUIET_OPTIONS(cfg, member)                                \
	{.letter = 'q',                                                \
	 .name = "quiet",                                              \
	 .type = OPTION_FLAG,                                          \
	 .offset = offsetof(cfg, member.quiet),                        \
	 .help = "no progress and no ledger on stderr"},               \
	{                                                              \
		.letter = 'v', .name = "verbose", .type = OPTION_FLAG, \
		.offset = offsetof(cfg, member.verbose),               \
		.help = "what libbpf and the verifier say, on stderr"  \
	}

/* All of them. */
#define VIEW_OPTIONS(cfg, member)                                                               \
	{.type = OPTION_GROUP, .help = "View"}, VIEW_STACK_OPTIONS(cfg, member),                \
		{.name = "split",                                                               \
		 .type = OPTION_FLAG,                                                           \
		 .offset = offsetof(cfg, member.view.split),                                    \
		 .help = "last frame 'blocked' or 'runnable' (waiting for a CPU)"},             \
		VIEW_WAKERS_OPTION(cfg, member),                                                \
		{.name = "chains",                                                              \
		 .type = OPTION_FLAG,                                                           \
		 .offset = offsetof(cfg, member.view.chains),                                   \
		 .help = "behind the stack, after a '--' frame, where the waker itself waited " \
			 "meanwhile, and so on for up to 8 hops"},                              \
		{.name = "by-lock",                                                             \
		 .type = OPTION_FLAG,                                                           \
		 .offset = offsetof(cfg, member.view.by_lock),                                  \
		 .help = "only waits for futexes: first whose lock and which, last who let "    \
			 "go of it"},                                                           \
		{.name = "by-waker",                                                            \
		 .type = OPTION_FLAG,                                                           \
		 .offset = offsetof(cfg, member.view.by_waker),                                 \
		 .help = "stacks of those who ended the waits; the last frame is who waited"},  \
		{.name = "created-by",                                                          \
		 .type = OPTION_FLAG,                                                           \
		 .offset = offsetof(cfg, member.view.created_by),                               \
		 .help = "Go: before a goroutine's stack, where it was created"},               \
		{.name = "go-idle",                                                             \
		 .type = OPTION_FLAG,                                                           \
		 .offset = offsetof(cfg, member.view.go_idle),                                  \
		 .help = "Go: also threads that have no goroutine, and goroutines that the "    \
			 "runtime keeps for later, as [go idle]"},                              \
		VIEW_SOURCE_OPTIONS(cfg, member), VIEW_REASON_OPTIONS(cfg, member),             \
		{.type = OPTION_GROUP, .help = "Output"}, VIEW_FILE_OPTIONS(cfg, member),       \
		{.name = "json",                                                                \
		 .type = OPTION_FLAG,                                                           \
		 .offset = offsetof(cfg, member.json),                                          \
		 .help = "everything as JSON to stdout: totals, ledger, threads, stacks"},      \
		{.name = "top",                                                                 \
		 .arg = "N",                                                                    \
		 .type = OPTION_U64,                                                            \
		 .offset = offsetof(cfg, member.top_cnt),                                       \
		 .min = 1,                                                                      \
		 .max = 1000000,                                                                \
		 .help = "stacks in the table (default 20)"},                                   \
		VIEW_QUIET_OPTIONS(cfg, member)

/* Parsers of the rows above; the view_config must be the config's first member. */
int view_parse_reasons(void *config, const char *value);
int view_parse_output(void *config, const char *value);
/* The words that they know (struct value_hint). */
const char *view_reason_word(size_t i);
const char *view_format_word(size_t i);

/* Checks the combination of options: 0, or -EINVAL with error_set(). Sets the log level. */
int view_check(struct view_config *v);
/* Opens all outputs early, so that a mistyped path costs no recording time. 0 or -errno with error_set(). */
struct view_outputs;
int view_open(const struct view_config *v, struct view_outputs **ret_outputs);
/* Those that will have to get their names; @o may be NULL. */
struct rights;
void view_add_rights(const struct view_outputs *o, struct rights *to);
/* Writes the profile to all of them; each file appears whole or not at all. 0 or -errno with error_set(). */
int view_write(struct view_outputs *o, const struct profile *p);
/* The same of what became of @base in it, in formats that view_check_compares() let pass; see struct writer_opts. */
int view_write_difference(struct view_outputs *o, const struct profile *p,
			  const struct profile *base, bool normalise);
/* Can all outputs show a difference? 0, or -EINVAL with error_set(). */
int view_check_compares(const struct view_config *v);
/* Does an output show single waits? Then the profile has to have them (struct profile, waits). */
bool view_wants_waits(const struct view_config *v);
/* Drops what was not written. Accepts NULL. */
void view_close(struct view_outputs *o);
/* The closing lines on stderr: ledger, hidden time, next step. */
void view_print_ledger(const struct view_config *v, const struct profile *p);

#endif
