/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Buffered output of a writer to a FILE, or to what packs it. The first error is kept, with its errno, and everything
 * after it is dropped, so that a writer checks once: in out__finish().
 */
#ifndef OUTPUT_OUT_H
#define OUTPUT_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/compiler.h"

/* Takes the next bytes. 0, or an error that ends the output. */
typedef int (*out_put_fn)(void *arg, const void *data, size_t len);

struct out {
	FILE *to;
	out_put_fn put; /* where there is no FILE */
	void *arg;
	int err; /* 0, or the first error as -errno */
	size_t len;
	char data[16384];
};

void out__init(struct out *o, FILE *to);
/* The same to @put; out__finish() gives it the rest. */
void out__init_put(struct out *o, out_put_fn put, void *arg);
/* Writes out what is buffered. 0, or the first error as -errno. */
int out__finish(struct out *o);

void out__append(struct out *o, const void *data, size_t len);
void out__puts(struct out *o, const char *s);
void out__putc(struct out *o, char c);
void out__u64(struct out *o, uint64_t v);
/* For short texts: at most 1023 bytes. No floating point: it would follow the locale. */
void out__printf(struct out *o, const char *fmt, ...) _printf_(2, 3);
/* @s as character data or attribute value of XML and HTML, well-formed whatever the bytes are. */
void out__xml(struct out *o, const char *s);

#endif
