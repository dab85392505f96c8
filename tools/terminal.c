/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "terminal.h"

#include <stdlib.h>

#include "base/os_terminal.h"

#define TERMINAL_DEFAULT_WIDTH 80
#define TERMINAL_MAX_WIDTH     200

bool terminal_is(FILE *f)
{
	return os_is_terminal(f);
}

int terminal_width(FILE *f)
{
	int columns = terminal_is(f) ? os_terminal_columns(f) : 0;

	if (columns < 20)
		return TERMINAL_DEFAULT_WIDTH;
	return columns < TERMINAL_MAX_WIDTH ? columns : TERMINAL_MAX_WIDTH;
}

bool terminal_color(FILE *f)
{
	const char *no_color = getenv("NO_COLOR");

	return !(no_color && *no_color) && os_terminal_colors(f);
}

void terminal_say(const struct buf *text)
{
	fputs(buf__str(text), stderr);
	if (text->err)
		fputs("... (cut: not enough memory)\n", stderr);
}
