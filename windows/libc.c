/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <stdint.h>
#include <stdio.h>

#include "sort.h"

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

/* ---- sorting ---- */

void qsort_r(void *items, size_t cnt, size_t size,
	     int (*compare)(const void *a, const void *b, void *arg), void *arg)
{
	sort_stable(items, cnt, size, compare, arg);
}

static int sort_compare_plain(const void *a, const void *b, void *arg)
{
	return (*(libc_compare *)arg)(a, b);
}

void libc_qsort(void *items, size_t cnt, size_t size, libc_compare compare)
{
	qsort_r(items, cnt, size, sort_compare_plain, &compare);
}
