/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The header lines of a request: ours, those of the command line, and those of a file, which are secret: no message has
 * them, nor has an answer that is shown to somebody.
 */
#ifndef APP_PUSH_HEADERS_H
#define APP_PUSH_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

#define PUSH_HEADERS_MAX_CNT   64
#define PUSH_HEADERS_MAX_BYTES 65536 /* of a file */

struct push_headers {
	char *lines[PUSH_HEADERS_MAX_CNT + 1]; /* "Name: value"; ends with NULL */
	size_t cnt;
	size_t secret_cnt; /* the last ones, out of a file */
};

void push_headers__fini(struct push_headers *h);
/* Is it "Name: value", fit to be sent? 0, or -EINVAL with error_set(), which doesn't show the line. */
int push_headers_check(const char *line);
/* Would everybody who sees the command line know a secret? */
bool push_headers_is_secret(const char *line);
/* Appends a copy. 0, -E2BIG, -ENOMEM; before the secret ones only. */
int push_headers__add(struct push_headers *h, const char *line);
/*
 * Appends the lines of @text, secret; empty ones and those that begin with '#' are skipped. 0, or -errno with error_set()
 * that names the line's number.
 */
int push_headers__add_secrets(struct push_headers *h, const char *text);
/* Replaces what is secret in @text by "***", in place. */
void push_headers__mask(const struct push_headers *h, char *text);

#define _cleanup_push_headers_ _cleanup_(push_headers__fini)

#endif
