/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_go.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/log.h"
#include "format/go_threads.h"
#include "source/os_go.h"
#include "source/os_go_thread.h"
#include "source/os_maps.h"

#define GOS_MAX_IMAGES	 (1u << 20)
#define GOS_TRY_EVERY_NS 200000000ull
#define GOS_TRY_CNT	 50

/* A process that runs Go. */
struct gos_image {
	struct wire_image key;
	uint32_t module;
	uint64_t bias; /* was added to the file's addresses */
	struct go_process process;
	bool ready; /* the description is whole; else it lacks the offsets in structs */
	bool gone;  /* in gos__forget() */
};

enum gos_module_state {
	GOS_UNREAD,
	GOS_OTHER,     /* no Go, or none that can be read */
	GOS_NO_LAYOUT, /* of a version that is not known */
	GOS_READY,
};

struct gos_module {
	enum gos_module_state state;
	unsigned int tries; /* to find out its layout */
	struct go_threads *threads;
};

struct gos {
	struct probes *probes;
	int map_fd;
	const struct module_table *modules;
	const struct image_table *images;
	struct gos_module *known; /* by module id - 1 */
	size_t known_cnt, known_cap;
	struct gos_image *items; /* also of processes that are gone */
	size_t cnt, cap;
	size_t waiting_cnt; /* of them not ready */
	struct hash_index index;
	uint64_t tried_ns;
	enum go_layout_from from; /* for tests: the table isn't asked */
};

struct gos *gos__new(struct probes *probes, const struct module_table *modules,
		     const struct image_table *images)
{
	struct gos *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->probes = probes;
	g->map_fd = probes ? probes__map_fd(probes, PROBES_MAP_GOS) : -1;
	g->modules = modules;
	g->images = images;
	hash_index__init(&g->index);
	g->from = go_layout_from_parse(getenv("DWELL_GO_LAYOUT"));
	return g;
}

void gos__free(struct gos *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->known_cnt; i++)
		free(g->known[i].threads);
	free(g->known);
	free(g->items);
	hash_index__fini(&g->index);
	free(g);
}

/* ---- modules ---- */

/* A library is none of the programs that can be read: the variable with g is elsewhere in each thread. */
static bool gos_is_program(const struct module *m)
{
	return m->kind == WIRE_MODULE_ELF && m->fd >= 0 && !strstr(module__name(m), ".so");
}

/* Reads what @m is. 0 or -ENOMEM. */
static int gos_read_module(const struct gos *g, const struct module *m, struct gos_module *k)
{
	struct go_threads t;
	struct elf e = {0};
	int ret = gos_is_program(m) ? elf__open(&e, m->fd) : -ENOENT;

	if (!ret)
		ret = go_threads_read(&e, &t);
	elf__close(&e);
	k->state = GOS_OTHER;
	if (ret < 0)
		return ret == -ENOMEM ? ret : 0;
	k->threads = malloc(sizeof(t));
	if (!k->threads)
		return -ENOMEM;
	*k->threads = t;
	k->state = ret || g->from != GO_LAYOUT_TABLE ? GOS_NO_LAYOUT : GOS_READY;
	return 0;
}

/* NULL and 0: it is no Go program. */
static int gos_get_module(struct gos *g, uint32_t id, struct gos_module **ret)
{
	const struct module *m = module_table__find(g->modules, id);
	int err;

	*ret = NULL;
	if (!m)
		return 0;
	err = array__grow((void **)&g->known, &g->known_cap, id, sizeof(*g->known), MODULE_MAX_CNT);
	if (err)
		return err;
	while (g->known_cnt < id)
		g->known[g->known_cnt++] = (struct gos_module){.state = GOS_UNREAD};
	if (g->known[id - 1].state == GOS_UNREAD)
		err = gos_read_module(g, m, &g->known[id - 1]);
	if (g->known[id - 1].threads)
		*ret = &g->known[id - 1];
	return err;
}

/* ---- processes ---- */

static bool gos_eq(const void *owner, uint32_t pos, const void *key)
{
	return !memcmp(&((const struct gos *)owner)->items[pos].key, key,
		       sizeof(struct wire_image));
}

static struct gos_image *gos_find(const struct gos *g, const struct wire_image *image)
{
	uint32_t pos =
		hash_index__find(&g->index, hash_bytes(image, sizeof(*image)), gos_eq, g, image);

	return pos == HASH_INDEX_NONE ? NULL : &g->items[pos];
}

/* Without room there the process is shown as any other. */
static void gos_tell(struct gos *g, const struct gos_image *item, uint64_t flags)
{
	if (g->map_fd >= 0 && !bpf_map_update_elem(g->map_fd, &item->key, &item->process, flags))
		probes__gos_changed(g->probes);
}

static int gos_add(struct gos *g, const struct gos_image *item, uint64_t flags)
{
	int err = array__grow((void **)&g->items, &g->cap, g->cnt + 1, sizeof(*g->items),
			      GOS_MAX_IMAGES);

	if (!err)
		err = hash_index__add(&g->index, hash_bytes(&item->key, sizeof(item->key)),
				      (uint32_t)g->cnt);
	if (err)
		return err == -E2BIG ? 0 : err;
	g->items[g->cnt++] = *item;
	g->waiting_cnt += !item->ready;
	gos_tell(g, item, flags);
	return 0;
}

static int gos_learn_mapping(struct gos *g, const struct wire_mapping *m)
{
	struct gos_image item = {.key = m->image, .module = m->module};
	const struct go_threads *t;
	struct gos_module *k;
	int err;

	if (m->start == m->end || gos_find(g, &m->image))
		return 0;
	err = gos_get_module(g, m->module, &k);
	if (err || !k)
		return err;
	t = k->threads;
	if (m->file_off - t->text_off >= t->text_bytes)
		return 0;
	item.bias = m->start - m->file_off + t->text_off - t->text_vaddr;
	item.ready = k->state == GOS_READY;
	item.process = go_threads__process(t, item.bias);
	if (!item.ready)
		item.process.m_curg = 0;
	return gos_add(g, &item, BPF_ANY);
}

/* The kernel side has entered the child itself, unless it learned too late of the parent. */
static int gos_learn_fork(struct gos *g, const struct wire_fork *f)
{
	const struct gos_image *parent = gos_find(g, &f->parent);
	struct gos_image item;

	if (!parent || gos_find(g, &f->child))
		return 0;
	item = *parent;
	item.key = f->child;
	return gos_add(g, &item, BPF_NOEXIST);
}

static void gos_drop(struct gos *g, const struct wire_image *image)
{
	if (g->map_fd >= 0 && gos_find(g, image))
		bpf_map_delete_elem(g->map_fd, image);
}

int gos__learn(struct gos *g, const struct event *e)
{
	struct wire_image before;

	switch (e->h->kind) {
	case WIRE_MAPPING:
		return gos_learn_mapping(g, e->mapping);
	case WIRE_FORK:
		return gos_learn_fork(g, e->fork);
	case WIRE_EXEC:
		before = e->exec->image;
		before.exec_id--;
		gos_drop(g, &before);
		return 0;
	case WIRE_SUMMARY:
		if (e->summary->flags & WIRE_THREAD_GROUP_DEAD)
			gos_drop(g, &e->summary->image);
		return 0;
	default:
		return 0;
	}
}

const struct go_process *gos__find(const struct gos *g, const struct wire_image *image)
{
	const struct gos_image *item = gos_find(g, image);

	return item ? &item->process : NULL;
}

const struct go_process *gos__look(struct gos *g, const struct wire_image *image,
				   uint64_t thread_pointer, struct go_thread *ret)
{
	struct gos_image *item = gos_find(g, image);

	if (!item || !item->ready || !os_go_look(image->pid, &item->process, thread_pointer, ret))
		return NULL;
	return &item->process;
}

/* ---- versions that are not known ---- */

static bool gos_is_gone(const struct gos *g, const struct wire_image *image)
{
	return !image_table__find(g->images, image) && !os_maps_same_process(image);
}

/* All processes of the module get what was found out in one. */
static void gos_module_ready(struct gos *g, uint32_t module)
{
	struct gos_module *k = &g->known[module - 1];

	k->state = GOS_READY;
	for (size_t i = 0; i < g->cnt; i++) {
		struct gos_image *item = &g->items[i];

		if (item->module != module || item->ready)
			continue;
		item->process = go_threads__process(k->threads, item->bias);
		item->ready = true;
		g->waiting_cnt--;
		gos_tell(g, item, BPF_ANY);
	}
}

static void gos_try(struct gos *g, const struct gos_image *item)
{
	struct gos_module *k = &g->known[item->module - 1];
	struct go_layout layout;

	if (k->state != GOS_NO_LAYOUT || k->tries++ >= GOS_TRY_CNT ||
	    os_go_read_layout(item->key.pid, g->from, &layout) ||
	    !go_threads__set_layout(k->threads, &layout))
		return;
	log_debug("process %u: Go of a version that is not known: m.curg at %u, sched.bp at %u, "
		  "gopc at %u",
		  item->key.pid, layout.m_curg, layout.bp, layout.gopc);
	gos_module_ready(g, item->module);
}

int gos__poll(struct gos *g, uint64_t now_ns)
{
	if (!g->waiting_cnt || now_ns - g->tried_ns < GOS_TRY_EVERY_NS)
		return 0;
	g->tried_ns = now_ns;
	for (size_t i = 0; i < g->cnt; i++)
		if (!g->items[i].ready && !gos_is_gone(g, &g->items[i].key))
			gos_try(g, &g->items[i]);
	return 0;
}

/* ---- runs without an end ---- */

static void gos_forget_modules(struct gos *g)
{
	for (size_t i = 0; i < g->known_cnt; i++) {
		if (module_table__find(g->modules, (uint32_t)i + 1))
			continue;
		free(g->known[i].threads);
		g->known[i] = (struct gos_module){.state = GOS_UNREAD};
	}
}

int gos__forget(struct gos *g)
{
	struct hash_index index;
	size_t kept = 0;
	int err = 0;

	hash_index__init(&index);
	for (size_t i = 0; !err && i < g->cnt; i++) {
		struct gos_image *item = &g->items[i];

		item->gone = gos_is_gone(g, &item->key);
		if (!item->gone)
			err = hash_index__add(&index, hash_bytes(&item->key, sizeof(item->key)),
					      (uint32_t)kept++);
	}
	if (err) {
		hash_index__fini(&index);
		return err;
	}
	hash_index__fini(&g->index);
	g->index = index;
	kept = g->waiting_cnt = 0;
	for (size_t i = 0; i < g->cnt; i++) {
		if (g->items[i].gone)
			continue;
		g->waiting_cnt += !g->items[i].ready;
		g->items[kept++] = g->items[i];
	}
	g->cnt = kept;
	array__shrink((void **)&g->items, &g->cap, g->cnt, sizeof(*g->items));
	gos_forget_modules(g);
	return 0;
}
