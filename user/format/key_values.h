/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Small files of state between processes: one "key value" a line. Keys are made of a-z, 0-9 and '_', each once; a value
 * is any printable ASCII up to the end of the line.
 */
#ifndef FORMAT_KEY_VALUES_H
#define FORMAT_KEY_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define KEY_VALUES_MAX_BYTES 16384
#define KEY_VALUES_KEY_LEN   64 /* with the NUL */

struct key_values {
	struct buf text; /* the file */
};

void key_values__init(struct key_values *kv);
void key_values__fini(struct key_values *kv);
/* Appends a line. The first error is kept, see text.err: -EINVAL for a bad key, -E2BIG. Bytes that a value may not have become '?'. */
void key_values__add(struct key_values *kv, const char *key, const char *value);
void key_values__add_u64(struct key_values *kv, const char *key, uint64_t value);
/* Takes a file's content, which may be anything. 0, -EBADMSG, -E2BIG, -ENOMEM. @kv is initialised in any case. */
int key_values__parse(struct key_values *kv, const char *data, size_t len);
/* The value of a key: 0 and its text, cut to @size bytes; -ENOENT. */
int key_values__get(const struct key_values *kv, const char *key, char *ret_value, size_t size);
/* The same of a decimal number. -ENOENT, -EBADMSG when it is none. */
int key_values__get_u64(const struct key_values *kv, const char *key, uint64_t *ret_value);

#define _cleanup_key_values_ _cleanup_(key_values__fini)

#endif
