/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Frames by the bytes that a text has for them, and stacks by their frames. A text repeats both millions of times; what they
 * become in a profile is worked out once.
 */
#ifndef ANALYZE_FOLDED_NAMES_H
#define ANALYZE_FOLDED_NAMES_H

#include "base/buf.h"
#include "base/hash.h"
#include "model/profile.h"

struct folded_name {
	size_t at; /* of its bytes */
	uint32_t len;
	uint32_t frame; /* id in the profile */
	bool root;	/* it was the first of a stack, which makes it something else */
};

struct folded_names {
	struct buf bytes;
	struct folded_name *items;
	size_t cnt, cap;
	struct hash_index index;
	struct hash_index stacks; /* positions of samples */
};

void folded_names__init(struct folded_names *n);
void folded_names__fini(struct folded_names *n);
/* The frame of a name, HASH_INDEX_NONE: not seen yet. */
uint32_t folded_names__find(const struct folded_names *n, const char *name, size_t len, bool root);
/* 0; -E2BIG: no room, then it is not remembered; or -ENOMEM. */
int folded_names__add(struct folded_names *n, const char *name, size_t len, bool root,
		      uint32_t frame);

/*
 * Adds a row to the sample of @p that has its frames and reason, or makes one, which is remembered. All samples of @p have to come
 * this way. 0 or -errno.
 */
int folded_names__add_row(struct folded_names *n, struct profile *p, struct profile_sample *row,
			  const uint32_t *frames, uint32_t frame_cnt);

#endif
