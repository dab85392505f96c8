/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void buf__init(struct buf *b, size_t max_bytes)
{
	memset(b, 0, sizeof(*b));
	b->max_bytes = max_bytes;
}

void buf__fini(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

void buf__reset(struct buf *b)
{
	b->len = 0;
	b->err = 0;
	if (b->data)
		b->data[0] = '\0';
}

void *buf__reserve(struct buf *b, size_t extra)
{
	size_t need, cap;
	char *data;

	if (b->err)
		return NULL;
	if (extra > b->max_bytes || b->len > b->max_bytes - extra) {
		b->err = -E2BIG;
		return NULL;
	}
	need = b->len + extra + 1;
	if (need > b->cap) {
		cap = b->cap * 2 > need ? b->cap * 2 : need;
		if (cap < 64)
			cap = 64;
		data = realloc(b->data, cap);
		if (!data) {
			b->err = -ENOMEM;
			return NULL;
		}
		b->data = data;
		b->data[b->len] = '\0';
		b->cap = cap;
	}
	return b->data + b->len;
}

void buf__advance(struct buf *b, size_t len)
{
	b->len += len;
	b->data[b->len] = '\0';
}

int buf__append(struct buf *b, const void *data, size_t len)
{
	void *to = buf__reserve(b, len);

	if (!to)
		return b->err;
	if (len)
		memcpy(to, data, len);
	buf__advance(b, len);
	return 0;
}

int buf__puts(struct buf *b, const char *s)
{
	return buf__append(b, s, strlen(s));
}

int buf__putc(struct buf *b, char c)
{
	return buf__append(b, &c, 1);
}

int buf__vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	void *to;
	int n;

	if (b->err)
		return b->err;
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return b->err = -EINVAL;
	to = buf__reserve(b, (size_t)n);
	if (!to)
		return b->err;
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return 0;
}

int buf__printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = buf__vprintf(b, fmt, ap);
	va_end(ap);
	return err;
}

const char *buf__str(const struct buf *b)
{
	return b->data ? b->data : "";
}
