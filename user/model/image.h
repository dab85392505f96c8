/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Images: a process between two execs, with its executable mappings. What turns an address into
 * (module, offset).
 */
#ifndef MODEL_IMAGE_H
#define MODEL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "wire.h"

#define IMAGE_MAX_CNT	   (1u << 22)
#define IMAGE_MAX_MAPPINGS 65536 /* vm.max_map_count's default is 65530 */

struct mapping {
	uint64_t start, end; /* addresses */
	uint64_t file_off;   /* of start */
	uint32_t module;     /* id */
	bool writable;
	bool anon; /* no file: each image has names of its own for what is in it */
};

struct image {
	struct wire_image key;
	struct mapping *mappings; /* sorted by start, never overlapping */
	size_t mapping_cnt, mapping_cap;
	uint32_t parent;  /* position + 1 of the image it was forked from; 0: unknown */
	uint32_t used;	  /* the table's generation when it was last wanted */
	bool read_once;	  /* mappings were received at least once */
	bool has_jitdump; /* it tells of its code when that is made, with times */
};

struct image_table {
	struct image *items;
	size_t cnt, cap;
	uint32_t generation; /* see image_table__use() */
	struct hash_index index;
};

void image_table__init(struct image_table *t);
void image_table__fini(struct image_table *t);
/* Find or add. NULL + errno (ENOMEM, E2BIG). The pointer is valid until the next get. */
struct image *image_table__get(struct image_table *t, const struct wire_image *key);
struct image *image_table__find(const struct image_table *t, const struct wire_image *key);
/* Records that @child began as a copy of @parent (both are got). 0 or -errno. */
int image_table__fork(struct image_table *t, const struct wire_image *parent,
		      const struct wire_image *child);
/*
 * The mapping of @addr in @img, or, when the image has no mapping there and nothing was ever read for
 * it, in the images that it was forked from (at most 64 steps up). NULL: none.
 */
const struct mapping *image_table__resolve(const struct image_table *t, const struct image *img,
					   uint64_t addr);

/* The mappings that @img has, or, as long as nothing was ever read for it, its ancestors. Sorted. */
const struct mapping *image_table__mappings(const struct image_table *t, const struct image *img,
					    size_t *ret_cnt);

/* For runs without an end: an image, and those whose mappings it shares, are wanted in this generation. */
void image_table__use(struct image_table *t, const struct wire_image *key);
/* Removes the images that were not used in this generation. 0 or -ENOMEM: then none was. */
int image_table__sweep(struct image_table *t);

/* Adds a mapping; what it overlaps is cut or removed, as mmap does. 0, -ENOMEM, -E2BIG, -EINVAL. */
int image__add_mapping(struct image *img, const struct mapping *m);
/* Forgets the mappings, before they are all read again. */
void image__reset_mappings(struct image *img);
const struct mapping *image__find_mapping(const struct image *img, uint64_t addr);

#endif
