/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The timeline of the HTML page: its data. timeline.js draws it. */
#ifndef OUTPUT_HTML_TIMELINE_H
#define OUTPUT_HTML_TIMELINE_H

#include "output/json_writer.h"
#include "output/timeline.h"

/* A member "timeline" of the page's data; threads are their positions in it. */
void html_timeline__write(struct json *j, const struct timeline *t, const struct profile *p);

extern const char html_timeline_text[]; /* the section of the page */

#endif
