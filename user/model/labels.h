/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a program has said of its own waits: sets of keys and values, out of WIRE_LABELS records. In a profile a set is one text, which
 * labels_next() takes apart.
 */
#ifndef MODEL_LABELS_H
#define MODEL_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "wire.h"

#define LABELS_MAX_SETS (1u << 22)

/* A set as its record has it: key, NUL, value, NUL, and so on. */
struct label_set {
	uint64_t id;
	uint32_t len;
	char *text; /* Owned. */
};

struct label_table {
	struct label_set *items;
	size_t cnt, cap;
	struct hash_index index;
};

void label_table__init(struct label_table *t);
void label_table__fini(struct label_table *t);
/* Takes a record; of two with one id the first stays. 0, -ENOMEM, -E2BIG past LABELS_MAX_SETS. */
int label_table__add(struct label_table *t, const struct wire_labels *rec);
/* NULL for an unknown id. Valid until the next add. */
const struct label_set *label_table__find(const struct label_table *t, uint64_t id);
/* Appends the set as a profile has it, keys and values made clean (model/sanitise.h). 0 or the buffer's error. */
int label_set__write(const struct label_set *s, struct buf *to);

/* A label in a profile's text. */
struct label {
	const char *key, *value; /* not ended by a NUL */
	size_t key_len, value_len;
};

/* The next one of @*at, which moves on; false: there is no more. */
bool labels_next(const char **at, struct label *ret);

#endif
