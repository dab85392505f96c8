/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_unwind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "base/os_clock.h"

#define UNWINDER_MAX_DIRTY	  (1u << 20)
#define UNWINDER_RECLAIM_EVERY_NS 1000000000ull

/* An image whose set must be renewed. */
struct unwinder_dirty {
	struct wire_image image;
	uint64_t exec_pages; /* what the kernel counts; 0: as we do */
};

struct unwinder {
	const struct image_table *images;
	const struct module_table *modules;
	struct tables *tables;
	struct sets *sets;
	struct unwinder_dirty *dirty;
	size_t dirty_cnt, dirty_cap;
	struct unwind_mapping *room; /* UNWIND_SET_MAX, for building a set */
	uint64_t pages_before_read;
	uint64_t reclaimed_ns;
};

static int unwinder_map(const struct probes *probes, enum probes_map map)
{
	return probes ? probes__map_fd(probes, map) : -1;
}

struct unwinder *unwinder__new(const struct probes *probes, const struct image_table *images,
			       const struct module_table *modules, uint64_t max_table_bytes)
{
	struct unwinder *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->images = images;
	u->modules = modules;
	u->room = calloc(UNWIND_SET_MAX, sizeof(*u->room));
	u->tables = tables__new(unwinder_map(probes, PROBES_MAP_UNWIND_POOLS),
				unwinder_map(probes, PROBES_MAP_UNWIND_MODULES), max_table_bytes);
	if (u->tables)
		u->sets = sets__new(unwinder_map(probes, PROBES_MAP_UNWIND_MAPPINGS),
				    unwinder_map(probes, PROBES_MAP_UNWIND_SETS), u->tables);
	if (!u->sets || !u->room) {
		int err = errno ? errno : ENOMEM;

		unwinder__free(u);
		errno = err;
		return NULL;
	}
	return u;
}

void unwinder__free(struct unwinder *u)
{
	if (!u)
		return;
	sets__free(u->sets);
	tables__free(u->tables);
	free(u->dirty);
	free(u->room);
	free(u);
}

/* ---- what has changed ---- */

static int unwinder_mark(struct unwinder *u, const struct wire_image *image, uint64_t exec_pages)
{
	int err;

	for (size_t i = 0; i < u->dirty_cnt; i++) {
		if (memcmp(&u->dirty[i].image, image, sizeof(*image)) != 0)
			continue;
		u->dirty[i].exec_pages = exec_pages;
		return 0;
	}
	err = array__grow((void **)&u->dirty, &u->dirty_cap, u->dirty_cnt + 1, sizeof(*u->dirty),
			  UNWINDER_MAX_DIRTY);
	if (!err)
		u->dirty[u->dirty_cnt++] = (struct unwinder_dirty){*image, exec_pages};
	return err;
}

/* An exec ends the image before. */
static void unwinder_exec(struct unwinder *u, const struct wire_image *image)
{
	struct wire_image before = *image;

	before.exec_id--;
	sets__drop(u->sets, &before);
}

int unwinder__learn(struct unwinder *u, const struct event *e)
{
	switch (e->h->kind) {
	case WIRE_MAPPING:
		return unwinder_mark(u, &e->mapping->image, 0);
	case WIRE_FORK:
		return sets__fork(u->sets, &e->fork->parent, &e->fork->child);
	case WIRE_EXEC:
		unwinder_exec(u, &e->exec->image);
		return 0;
	case WIRE_SUMMARY:
		if (e->summary->flags & WIRE_THREAD_GROUP_DEAD)
			sets__drop(u->sets, &e->summary->image);
		return 0;
	default:
		return 0;
	}
}

/* mm_struct.exec_vm as far as the mappings tell: see is_exec_mapping(), include/linux/mm.h. */
static uint64_t unwinder_exec_pages(const struct mapping *m, size_t cnt)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < cnt; i++)
		/* The top half is the kernel's: [vsyscall] is in no account. */
		if (!m[i].writable && m[i].start < 1ull << 63)
			bytes += m[i].end - m[i].start;
	return bytes / 4096;
}

static uint64_t unwinder_known_pages(const struct unwinder *u, const struct wire_image *image)
{
	const struct image *img = image_table__find(u->images, image);
	const struct mapping *m;
	size_t cnt;

	if (!img)
		return 0;
	m = image_table__mappings(u->images, img, &cnt);
	return unwinder_exec_pages(m, cnt);
}

bool unwinder__must_read(struct unwinder *u, const struct wire_remap *rec)
{
	struct wire_image next = rec->image;

	/* Once the process has exec'd, /proc shows the next image's mappings. */
	next.exec_id++;
	if (image_table__find(u->images, &next))
		return false;
	u->pages_before_read = unwinder_known_pages(u, &rec->image);
	if (u->pages_before_read != rec->exec_pages)
		return true;
	unwinder_mark(u, &rec->image, 0);
	return false;
}

int unwinder__was_read(struct unwinder *u, const struct wire_remap *rec)
{
	uint64_t pages = unwinder_known_pages(u, &rec->image);

	log_debug("process %u: %llu executable pages by the kernel's count, %llu by its mappings, "
		  "%llu before they were read again",
		  rec->image.pid, (unsigned long long)rec->exec_pages, (unsigned long long)pages,
		  (unsigned long long)u->pages_before_read);
	return unwinder_mark(u, &rec->image, pages == u->pages_before_read ? rec->exec_pages : 0);
}

/* ---- telling the kernel side ---- */

/* Fills u->room with the image's mappings. Their number. */
static size_t unwinder_fill(struct unwinder *u, const struct mapping *m, size_t cnt)
{
	if (cnt > UNWIND_SET_MAX)
		cnt = UNWIND_SET_MAX;
	for (size_t i = 0; i < cnt; i++) {
		const struct module *module = module_table__find(u->modules, m[i].module);

		u->room[i] = (struct unwind_mapping){
			.start = m[i].start,
			.end = m[i].end,
			.file_page = (uint32_t)(m[i].file_off / 4096),
			.module = module ? tables__get(u->tables, module) : 0,
		};
	}
	return cnt;
}

static int unwinder_renew(struct unwinder *u, const struct unwinder_dirty *d)
{
	const struct image *img = image_table__find(u->images, &d->image);
	const struct mapping *m;
	size_t cnt;
	int err;

	if (!img)
		return 0;
	m = image_table__mappings(u->images, img, &cnt);
	if (!cnt)
		return 0;
	cnt = unwinder_fill(u, m, cnt);
	err = sets__update(u->sets, &d->image, u->room, (uint32_t)cnt,
			   d->exec_pages ? d->exec_pages : unwinder_exec_pages(m, cnt));
	return err == -ENOSPC ? 0 : err;
}

int unwinder__sync(struct unwinder *u)
{
	uint64_t now;
	int err = 0;

	for (size_t i = 0; !err && i < u->dirty_cnt; i++)
		err = unwinder_renew(u, &u->dirty[i]);
	u->dirty_cnt = 0;
	now = os_monotonic_ns();
	if (now - u->reclaimed_ns > UNWINDER_RECLAIM_EVERY_NS) {
		sets__reclaim(u->sets);
		u->reclaimed_ns = now;
	}
	return err;
}

const struct tables *unwinder__tables(const struct unwinder *u)
{
	return u->tables;
}

const struct unwind_mapping *unwinder__mappings(void *unwinder, const struct wire_image *image,
						uint32_t *ret_cnt)
{
	const struct unwinder *u = unwinder;

	return sets__find(u->sets, image, ret_cnt);
}

const struct unwind_mapping *
unwinder__known_mappings(struct unwinder *u, const struct wire_image *image, uint32_t *ret_cnt)
{
	const struct image *img = image_table__find(u->images, image);
	const struct mapping *m;
	size_t cnt = 0;

	m = img ? image_table__mappings(u->images, img, &cnt) : NULL;
	*ret_cnt = (uint32_t)(cnt ? unwinder_fill(u, m, cnt) : 0);
	return *ret_cnt ? u->room : NULL;
}

void unwinder__wait(struct unwinder *u, int timeout_ms)
{
	tables__wait(u->tables, timeout_ms);
}

struct unwinder_usage unwinder__usage(const struct unwinder *u)
{
	return (struct unwinder_usage){tables__usage(u->tables), sets__usage(u->sets)};
}
