/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"

#define IMAGE_MAX_ANCESTORS 64

void image_table__init(struct image_table *t)
{
	memset(t, 0, sizeof(*t));
	hash_index__init(&t->index);
}

void image_table__fini(struct image_table *t)
{
	for (size_t i = 0; i < t->cnt; i++)
		free(t->items[i].mappings);
	free(t->items);
	hash_index__fini(&t->index);
	memset(t, 0, sizeof(*t));
}

static uint64_t image_hash(const struct wire_image *key)
{
	return hash_mix(hash_mix(key->pid, key->exec_id), key->start_ns);
}

static bool image_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct wire_image *a = &((const struct image_table *)owner)->items[pos].key;
	const struct wire_image *b = key;

	return a->pid == b->pid && a->exec_id == b->exec_id && a->start_ns == b->start_ns;
}

struct image *image_table__find(const struct image_table *t, const struct wire_image *key)
{
	uint32_t pos = hash_index__find(&t->index, image_hash(key), image_eq, t, key);

	return pos == HASH_INDEX_NONE ? NULL : &t->items[pos];
}

static int image_table_add(struct image_table *t, const struct wire_image *key)
{
	int err;

	err = array__grow((void **)&t->items, &t->cap, t->cnt + 1, sizeof(*t->items),
			  IMAGE_MAX_CNT);
	if (!err)
		err = hash_index__add(&t->index, image_hash(key), (uint32_t)t->cnt);
	if (err)
		return err;
	t->items[t->cnt++] = (struct image){.key = *key};
	return 0;
}

struct image *image_table__get(struct image_table *t, const struct wire_image *key)
{
	struct image *img = image_table__find(t, key);
	int err;

	if (img)
		return img;
	err = image_table_add(t, key);
	if (err) {
		errno = -err;
		return NULL;
	}
	return &t->items[t->cnt - 1];
}

int image_table__fork(struct image_table *t, const struct wire_image *parent,
		      const struct wire_image *child)
{
	struct image *img = image_table__get(t, parent);
	uint32_t pos;

	if (!img)
		return -errno;
	pos = (uint32_t)(img - t->items);
	img = image_table__get(t, child);
	if (!img)
		return -errno;
	if (img != &t->items[pos])
		img->parent = pos + 1;
	return 0;
}

const struct mapping *image_table__resolve(const struct image_table *t, const struct image *img,
					   uint64_t addr)
{
	const struct mapping *m = image__find_mapping(img, addr);

	for (int i = 0; i < IMAGE_MAX_ANCESTORS; i++) {
		if (m || img->read_once || !img->parent || img->parent > t->cnt)
			break;
		img = &t->items[img->parent - 1];
		m = image__find_mapping(img, addr);
	}
	return m;
}

const struct mapping *image_table__mappings(const struct image_table *t, const struct image *img,
					    size_t *ret_cnt)
{
	for (int i = 0; i < IMAGE_MAX_ANCESTORS && !img->read_once; i++) {
		if (!img->parent || img->parent > t->cnt)
			break;
		img = &t->items[img->parent - 1];
	}
	*ret_cnt = img->mapping_cnt;
	return img->mappings;
}

/* The position of the first mapping that ends after @addr. */
static size_t image_first_after(const struct image *img, uint64_t addr)
{
	size_t lo = 0, hi = img->mapping_cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (img->mappings[mid].end > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

const struct mapping *image__find_mapping(const struct image *img, uint64_t addr)
{
	size_t i = image_first_after(img, addr);

	return i < img->mapping_cnt && img->mappings[i].start <= addr ? &img->mappings[i] : NULL;
}

/*
 * What remains of the mappings [@first, @last) around @m, and @m itself between: up to three mappings
 * to take their place, in order.
 */
static size_t image_cut(const struct image *img, size_t first, size_t last, const struct mapping *m,
			struct mapping *to)
{
	size_t n = 0;

	if (first < last && img->mappings[first].start < m->start) {
		to[n] = img->mappings[first];
		to[n++].end = m->start;
	}
	to[n++] = *m;
	if (first < last && img->mappings[last - 1].end > m->end) {
		to[n] = img->mappings[last - 1];
		to[n].file_off += m->end - to[n].start;
		to[n++].start = m->end;
	}
	return n;
}

int image__add_mapping(struct image *img, const struct mapping *m)
{
	struct mapping pieces[3];
	size_t first, last, n, tail;
	int err;

	if (m->start >= m->end)
		return -EINVAL;
	first = last = image_first_after(img, m->start);
	while (last < img->mapping_cnt && img->mappings[last].start < m->end)
		last++;
	n = image_cut(img, first, last, m, pieces);
	tail = img->mapping_cnt - last;
	err = array__grow((void **)&img->mappings, &img->mapping_cap, first + n + tail,
			  sizeof(*img->mappings), IMAGE_MAX_MAPPINGS);
	if (err)
		return err;
	memmove(&img->mappings[first + n], &img->mappings[last], tail * sizeof(*img->mappings));
	memcpy(&img->mappings[first], pieces, n * sizeof(*pieces));
	img->mapping_cnt = first + n + tail;
	img->read_once = true;
	return 0;
}

void image__reset_mappings(struct image *img)
{
	img->mapping_cnt = 0;
}

void image_table__use(struct image_table *t, const struct wire_image *key)
{
	struct image *img = image_table__find(t, key);

	for (int i = 0; img && i < IMAGE_MAX_ANCESTORS; i++) {
		img->used = t->generation;
		if (img->read_once || !img->parent || img->parent > t->cnt)
			break;
		img = &t->items[img->parent - 1];
	}
}

/* Where each image goes, + 1; 0: it goes. And an index of those that stay. 0 or -ENOMEM. */
static int image_table_plan(const struct image_table *t, uint32_t *places, struct hash_index *ret)
{
	struct hash_index index;
	uint32_t kept = 0;
	int err = 0;

	hash_index__init(&index);
	for (size_t i = 0; !err && i < t->cnt; i++) {
		if (t->items[i].used != t->generation)
			continue;
		err = hash_index__add(&index, image_hash(&t->items[i].key), kept);
		places[i] = ++kept;
	}
	if (err)
		hash_index__fini(&index);
	else
		*ret = index;
	return err;
}

int image_table__sweep(struct image_table *t)
{
	_cleanup_free_ uint32_t *places = calloc(t->cnt + 1, sizeof(*places));
	struct hash_index index;
	size_t kept = 0;
	int err;

	err = places ? image_table_plan(t, places, &index) : -ENOMEM;
	if (err)
		return err;
	hash_index__fini(&t->index);
	t->index = index;
	for (size_t i = 0; i < t->cnt; i++) {
		struct image img = t->items[i];

		if (!places[i]) {
			free(img.mappings);
			continue;
		}
		if (img.parent)
			img.parent = img.parent <= t->cnt ? places[img.parent - 1] : 0;
		t->items[kept++] = img;
	}
	t->cnt = kept;
	array__shrink((void **)&t->items, &t->cap, t->cnt, sizeof(*t->items));
	return 0;
}
