/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <stdint.h>
#include <stdio.h>

#undef strerror

/* ---- memory and strings ---- */

void *reallocarray(void *p, size_t cnt, size_t size)
{
	if (size && cnt > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, cnt * size);
}

char *strndup(const char *s, size_t max_len)
{
	size_t len = strnlen(s, max_len);
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

void *memrchr(const void *data, int c, size_t len)
{
	const unsigned char *p = data;

	while (len)
		if (p[--len] == (unsigned char)c)
			return (void *)(uintptr_t)(p + len);
	return NULL;
}

const char *libc_strerror(int err)
{
	static const struct {
		int err;
		const char *text;
	} texts[] = {
		{EBADMSG, "Bad message"},
		{EDQUOT, "Disk quota exceeded"},
		{ELOOP, "Too many levels of symbolic links"},
		{ENODATA, "No data available"},
		{ENOTSUP, "Operation not supported"},
		{EOPNOTSUPP, "Operation not supported"},
		{EOVERFLOW, "Value too large for defined data type"},
		{ETIMEDOUT, "Connection timed out"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].err == err)
			return texts[i].text;
	return strerror(err);
}

/* ---- time ---- */

time_t timegm(struct tm *tm)
{
	return _mkgmtime(tm);
}

struct tm *gmtime_r(const time_t *t, struct tm *ret)
{
	return gmtime_s(ret, t) ? NULL : ret;
}

struct tm *localtime_r(const time_t *t, struct tm *ret)
{
	return localtime_s(ret, t) ? NULL : ret;
}

/* ---- sorting: by merging, from the bottom up ---- */

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

void qsort_r(void *items, size_t cnt, size_t size,
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

static int sort_compare_plain(const void *a, const void *b, void *arg)
{
	return (*(libc_compare *)arg)(a, b);
}

void libc_qsort(void *items, size_t cnt, size_t size, libc_compare compare)
{
	qsort_r(items, cnt, size, sort_compare_plain, &compare);
}
