/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What offcpu and record share: targets, filters, and the live run. */
#ifndef TOOLS_LIVE_H
#define TOOLS_LIVE_H

#include "app/moment.h"
#include "app/session.h"
#include "source/bpf.h"
#include "target.h"
#include "view.h"

struct live_config {
	struct view_config view; /* first: view_parse_*() see the config as this */
	struct target_config target;
	bool user_threads, kernel_threads;
	uint64_t min_us, max_us;
	uint64_t state;
	bool state_given;
	uint64_t max_depth;
	uint64_t ring_bytes;
	enum bpf_unwind unwind;
	bool no_python;
	bool no_go_labels;
	uint64_t go_hz; /* looks at the goroutines of Go programs per second; 0: none */
	const char *symbol_path, *etw_dll; /* of Windows; the latter for tests */
	const char *save;
	struct moment start_at; /* MOMENT_NONE: at once */
};

void live_defaults(void *config);
int live_parse_start(void *config, const char *value);

/* Rows of option tables for commands whose config begins with a struct live_config. */
#define LIVE_FILTER_OPTIONS                                                                   \
	{.type = OPTION_GROUP, .help = "What is delivered"},                                  \
		{.letter = 'u',                                                               \
		 .name = "user-threads-only",                                                 \
		 .type = OPTION_FLAG,                                                         \
		 .offset = offsetof(struct live_config, user_threads),                        \
		 .help = "no kernel threads"},                                                \
		{.letter = 'k',                                                               \
		 .name = "kernel-threads-only",                                               \
		 .type = OPTION_FLAG,                                                         \
		 .offset = offsetof(struct live_config, kernel_threads),                      \
		 .help = "kernel threads only"},                                              \
		{.letter = 'm',                                                               \
		 .name = "min-block-time",                                                    \
		 .arg = "US",                                                                 \
		 .type = OPTION_U64,                                                          \
		 .offset = offsetof(struct live_config, min_us),                              \
		 .max = UINT64_MAX / 1000,                                                    \
		 .help = "only intervals of at least US microseconds"},                       \
	{                                                                                     \
		.letter = 'M', .name = "max-block-time", .arg = "US", .type = OPTION_U64,     \
		.offset = offsetof(struct live_config, max_us), .min = 1,                     \
		.max = UINT64_MAX / 1000, .help = "only intervals of at most US microseconds" \
	}

#define LIVE_START_OPTION                                                                   \
	{                                                                                   \
		.name = "start-at", .arg = "TIME", .type = OPTION_CUSTOM,                   \
		.parse = live_parse_start,                                                  \
		.help = "begin at TIME, to line up with other machines: 12:30:00 (local), " \
			"2026-01-31T12:30:00Z, +5s, or /10s for the next full ten seconds"  \
	}

/* The options of the commands that trace and show: struct live_config. */
extern const struct option_def live_options[];
/* Those of dwell record. */
extern const struct option_def live_record_options[];

/* Do the options go together? 0, or -EINVAL with error_set(). */
int live_check(const struct live_config *c);
/*
 * Loads the probes for @session; @command_pid: 0, or the child that will run the command. The config must stay as long as
 * the source. NULL + errno with error_set().
 */
struct source *live_source_open(const struct live_config *c, const struct offcpu_view *view,
				uint32_t command_pid, struct session *session);
/*
 * Adds the waits of goroutines to @source, where they are wanted: returns what to use in its place, which closes it. NULL + errno.
 */
struct source *live_add_goroutines(const struct live_config *c, const struct offcpu_view *view,
				   struct source *source);
/* Notes the facts of the run; warns of what the kernel withholds. 0 or -errno. */
int live_note(struct session *s, const struct live_config *config, char **command,
	      const struct offcpu_view *view, const struct source *source);

/* What the run took: noted for the outputs and recordings, said with the ledger unless @quiet. 0 or -errno. */
int live_note_usage(struct session *s, const struct source *source, bool quiet);

/*
 * Runs a live session as configured and writes the outputs (@outputs may be NULL: only the recording).
 * Returns the exit status; everything was said.
 */
int live_run(const struct live_config *config, int operand_cnt, char **operands, char **command,
	     bool write_outputs);

#endif
