/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Attributes and scope-bound cleanup used everywhere. `_cleanup_(f)` runs f(&variable) when the
 * variable leaves its scope, so an early return can't leak.
 */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include <stdlib.h>

#ifdef _WIN32 /* where "printf" means that of the system's library, which is another one */
#define _printf_(fmt, args) __attribute__((format(gnu_printf, fmt, args)))
#else
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#endif
#define _cleanup_(f) __attribute__((cleanup(f)))
#define _unused_     __attribute__((unused))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* gcc 12 says of variables that were set to NULL that they were not, when they are freed so. */
#if __GNUC__ >= 12
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-use-of-uninitialized-value"
#endif
static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}
#if __GNUC__ >= 12
#pragma GCC diagnostic pop
#endif
#define _cleanup_free_ _cleanup_(cleanup_free)

#endif
