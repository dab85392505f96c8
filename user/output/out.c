/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/out.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "output/text.h"

void out__init(struct out *o, FILE *to)
{
	o->to = to;
	o->put = NULL;
	o->err = 0;
	o->len = 0;
}

void out__init_put(struct out *o, out_put_fn put, void *arg)
{
	out__init(o, NULL);
	o->put = put;
	o->arg = arg;
}

static void out_set_error(struct out *o)
{
	if (!o->err)
		o->err = errno ? -errno : -EIO;
}

static void out_flush(struct out *o)
{
	errno = 0;
	if (o->put) {
		if (!o->err && o->len)
			o->err = o->put(o->arg, o->data, o->len);
	} else if (!o->err && o->len && fwrite(o->data, 1, o->len, o->to) != o->len)
		out_set_error(o);
	o->len = 0;
}

int out__finish(struct out *o)
{
	out_flush(o);
	errno = 0;
	if (!o->err && !o->put && (fflush(o->to) || ferror(o->to)))
		out_set_error(o);
	return o->err;
}

void out__append(struct out *o, const void *data, size_t len)
{
	const char *from = data;

	while (len) {
		size_t n = sizeof(o->data) - o->len;

		if (n > len)
			n = len;
		memcpy(o->data + o->len, from, n);
		o->len += n;
		from += n;
		len -= n;
		if (o->len == sizeof(o->data))
			out_flush(o);
	}
}

void out__puts(struct out *o, const char *s)
{
	out__append(o, s, strlen(s));
}

void out__putc(struct out *o, char c)
{
	o->data[o->len++] = c;
	if (o->len == sizeof(o->data))
		out_flush(o);
}

void out__u64(struct out *o, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	out__append(o, digits + at, sizeof(digits) - at);
}

void out__printf(struct out *o, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out__puts(o, text);
}

void out__xml(struct out *o, const char *s)
{
	char bytes[4];
	size_t len;

	for (; *s; s += len) {
		uint32_t c = text_safe_char(s, &len);

		switch (c) {
		case '<':
			out__puts(o, "&lt;");
			break;
		case '>':
			out__puts(o, "&gt;");
			break;
		case '&':
			out__puts(o, "&amp;");
			break;
		case '"':
			out__puts(o, "&quot;");
			break;
		case '\'':
			out__puts(o, "&#39;");
			break;
		default:
			out__append(o, bytes, text_encode(c, bytes));
		}
	}
}
