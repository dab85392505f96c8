/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The only way bytes that came from a file or another process are read: a bounded cursor.
 *
 * Errors are sticky (-EBADMSG once a read goes past the end); reads after that return zeros or
 * NULL, so a parser may read a whole struct and check once. All integers are little endian and
 * may be unaligned.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *start; /* for cursor__offset() */
	const uint8_t *pos;
	const uint8_t *end;
	int err; /* 0 or -EBADMSG */
};

static inline struct cursor cursor_over(const void *data, size_t len)
{
	const uint8_t *p = data;

	return (struct cursor){.start = p, .pos = p, .end = p ? p + len : p, .err = 0};
}

static inline size_t cursor__left(const struct cursor *c)
{
	return c->err ? 0 : (size_t)(c->end - c->pos);
}

static inline size_t cursor__offset(const struct cursor *c)
{
	return (size_t)(c->pos - c->start);
}

/* The next @len bytes, or NULL past the end. */
static inline const void *cursor__bytes(struct cursor *c, size_t len)
{
	const void *p = c->pos;

	if (cursor__left(c) < len) {
		c->err = -EBADMSG;
		return NULL;
	}
	c->pos += len;
	return p;
}

static inline void cursor__skip(struct cursor *c, size_t len)
{
	cursor__bytes(c, len);
}

#define CURSOR_INT(name, type)                                  \
	static inline type cursor__##name(struct cursor *c)     \
	{                                                       \
		const void *p = cursor__bytes(c, sizeof(type)); \
		type v = 0;                                     \
                                                                \
		if (!c->err)                                    \
			memcpy(&v, p, sizeof(v));               \
		return v;                                       \
	}
CURSOR_INT(u8, uint8_t)
CURSOR_INT(u16, uint16_t)
CURSOR_INT(u32, uint32_t)
CURSOR_INT(u64, uint64_t)
#undef CURSOR_INT

/* A NUL-terminated string inside the buffer; NULL when no NUL comes before the end. */
static inline const char *cursor__cstr(struct cursor *c)
{
	const char *s = (const char *)c->pos;
	const void *nul = cursor__left(c) ? memchr(s, 0, cursor__left(c)) : NULL;

	if (!nul) {
		c->err = -EBADMSG;
		return NULL;
	}
	c->pos = (const uint8_t *)nul + 1;
	return s;
}

#endif
