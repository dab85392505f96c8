/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct hash_slot {
	uint64_t hash;
	uint32_t pos; /* HASH_INDEX_NONE: free */
};

void hash_index__init(struct hash_index *x)
{
	memset(x, 0, sizeof(*x));
}

void hash_index__fini(struct hash_index *x)
{
	free(x->slots);
	memset(x, 0, sizeof(*x));
}

void hash_index__clear(struct hash_index *x)
{
	for (size_t i = 0; i < x->cap; i++)
		x->slots[i].pos = HASH_INDEX_NONE;
	x->cnt = 0;
}

uint32_t hash_index__find(const struct hash_index *x, uint64_t hash, hash_eq_fn eq,
			  const void *owner, const void *key)
{
	size_t i;

	if (!x->cnt)
		return HASH_INDEX_NONE;
	for (i = hash & (x->cap - 1);; i = (i + 1) & (x->cap - 1)) {
		const struct hash_slot *s = &x->slots[i];

		if (s->pos == HASH_INDEX_NONE)
			return HASH_INDEX_NONE;
		if (s->hash == hash && eq(owner, s->pos, key))
			return s->pos;
	}
}

static void hash_index_put(struct hash_slot *slots, size_t cap, uint64_t hash, uint32_t pos)
{
	size_t i = hash & (cap - 1);

	while (slots[i].pos != HASH_INDEX_NONE)
		i = (i + 1) & (cap - 1);
	slots[i] = (struct hash_slot){.hash = hash, .pos = pos};
}

int hash_index__add(struct hash_index *x, uint64_t hash, uint32_t pos)
{
	if ((x->cnt + 1) * 4 > x->cap * 3) {
		size_t cap = x->cap ? x->cap * 2 : 64;
		struct hash_slot *slots = malloc(cap * sizeof(*slots));

		if (!slots)
			return -ENOMEM;
		for (size_t i = 0; i < cap; i++)
			slots[i].pos = HASH_INDEX_NONE;
		for (size_t i = 0; i < x->cap; i++)
			if (x->slots[i].pos != HASH_INDEX_NONE)
				hash_index_put(slots, cap, x->slots[i].hash, x->slots[i].pos);
		free(x->slots);
		x->slots = slots;
		x->cap = cap;
	}
	hash_index_put(x->slots, x->cap, hash, pos);
	x->cnt++;
	return 0;
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t hash_u64(uint64_t v)
{
	v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9ull;
	v = (v ^ (v >> 27)) * 0x94d049bb133111ebull;
	return v ^ (v >> 31);
}

uint64_t hash_bytes(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = hash_u64(len + 1), v;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&v, p, 8);
		h = hash_mix(h, v);
	}
	v = 0;
	if (len)
		memcpy(&v, p, len);
	return hash_mix(h, v);
}
