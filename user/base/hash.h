/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Hash functions and a hash index.
 *
 * The objects themselves live in an array of their owner; the index maps a 64-bit hash to positions
 * in that array. Open addressing, linear probing, no deletion of single entries (owners that evict
 * rebuild). The caller compares keys, so equal hashes are never mistaken for equal keys.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_INDEX_NONE UINT32_MAX

struct hash_index {
	struct hash_slot *slots; /* power of two of them */
	size_t cap;
	size_t cnt;
};

/* Says whether the object at @pos of the owner's array has the key @key. */
typedef bool (*hash_eq_fn)(const void *owner, uint32_t pos, const void *key);

void hash_index__init(struct hash_index *x);
void hash_index__fini(struct hash_index *x);
/* Forgets all entries, keeps the memory. */
void hash_index__clear(struct hash_index *x);
/* The position stored for @key, or HASH_INDEX_NONE. */
uint32_t hash_index__find(const struct hash_index *x, uint64_t hash, hash_eq_fn eq,
			  const void *owner, const void *key);
/* Adds an entry; the key must not be there yet. 0 or -ENOMEM. */
int hash_index__add(struct hash_index *x, uint64_t hash, uint32_t pos);

/* 64-bit hashes; stable over runs and machines. Not for untrusted floods of keys. */
uint64_t hash_bytes(const void *data, size_t len);
uint64_t hash_u64(uint64_t v);
static inline uint64_t hash_mix(uint64_t h, uint64_t v)
{
	return hash_u64(h ^ (v + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2)));
}

#endif
