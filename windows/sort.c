/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Sorting by merging, from the bottom up. What is equal stays in order. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sort.h"

struct sort {
	size_t size;
	int (*compare)(const void *a, const void *b, void *arg);
	void *arg;
};

/* Merges @a and @b, which lie one behind the other, to @to. */
static void sort_merge(const struct sort *s, const char *a, size_t a_cnt, const char *b,
		       size_t b_cnt, char *to)
{
	while (a_cnt && b_cnt) {
		if (s->compare(a, b, s->arg) <= 0) {
			memcpy(to, a, s->size);
			a += s->size;
			a_cnt--;
		} else {
			memcpy(to, b, s->size);
			b += s->size;
			b_cnt--;
		}
		to += s->size;
	}
	memcpy(to, a, a_cnt * s->size);
	memcpy(to + a_cnt * s->size, b, b_cnt * s->size);
}

static void sort_pass(const struct sort *s, const char *from, char *to, size_t cnt, size_t run)
{
	for (size_t i = 0; i < cnt; i += 2 * run) {
		size_t a_cnt = cnt - i < run ? cnt - i : run;
		size_t b_cnt = cnt - i - a_cnt < run ? cnt - i - a_cnt : run;

		sort_merge(s, from + i * s->size, a_cnt, from + (i + a_cnt) * s->size, b_cnt,
			   to + i * s->size);
	}
}

/* Without memory for a copy, slowly. */
static void sort_in_place(const struct sort *s, char *items, size_t cnt)
{
	for (size_t i = 1; i < cnt; i++)
		for (size_t j = i; j; j--) {
			char *a = items + (j - 1) * s->size, *b = a + s->size;

			if (s->compare(a, b, s->arg) <= 0)
				break;
			for (size_t k = 0; k < s->size; k++) {
				char c = a[k];

				a[k] = b[k];
				b[k] = c;
			}
		}
}

void sort_stable(void *items, size_t cnt, size_t size,
		 int (*compare)(const void *a, const void *b, void *arg), void *arg)
{
	const struct sort s = {size, compare, arg};
	char *copy = cnt < 2 ? NULL : malloc(cnt * size), *from = items, *to = copy;

	if (cnt < 2)
		return;
	if (!copy) {
		sort_in_place(&s, items, cnt);
		return;
	}
	for (size_t run = 1; run < cnt; run *= 2) {
		char *next = from;

		sort_pass(&s, from, to, cnt, run);
		from = to;
		to = next;
	}
	if (from != items)
		memcpy(items, from, cnt * size);
	free(copy);
}
