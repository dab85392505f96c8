/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void lock_table__init(struct lock_table *t)
{
	memset(t, 0, sizeof(*t));
	hash_index__init(&t->index);
}

void lock_table__fini(struct lock_table *t)
{
	for (size_t i = 0; i < t->cnt; i++)
		free(t->items[i].path);
	free(t->items);
	hash_index__fini(&t->index);
	memset(t, 0, sizeof(*t));
}

struct lock_key {
	const struct wire_image *image;
	uint64_t addr;
};

static bool lock_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct lock *a = &((const struct lock_table *)owner)->items[pos];
	const struct lock_key *b = key;

	return a->addr == b->addr && !memcmp(&a->image, b->image, sizeof(a->image));
}

static uint64_t lock_hash(const struct lock_key *k)
{
	return hash_mix(
		hash_mix(k->image->start_ns, (uint64_t)k->image->pid << 32 | k->image->exec_id),
		k->addr);
}

const struct lock *lock_table__find(const struct lock_table *t, const struct wire_image *image,
				    uint64_t addr)
{
	struct lock_key key = {image, addr};
	uint32_t pos = hash_index__find(&t->index, lock_hash(&key), lock_eq, t, &key);

	return pos == HASH_INDEX_NONE ? NULL : &t->items[pos];
}

int lock_table__add(struct lock_table *t, const struct wire_lock *rec)
{
	struct lock_key key = {&rec->image, rec->addr};
	struct lock lock = {
		.image = rec->image,
		.addr = rec->addr,
		.dev = rec->dev,
		.inode = rec->inode,
		.file_off = rec->file_off,
	};
	int err;

	if (t->cnt >= LOCK_MAX_CNT || lock_table__find(t, &rec->image, rec->addr))
		return 0;
	lock.path = strndup(rec->path, LOCK_MAX_PATH_BYTES);
	err = lock.path ? array__grow((void **)&t->items, &t->cap, t->cnt + 1, sizeof(*t->items),
				      LOCK_MAX_CNT)
			: -ENOMEM;
	if (!err)
		err = hash_index__add(&t->index, lock_hash(&key), (uint32_t)t->cnt);
	if (err) {
		free(lock.path);
		return err;
	}
	t->items[t->cnt++] = lock;
	return 0;
}

int lock_table__sweep(struct lock_table *t, const struct image_table *images)
{
	struct hash_index index;
	size_t kept = 0;
	int err = 0;

	hash_index__init(&index);
	for (size_t i = 0; !err && i < t->cnt; i++) {
		const struct lock_key key = {&t->items[i].image, t->items[i].addr};

		if (image_table__find(images, key.image))
			err = hash_index__add(&index, lock_hash(&key), (uint32_t)kept++);
	}
	if (err) {
		hash_index__fini(&index);
		return err;
	}
	hash_index__fini(&t->index);
	t->index = index;
	kept = 0;
	for (size_t i = 0; i < t->cnt; i++) {
		if (image_table__find(images, &t->items[i].image))
			t->items[kept++] = t->items[i];
		else
			free(t->items[i].path);
	}
	t->cnt = kept;
	array__shrink((void **)&t->items, &t->cap, t->cnt, sizeof(*t->items));
	return 0;
}
