/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Futexes that processes share: what lies at their addresses. */
#ifndef MODEL_LOCK_H
#define MODEL_LOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/image.h"
#include "wire.h"

/* What a process makes up at will must not take the memory, nor end the run: further ones are known by their address only. */
#define LOCK_MAX_CNT	    16384
#define LOCK_MAX_PATH_BYTES 1024

struct lock {
	struct wire_image image;
	uint64_t addr;
	uint64_t dev, inode; /* 0: no file */
	uint64_t file_off;
	char *path; /* owned */
};

struct lock_table {
	struct lock *items;
	size_t cnt, cap;
	struct hash_index index;
};

void lock_table__init(struct lock_table *t);
void lock_table__fini(struct lock_table *t);
/* Takes a WIRE_LOCK record; a known one is ignored, and any when there are LOCK_MAX_CNT. 0 or -ENOMEM. */
int lock_table__add(struct lock_table *t, const struct wire_lock *rec);
/* NULL: nobody said. Valid until the next add. */
const struct lock *lock_table__find(const struct lock_table *t, const struct wire_image *image,
				    uint64_t addr);
/* For runs without an end: removes those of images that are not in @images. 0 or -ENOMEM: then none was. */
int lock_table__sweep(struct lock_table *t, const struct image_table *images);

#endif
