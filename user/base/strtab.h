/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A string table: each distinct string once, named by a 32-bit id. Id 0 is "". */
#ifndef BASE_STRTAB_H
#define BASE_STRTAB_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"

struct strtab {
	struct buf bytes;	 /* the strings, each followed by a NUL */
	uint32_t *offsets;	 /* of string id, in bytes.data */
	size_t cnt, cap;	 /* ids in use, allocated */
	struct hash_index index; /* content -> id */
};

/* An empty table whose text may grow to @max_bytes. 0 or -ENOMEM. */
int strtab__init(struct strtab *t, size_t max_bytes);
void strtab__fini(struct strtab *t);
/* The id of @s, added if new. *@ret_id is untouched on failure: -ENOMEM, -E2BIG past the cap. */
int strtab__intern(struct strtab *t, const char *s, uint32_t *ret_id);
/* The text of an id; "" for an unknown one. Valid until the next intern. */
const char *strtab__get(const struct strtab *t, uint32_t id);

#endif
