/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the commands show that trace nothing: a recording, or stacks as text (format/folded_text.h). */
#ifndef TOOLS_LOAD_H
#define TOOLS_LOAD_H

#include <stdbool.h>

#include "analyze/folded_profile.h"
#include "app/moment.h"
#include "load_names.h"
#include "view.h"

/* A row of an option table; @parser calls load_parse_unit(). */
#define LOAD_UNIT_OPTION(parser)                                                               \
	{                                                                                      \
		.name = "unit", .arg = "UNIT", .type = OPTION_CUSTOM, .parse = (parser),       \
		.value = {.kind = VALUE_ONE_OF, .word = load_unit_word},                       \
		.help = "what the numbers of a text are: us, ns, ms or samples (default: us, " \
			"ns behind a tab and in JSON)"                                         \
	}

/* Which part of the time; rows of an option table, @since and @until call moment__parse(). */
#define LOAD_TIME_OPTIONS(since_parser, until_parser)                                              \
	{.name = "since",                                                                          \
	 .arg = "TIME",                                                                            \
	 .type = OPTION_CUSTOM,                                                                    \
	 .parse = (since_parser),                                                                  \
	 .help = "only what lies after TIME: 12:30:00 (local), 2026-01-31T12:30:00Z, @1769862600 " \
		 "or +90s (after the recording's start)"},                                         \
	{                                                                                          \
		.name = "until", .arg = "TIME", .type = OPTION_CUSTOM, .parse = (until_parser),    \
		.help = "only what lies before TIME"                                               \
	}

/* How a file is read. */
struct load_opts {
	enum folded_unit unit;	    /* of text */
	struct moment since, until; /* of recordings; MOMENT_NONE: from the start, to the end */
	const char *symbol_path; /* for modules of Windows in them; NULL: that of the environment */
};

/* 0, or -EINVAL with error_set(). */
int load_parse_unit(const char *value, enum folded_unit *ret_unit);
/* The words that it knows (struct value_hint). */
const char *load_unit_word(size_t i);

/* What files that are read here are called, mostly (struct value_hint). */
#define LOAD_EXTENSIONS ".dwell .folded .ndjson .pb.gz .etl .zip"

struct loaded {
	struct profile *profile;    /* owned */
	bool text;		    /* it came as text: there is no ledger */
	uint64_t row_cnt;	    /* then: its lines */
	char hint[LOAD_HINT_BYTES]; /* about symbols, for load_print_totals(); "": none */
};

/*
 * Reads @path, "-" for standard input, as @v says and, where that says nothing, as the file does: @v is completed. 0 or
 * -errno with error_set().
 */
int load_profile(struct view_config *v, const struct load_opts *opts, const char *path,
		 struct loaded *ret);
/*
 * Several of them as one, each shown as its own file says: what names end in is the same for all. A single one is not
 * changed. @l->text if any of them is.
 */
int load_profiles(struct view_config *v, const struct load_opts *opts, char **paths, int path_cnt,
		  struct loaded *ret);
/* The closing lines on stderr: the ledger, or what a text adds up to. */
void load_print_totals(const struct view_config *v, const struct loaded *l);

#endif
