/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Lines of text on a screen of so many columns and rows, as bytes for the terminal. Nothing here knows a terminal: each line is put
 * at its place, never longer than the screen is wide, and only if it changed since the last time.
 *
 *   screen__init -> screen__resize -> (screen__line, screen__put...) for each row -> screen__flush -> ... -> screen__fini
 *
 * Names come from the programs that are traced: what is no printable character becomes '?', and what has no width is left out.
 */
#ifndef OUTPUT_SCREEN_H
#define OUTPUT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define SCREEN_MAX_COLS 1000
#define SCREEN_MAX_ROWS 500

enum screen_style {
	SCREEN_PLAIN,
	SCREEN_BOLD,
	SCREEN_DIM,
	SCREEN_RED,
	SCREEN_REVERSE, /* the one that is no colour */
};

struct screen {
	int cols, rows;
	bool color; /* else only SCREEN_REVERSE is shown */
	bool ascii; /* '?' for all beyond */
	struct screen_row {
		struct buf text, shown; /* as of now, and as the terminal has it */
	} * lines;
	int row; /* at hand; -1: none */
	int col; /* its next column */
	enum screen_style style;
	bool all; /* the terminal's content is not known */
};

void screen__init(struct screen *s, bool color, bool ascii);
void screen__fini(struct screen *s);
/* More than the maxima are not used. 0 or -ENOMEM. */
int screen__resize(struct screen *s, int cols, int rows);
/* What the terminal shows is not known any more. */
void screen__forget(struct screen *s);
/* Begins row @row, which is empty then and all of @style. False: there is no such row; nothing is put anywhere then. */
bool screen__line(struct screen *s, int row, enum screen_style style);
/* Puts @text into the row at hand, in at most @max_cols columns (< 0: what is left), its end cut off as needed. */
void screen__put(struct screen *s, enum screen_style style, const char *text, int max_cols);
/* The same in exactly @cols columns as far as there are so many, to the right if @right. */
void screen__field(struct screen *s, enum screen_style style, const char *text, int cols,
		   bool right);
/* How many columns are left. */
int screen__left(const struct screen *s);
/* Blanks up to the right edge, for lines that have a colour of their own. */
void screen__fill(struct screen *s);
/* What is to be written so that the terminal shows it; rows that were not begun are empty. 0 or the buffer's error. */
int screen__flush(struct screen *s, struct buf *to);
/* The same as plain lines, without the blanks at their ends and rows that are empty at the end. */
int screen__text(const struct screen *s, struct buf *to);

#endif
