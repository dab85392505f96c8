/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The screen of `dwell top`, out of a view and what is known of the run. Pure: the same for a terminal, a pipe and a test. */
#ifndef OUTPUT_TOP_SCREEN_H
#define OUTPUT_TOP_SCREEN_H

#include "output/screen.h"
#include "output/top_view.h"

/* What fits in less is one line that says so. */
#define TOP_MIN_COLS 20
#define TOP_MIN_ROWS 5

#define TOP_LOST_BYTES	  160
#define TOP_MESSAGE_BYTES 512

struct top_facts {
	const char *target;
	uint64_t interval_ns; /* as asked for */
	uint64_t events_per_s;
	bool begun;		   /* there was a first interval */
	bool plain;		   /* for a pipe: no views to choose from, no keys, no cursor */
	char clock[16];		   /* when the interval ended, "12:00:01"; "": not known */
	char lost[TOP_LOST_BYTES]; /* what was, by name; "": nothing */
	char message[TOP_MESSAGE_BYTES]; /* the last one, "": none */
};

/* The counters of a window's ledger, as far as they are higher than those so far: what a window alone has may be less in the next. */
void top_note_lost(struct ledger *most, const struct ledger *l);
/* What was lost by the counters of @l, such as "spill_full 120 (1.25s), stack_lost 3"; "" if nothing was. */
void top_describe_lost(const struct ledger *l, char text[TOP_LOST_BYTES]);
/* How many lines of the view fit on a screen of @rows. */
int top_body_rows(const struct top_facts *facts, int rows);
/* Draws all of @s; the caller flushes it. */
void top_draw(struct screen *s, const struct top_view *v, const struct top_state *state,
	      const struct top_facts *facts);
/* A duration in at most six characters: "830ns", "1.25us", "125ms", "1250s". */
#define TOP_NS_LEN 16
const char *top_ns(char *ret, uint64_t ns);

#endif
