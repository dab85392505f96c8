/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TERMINAL_DEFAULT_WIDTH 80
#define TERMINAL_MAX_WIDTH     200

bool terminal_is(FILE *f)
{
	return isatty(fileno(f));
}

int terminal_width(FILE *f)
{
	struct winsize size;

	if (!terminal_is(f) || ioctl(fileno(f), TIOCGWINSZ, &size) || size.ws_col < 20)
		return TERMINAL_DEFAULT_WIDTH;
	return size.ws_col < TERMINAL_MAX_WIDTH ? size.ws_col : TERMINAL_MAX_WIDTH;
}

bool terminal_color(FILE *f)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return terminal_is(f) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}
