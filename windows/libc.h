/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the C library of Windows lacks and the GNU one has. The makefile includes this before each file of dwell.exe, so that
 * those know nothing of it. Nothing here speaks to the operating system: that is for base/os_*_windows.c.
 */
#ifndef WINDOWS_LIBC_H
#define WINDOWS_LIBC_H

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <errno.h>

#ifndef EDQUOT
#define EDQUOT 1133 /* as Winsock has it less WSABASEERR, behind all of the library's own */
#endif

#ifndef ESHUTDOWN
#define ESHUTDOWN 1058 /* likewise */
#endif
#ifndef NAME_MAX
#define NAME_MAX 255
#endif

/* Memory goes back to the system by itself. */
static inline int malloc_trim(size_t pad)
{
	(void)pad;
	return 0;
}

void *reallocarray(void *p, size_t cnt, size_t size);
char *strndup(const char *s, size_t max_len);
void *memrchr(const void *data, int c, size_t len);

time_t timegm(struct tm *tm);
struct tm *gmtime_r(const time_t *t, struct tm *ret);
struct tm *localtime_r(const time_t *t, struct tm *ret);

/* GNU's sort is stable, so what is equal stays in order; that of Windows is not, and output would differ. */
typedef int (*libc_compare)(const void *a, const void *b);
void libc_qsort(void *items, size_t cnt, size_t size, libc_compare compare);
void qsort_r(void *items, size_t cnt, size_t size,
	     int (*compare)(const void *a, const void *b, void *arg), void *arg);
#define qsort libc_qsort

/* The library's own texts end with the errors of MS-DOS. */
const char *libc_strerror(int err);
#define strerror libc_strerror

#endif
