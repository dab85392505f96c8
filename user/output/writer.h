/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Writers: each a pure function profile -> FILE *. Output is deterministic: sorted, no clock, no locale.
 * The table in writer.c is the only list of formats.
 */
#ifndef OUTPUT_WRITER_H
#define OUTPUT_WRITER_H

#include <stdbool.h>
#include <stdio.h>

#include "model/profile.h"

struct writer_opts {
	int width;   /* columns of the table; 0: 80 */
	int top_cnt; /* stacks in the table; 0: 20 */
	bool color;  /* the table may use ANSI colours */
	bool apart;  /* dump: threads with equal stacks one by one */
	bool kinds;  /* folded, ndjson: names end in what kind of frame it is */
	/*
	 * What to compare with, NULL: nothing; for folded, svg, html and table. It has the profile's strings and frames,
	 * and others of its samples (model/profile_append.h).
	 */
	const struct profile *base;
	unsigned int
		live_s; /* html, where it is served: the page asks for its address again, which takes so long */
	bool normalise;	     /* scale base to the profile's total */
	const char *segment; /* ndjson: id of the segment that the lines are in; NULL: none */
};

struct writer {
	const char *name; /* as in --format */
	const char *ext;  /* with the dot; "" when it has none */
	const char *help;
	bool compares; /* it can show the difference to writer_opts.base */
	bool waits; /* it shows single waits: the profile is made with them, where they are known */
	/* 0 or -errno (also for errors of the stream). */
	int (*write)(const struct profile *p, const struct writer_opts *opts, FILE *to);
};

extern const struct writer folded_writer, svg_writer, html_writer, json_writer, table_writer,
	locks_writer, pprof_writer, ndjson_writer, speedscope_writer, perfview_writer,
	ndjson_waits_writer, perfview_xml_writer, perfetto_writer;
/* Not among them: for the terminal, of a look at one moment. */
extern const struct writer dump_writer;

/* The writers in the order of help; ends with NULL. */
const struct writer *const *writers(void);
/* By name; NULL if unknown. */
const struct writer *writer_find(const char *name);
/* By the longest extension that @path ends with; NULL if none fits. */
const struct writer *writer_find_for_path(const char *path);

#endif
