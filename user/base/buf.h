/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A growable byte buffer with a mandatory cap.
 *
 * Errors are sticky: after the first failure (-ENOMEM, or -E2BIG past the cap) every call returns
 * that error and the content no longer changes, so a writer checks once, at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"

struct buf {
	char *data;	  /* NUL-terminated while not NULL */
	size_t len;	  /* bytes in use, without the NUL */
	size_t cap;	  /* bytes allocated */
	size_t max_bytes; /* the cap */
	int err;	  /* 0, or the first error */
};

/* An empty buffer that may grow to @max_bytes. Allocates nothing. */
void buf__init(struct buf *b, size_t max_bytes);
/* Frees the memory; accepts a zeroed or already finished buffer. */
void buf__fini(struct buf *b);
/* Empties the buffer and clears its error; keeps the memory. */
void buf__reset(struct buf *b);
/* Appends; 0, or the sticky error. */
int buf__append(struct buf *b, const void *data, size_t len);
int buf__puts(struct buf *b, const char *s);
int buf__putc(struct buf *b, char c);
int buf__printf(struct buf *b, const char *fmt, ...) _printf_(2, 3);
int buf__vprintf(struct buf *b, const char *fmt, va_list ap);
/* Room for @extra more bytes: a pointer to them, to be claimed with buf__advance(); NULL on error. */
void *buf__reserve(struct buf *b, size_t extra);
void buf__advance(struct buf *b, size_t len);
/* The content as a C string; "" when empty. Valid until the next change. */
const char *buf__str(const struct buf *b);

#define _cleanup_buf_ _cleanup_(buf__fini)

#endif
