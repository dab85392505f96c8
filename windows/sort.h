/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef WINDOWS_SORT_H
#define WINDOWS_SORT_H

#include <stddef.h>

/* As qsort_r(3), but what is equal stays in order. */
void sort_stable(void *items, size_t cnt, size_t size,
		 int (*compare)(const void *a, const void *b, void *arg), void *arg);

#endif
