/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Growth of plain arrays, with a cap. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/*
 * Makes room in *@data (elements of @elem_size bytes, *@cap allocated) for @need elements, doubling.
 * 0; -ENOMEM; -E2BIG when @need exceeds @max. The array is unchanged on failure. New elements are
 * not initialised.
 */
int array__grow(void **data, size_t *cap, size_t need, size_t elem_size, size_t max);

/* Gives memory back when less than a quarter of what is allocated is in use. */
void array__shrink(void **data, size_t *cap, size_t cnt, size_t elem_size);

#endif
