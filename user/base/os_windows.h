/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the os_*_windows.c share: text, paths and errors between dwell, which has UTF-8 and errno, and Windows. */
#ifndef BASE_OS_WINDOWS_H
#define BASE_OS_WINDOWS_H

#include <wchar.h>

/* The errno of what GetLastError() says, negative. */
int os_windows_error(void);
/* UTF-8 to UTF-16 and back; half pairs and bytes that are no UTF-8 go by as replacement characters. To be freed; NULL: no memory. */
wchar_t *os_windows_wide(const char *text);
char *os_windows_utf8(const wchar_t *wide);
/*
 * The file at @path as the system wants it: absolute and, where it is long, beginning with \\?\, which lifts the limit of 260
 * characters. To be freed. NULL + errno.
 */
wchar_t *os_windows_path(const char *path);

#endif
