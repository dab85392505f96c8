/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool os_is_terminal(FILE *f)
{
	return isatty(fileno(f));
}

int os_terminal_columns(FILE *f)
{
	struct winsize size;

	return ioctl(fileno(f), TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

bool os_terminal_colors(FILE *f)
{
	const char *term = getenv("TERM");

	return os_is_terminal(f) && term && strcmp(term, "dumb") != 0;
}
