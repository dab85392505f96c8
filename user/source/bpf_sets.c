/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_sets.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/array.h"
#include "base/hash.h"
#include "source/os_grace.h"

#define SETS_POOL_BYTES (UNWIND_MAX_MAPPINGS * sizeof(struct unwind_mapping))

/* A stretch of the pool: the mappings of one or more images. */
struct set_run {
	uint32_t first, cnt;
	uint32_t id;
	uint32_t refs; /* 0: given up, a walk may still read it */
};

struct set_image {
	struct wire_image key;
	struct set_run *run; /* NULL: dropped */
	uint64_t exec_pages;
};

struct sets {
	int sets_fd;
	struct tables *tables;
	struct unwind_mapping *pool; /* the kernel's, mapped */
	struct set_run **runs;	     /* sorted by first, owned; what lies between them is free */
	size_t run_cnt, run_cap;
	struct set_image *images;
	size_t image_cnt, image_cap, dropped_cnt;
	struct hash_index index; /* of images */
	uint32_t last_id;
	uint32_t refused_cnt;
};

struct sets *sets__new(int mappings_fd, int sets_fd, struct tables *tables)
{
	struct sets *s = calloc(1, sizeof(*s));
	void *at;

	if (!s)
		return NULL;
	at = mmap(NULL, SETS_POOL_BYTES, PROT_READ | PROT_WRITE,
		  mappings_fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, mappings_fd, 0);
	if (at == MAP_FAILED) {
		free(s);
		return NULL;
	}
	s->pool = at;
	s->sets_fd = sets_fd;
	s->tables = tables;
	hash_index__init(&s->index);
	return s;
}

void sets__free(struct sets *s)
{
	if (!s)
		return;
	munmap(s->pool, SETS_POOL_BYTES);
	for (size_t i = 0; i < s->run_cnt; i++)
		free(s->runs[i]);
	free(s->runs);
	free(s->images);
	hash_index__fini(&s->index);
	free(s);
}

/* ---- images ---- */

static uint64_t sets_hash(const struct wire_image *key)
{
	return hash_bytes(key, sizeof(*key));
}

static bool sets_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct set_image *img = &((const struct sets *)owner)->images[pos];

	return img->run && !memcmp(&img->key, key, sizeof(img->key));
}

static struct set_image *sets_image(const struct sets *s, const struct wire_image *key)
{
	uint32_t pos = hash_index__find(&s->index, sets_hash(key), sets_eq, s, key);

	return pos == HASH_INDEX_NONE ? NULL : &s->images[pos];
}

/* Forgets the places of images that were dropped. */
static int sets_compact(struct sets *s)
{
	size_t kept = 0;
	int err = 0;

	hash_index__clear(&s->index);
	for (size_t i = 0; i < s->image_cnt; i++) {
		if (!s->images[i].run)
			continue;
		s->images[kept] = s->images[i];
		if (!err)
			err = hash_index__add(&s->index, sets_hash(&s->images[kept].key),
					      (uint32_t)kept);
		kept++;
	}
	s->image_cnt = kept;
	s->dropped_cnt = 0;
	return err;
}

static int sets_add_image(struct sets *s, const struct set_image *img)
{
	int err = 0;

	if (s->dropped_cnt > 64 && s->dropped_cnt > s->image_cnt / 2)
		err = sets_compact(s);
	if (!err)
		err = array__grow((void **)&s->images, &s->image_cap, s->image_cnt + 1,
				  sizeof(*s->images), 4 * UNWIND_MAX_SETS);
	if (!err)
		err = hash_index__add(&s->index, sets_hash(&img->key), (uint32_t)s->image_cnt);
	if (!err)
		s->images[s->image_cnt++] = *img;
	return err;
}

/* ---- runs ---- */

static void sets_put_run(struct sets *s, struct set_run *run)
{
	if (--run->refs)
		return;
	for (uint32_t i = 0; i < run->cnt; i++)
		tables__put(s->tables, s->pool[run->first + i].module);
}

void sets__reclaim(struct sets *s)
{
	size_t kept = 0;
	bool waited = false;

	for (size_t i = 0; i < s->run_cnt; i++) {
		if (s->runs[i]->refs) {
			s->runs[kept++] = s->runs[i];
			continue;
		}
		if (!waited)
			os_grace_wait();
		waited = true;
		free(s->runs[i]);
	}
	s->run_cnt = kept;
}

/* Room for @cnt mappings: the first gap that is large enough. */
static int sets_place(const struct sets *s, uint32_t cnt, size_t *ret_at, uint32_t *ret_first)
{
	uint32_t end = 0;
	size_t i;

	for (i = 0; i < s->run_cnt; i++) {
		if (s->runs[i]->first - end >= cnt)
			break;
		end = s->runs[i]->first + s->runs[i]->cnt;
	}
	if (i == s->run_cnt && UNWIND_MAX_MAPPINGS - end < cnt)
		return -ENOSPC;
	*ret_at = i;
	*ret_first = end;
	return 0;
}

static struct set_run *sets_add_run(struct sets *s, const struct unwind_mapping *m, uint32_t cnt)
{
	struct set_run *run;
	uint32_t first;
	size_t at;
	int err = cnt > UNWIND_SET_MAX ? -ENOSPC : sets_place(s, cnt, &at, &first);

	if (err == -ENOSPC && cnt <= UNWIND_SET_MAX) {
		sets__reclaim(s);
		err = sets_place(s, cnt, &at, &first);
	}
	if (!err)
		err = array__grow((void **)&s->runs, &s->run_cap, s->run_cnt + 1, sizeof(*s->runs),
				  UNWIND_MAX_MAPPINGS);
	run = err ? NULL : malloc(sizeof(*run));
	if (!run) {
		errno = err ? -err : ENOMEM;
		return NULL;
	}
	*run = (struct set_run){.first = first, .cnt = cnt, .id = ++s->last_id, .refs = 1};
	memcpy(s->pool + first, m, cnt * sizeof(*m));
	memmove(s->runs + at + 1, s->runs + at, (s->run_cnt - at) * sizeof(*s->runs));
	s->runs[at] = run;
	s->run_cnt++;
	return run;
}

/* ---- what others call ---- */

static int sets_tell(const struct sets *s, const struct wire_image *image,
		     const struct set_run *run, uint64_t exec_pages)
{
	struct unwind_set set = {
		.first = run->first,
		.cnt = run->cnt,
		.id = run->id,
		.exec_pages = exec_pages,
	};

	return bpf_map_update_elem(s->sets_fd, image, &set, BPF_ANY) ? -errno : 0;
}

static void sets_put_tables(struct sets *s, const struct unwind_mapping *m, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++)
		tables__put(s->tables, m[i].module);
}

/* The same mappings as before: only the kernel's count of pages is new. */
static bool sets_unchanged(const struct sets *s, const struct set_image *img,
			   const struct unwind_mapping *m, uint32_t cnt)
{
	return img && img->run->cnt == cnt &&
	       !memcmp(s->pool + img->run->first, m, cnt * sizeof(*m));
}

int sets__update(struct sets *s, const struct wire_image *image, const struct unwind_mapping *m,
		 uint32_t cnt, uint64_t exec_pages)
{
	struct set_image *img = sets_image(s, image);
	struct set_run *run;
	int err;

	if (sets_unchanged(s, img, m, cnt)) {
		sets_put_tables(s, m, cnt);
		img->exec_pages = exec_pages;
		return sets_tell(s, image, img->run, exec_pages);
	}
	run = sets_add_run(s, m, cnt);
	if (!run) {
		err = -errno;
		sets_put_tables(s, m, cnt);
		s->refused_cnt += err == -ENOSPC;
		sets__drop(s, image);
		return err;
	}
	err = sets_tell(s, image, run, exec_pages);
	if (!err && img) {
		sets_put_run(s, img->run);
		img->run = run;
		img->exec_pages = exec_pages;
		return 0;
	}
	if (!err)
		err = sets_add_image(s, &(struct set_image){*image, run, exec_pages});
	if (!err)
		return 0;
	s->refused_cnt += err == -E2BIG;
	sets_put_run(s, run);
	sets__drop(s, image);
	return err == -E2BIG ? -ENOSPC : err;
}

int sets__fork(struct sets *s, const struct wire_image *parent, const struct wire_image *child)
{
	struct set_image *img = sets_image(s, parent);
	struct set_run *run;
	int err;

	if (!img || sets_image(s, child))
		return 0;
	run = img->run;
	err = sets_add_image(s, &(struct set_image){*child, run, img->exec_pages});
	if (!err)
		run->refs++;
	return err == -E2BIG ? 0 : err;
}

void sets__drop(struct sets *s, const struct wire_image *image)
{
	struct set_image *img = sets_image(s, image);

	/* Also where the kernel side put an entry of its own: it asked, or the process was forked. */
	bpf_map_delete_elem(s->sets_fd, image);
	if (!img)
		return;
	sets_put_run(s, img->run);
	img->run = NULL;
	s->dropped_cnt++;
}

const struct unwind_mapping *sets__find(const struct sets *s, const struct wire_image *image,
					uint32_t *ret_cnt)
{
	const struct set_image *img = sets_image(s, image);

	if (!img)
		return NULL;
	*ret_cnt = img->run->cnt;
	return s->pool + img->run->first;
}

struct sets_usage sets__usage(const struct sets *s)
{
	struct sets_usage u = {
		.image_cnt = (uint32_t)(s->image_cnt - s->dropped_cnt),
		.refused_cnt = s->refused_cnt,
	};

	for (size_t i = 0; i < s->run_cnt; i++)
		u.mapping_cnt += s->runs[i]->cnt;
	return u;
}
