/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Goroutines that leak, as text and as JSON: pure functions of what was seen. */
#ifndef OUTPUT_GOROUTINES_LEAKS_H
#define OUTPUT_GOROUTINES_LEAKS_H

#include <stdio.h>

#include "analyze/go_channel_facts.h"
#include "base/buf.h"

struct goroutines_leaks_report {
	const struct go_look *look;   /* the last one */
	const struct go_leaks *leaks; /* judged by it */
	bool runtime;		      /* functions of the runtime are wanted in stacks */
	bool color;
};

/* A site by itself, with a stack. 0 or -errno, also for errors of the stream; so are the others. */
int goroutines_write_leak(const struct goroutines_leaks_report *r, const struct go_leak *leak,
			  const struct go_channel_facts *facts, FILE *to);
/* The sum: a line, and a row for each site. */
int goroutines_write_leaks(const struct goroutines_leaks_report *r, FILE *to);
/* One object, and a newline. @facts: of each of leaks->found. */
int goroutines_write_leaks_json(const struct goroutines_leaks_report *r,
				const struct go_channel_facts *facts, FILE *to);

/* What the goroutines of a site wait at, for people: "a send to an unbuffered channel that nobody receives from; ..."; "" if it isn't known. */
void go_channel_facts__text(const struct go_channel_facts *f, const struct go_leak *leak,
			    struct buf *to);
/* The goroutine that created the example of a site; NULL: it has ended, or isn't known (leak->example.parent_goid is 0). */
const struct goroutine *go_leak__parent(const struct go_leak *leak, const struct go_look *look);

#endif
