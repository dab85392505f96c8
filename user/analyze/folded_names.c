/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/folded_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define FOLDED_NAMES_MAX_BYTES (1u << 30)
#define FOLDED_NAMES_MAX       (1u << 24)

struct folded_name_key {
	const char *name;
	size_t len;
	bool root;
};

void folded_names__init(struct folded_names *n)
{
	*n = (struct folded_names){.cnt = 0};
	buf__init(&n->bytes, FOLDED_NAMES_MAX_BYTES);
	hash_index__init(&n->index);
	hash_index__init(&n->stacks);
}

void folded_names__fini(struct folded_names *n)
{
	buf__fini(&n->bytes);
	free(n->items);
	hash_index__fini(&n->index);
	hash_index__fini(&n->stacks);
}

/* ---- names ---- */

static bool folded_name_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct folded_names *n = owner;
	const struct folded_name *have = &n->items[pos];
	const struct folded_name_key *want = key;

	return have->len == want->len && have->root == want->root &&
	       !memcmp(n->bytes.data + have->at, want->name, want->len);
}

static uint64_t folded_name_hash(const char *name, size_t len, bool root)
{
	return hash_mix(hash_bytes(name, len), root);
}

uint32_t folded_names__find(const struct folded_names *n, const char *name, size_t len, bool root)
{
	struct folded_name_key key = {.name = name, .len = len, .root = root};
	uint32_t pos = hash_index__find(&n->index, folded_name_hash(name, len, root),
					folded_name_eq, n, &key);

	return pos == HASH_INDEX_NONE ? HASH_INDEX_NONE : n->items[pos].frame;
}

int folded_names__add(struct folded_names *n, const char *name, size_t len, bool root,
		      uint32_t frame)
{
	int err = n->bytes.len + len > FOLDED_NAMES_MAX_BYTES ? -E2BIG : 0;

	if (!err)
		err = array__grow((void **)&n->items, &n->cap, n->cnt + 1, sizeof(*n->items),
				  FOLDED_NAMES_MAX);
	if (err)
		return err;
	n->items[n->cnt] = (struct folded_name){
		.at = n->bytes.len, .len = (uint32_t)len, .frame = frame, .root = root};
	err = buf__append(&n->bytes, name, len);
	if (!err)
		err = hash_index__add(&n->index, folded_name_hash(name, len, root),
				      (uint32_t)n->cnt);
	n->cnt += !err;
	return err;
}

/* ---- stacks ---- */

struct folded_stack_key {
	const uint32_t *frames;
	uint32_t frame_cnt;
	uint8_t reason;
};

static bool folded_stack_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct profile *p = owner;
	const struct profile_sample *have = &p->samples[pos];
	const struct folded_stack_key *want = key;

	return have->frame_cnt == want->frame_cnt && have->reason == want->reason &&
	       !memcmp(p->frame_ids + have->first_frame, want->frames,
		       want->frame_cnt * sizeof(*want->frames));
}

int folded_names__add_row(struct folded_names *n, struct profile *p, struct profile_sample *row,
			  const uint32_t *frames, uint32_t frame_cnt)
{
	struct folded_stack_key key = {frames, frame_cnt, row->reason};
	uint64_t hash = hash_mix(hash_bytes(frames, frame_cnt * sizeof(*frames)), row->reason);
	uint32_t pos = hash_index__find(&n->stacks, hash, folded_stack_eq, p, &key);
	int err;

	if (pos != HASH_INDEX_NONE) {
		p->samples[pos].blocked_ns += row->blocked_ns;
		p->samples[pos].cnt += row->cnt;
		return 0;
	}
	err = hash_index__add(&n->stacks, hash, (uint32_t)p->sample_cnt);
	return err ? err : profile__add_sample(p, row, frames, frame_cnt);
}
