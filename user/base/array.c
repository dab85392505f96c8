/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/array.h"

#include <errno.h>
#include <stdlib.h>

int array__grow(void **data, size_t *cap, size_t need, size_t elem_size, size_t max)
{
	size_t n = *cap ? *cap : 16;
	void *p;

	if (need <= *cap)
		return 0;
	if (need > max)
		return -E2BIG;
	while (n < need)
		n *= 2;
	if (n > max)
		n = max;
	p = reallocarray(*data, n, elem_size);
	if (!p)
		return -ENOMEM;
	*data = p;
	*cap = n;
	return 0;
}

void array__shrink(void **data, size_t *cap, size_t cnt, size_t elem_size)
{
	size_t n = cnt < 16 ? 16 : cnt;
	void *p;

	if (n >= *cap / 4)
		return;
	p = reallocarray(*data, n, elem_size);
	/* A smaller block is hardly ever refused; then the larger one stays. */
	if (!p)
		return;
	*data = p;
	*cap = n;
}
