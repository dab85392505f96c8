/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_terminal.h"

#include <io.h>
#include <windows.h>

#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 4
#endif

static HANDLE terminal_handle(FILE *f)
{
	return (HANDLE)_get_osfhandle(_fileno(f));
}

/* _isatty() takes every device for a terminal, NUL as well. */
bool os_is_terminal(FILE *f)
{
	DWORD mode;

	return GetConsoleMode(terminal_handle(f), &mode);
}

int os_terminal_columns(FILE *f)
{
	CONSOLE_SCREEN_BUFFER_INFO info;

	if (!GetConsoleScreenBufferInfo(terminal_handle(f), &info))
		return 0;
	return info.srWindow.Right - info.srWindow.Left + 1;
}

bool os_terminal_colors(FILE *f)
{
	HANDLE h = terminal_handle(f);
	DWORD mode;

	/* Before Windows 10 there is no such mode. */
	return GetConsoleMode(h, &mode) &&
	       SetConsoleMode(h, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}
