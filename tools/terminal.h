/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is known about the terminal. */
#ifndef TOOLS_TERMINAL_H
#define TOOLS_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"

/* Columns of the terminal behind @f, at most 200; 80 when it is none. */
int terminal_width(FILE *f);
/* May @f get colours? A terminal, TERM not dumb, NO_COLOR (no-color.org) not set. */
bool terminal_color(FILE *f);
bool terminal_is(FILE *f);
/* Shows the lines in @text on stderr; if some didn't fit into memory, that, too. */
void terminal_say(const struct buf *text);

#endif
