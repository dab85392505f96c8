/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"

#define ETW_MAX_STRINGS (1u << 30) /* bytes */

/* What merging told of an image, before the image itself came. */
struct etw_symbols_id {
	uint32_t pid;
	uint64_t base;
	uint32_t stamp;
	uint8_t guid[ETL_GUID_BYTES];
	uint32_t age, debug_name;
	bool has_pdb;
};

int etw_facts__init(struct etw_facts *f, bool wide)
{
	*f = (struct etw_facts){.wide = wide};
	etw_ids__init(&f->pids);
	etw_ids__init(&f->tids);
	etw_ids__init(&f->images);
	hash_index__init(&f->by_module);
	hash_index__init(&f->by_image);
	return strtab__init(&f->strings, ETW_MAX_STRINGS);
}

void etw_facts__fini(struct etw_facts *f)
{
	for (size_t i = 0; i < f->process_cnt; i++)
		etw_space__fini(&f->processes[i].space);
	etw_space__fini(&f->kernel);
	free(f->processes);
	free(f->threads);
	free(f->modules);
	free(f->ids);
	etw_ids__fini(&f->pids);
	etw_ids__fini(&f->tids);
	etw_ids__fini(&f->images);
	hash_index__fini(&f->by_module);
	hash_index__fini(&f->by_image);
	strtab__fini(&f->strings);
	*f = (struct etw_facts){.wide = false};
}

bool etw_facts__is_kernel(const struct etw_facts *f, uint64_t addr)
{
	return addr >= (f->wide ? 1ull << 63 : 1ull << 31);
}

/* ---- processes ---- */

uint32_t etw_facts__process(const struct etw_facts *f, uint32_t pid, uint64_t time_ns)
{
	return etw_ids__find(&f->pids, pid, time_ns);
}

static int facts_add_process(struct etw_facts *f, uint32_t pid, uint64_t start_ns, uint32_t *ret_at)
{
	uint32_t at = (uint32_t)f->process_cnt;
	int err = array__grow((void **)&f->processes, &f->process_cap, f->process_cnt + 1,
			      sizeof(*f->processes), ETW_MAX_THREADS);

	if (err)
		return err;
	f->processes[at] =
		(struct etw_process){.pid = pid, .start_ns = start_ns, .end_ns = UINT64_MAX};
	err = etw_ids__set(&f->pids, pid, at);
	if (err)
		return err;
	f->dirty = true;
	f->process_cnt++;
	*ret_at = at;
	return 0;
}

/* The one that has the id now, added if nobody told of it so far: then it was there before the trace. */
static int facts_get_process(struct etw_facts *f, uint32_t pid, uint32_t *ret_at)
{
	*ret_at = etw_ids__newest(&f->pids, pid);
	return *ret_at == ETW_NONE ? facts_add_process(f, pid, 0, ret_at) : 0;
}

static int facts_take_process(struct etw_facts *f, const struct etw_event *e, uint64_t time_ns)
{
	uint32_t at = etw_ids__newest(&f->pids, e->process.pid);
	int err = 0;

	if (e->edge == ETW_EDGE_START && at != ETW_NONE) {
		if (f->processes[at].end_ns == UINT64_MAX)
			f->processes[at].end_ns = time_ns;
		err = facts_add_process(f, e->process.pid, time_ns, &at);
	} else if (at == ETW_NONE) {
		err = facts_add_process(f, e->process.pid, e->edge == ETW_EDGE_START ? time_ns : 0,
					&at);
	}
	if (!err && e->name[0] && !f->processes[at].name)
		err = strtab__intern(&f->strings, e->name, &f->processes[at].name);
	if (!err)
		f->processes[at].parent = e->process.parent;
	if (!err && e->edge == ETW_EDGE_END)
		f->processes[at].end_ns = time_ns;
	return err;
}

/* ---- threads ---- */

uint32_t etw_facts__thread(const struct etw_facts *f, uint32_t tid, uint64_t time_ns)
{
	return etw_ids__find(&f->tids, tid, time_ns);
}

static int facts_add_thread(struct etw_facts *f, const struct etw_event *e, uint64_t start_ns,
			    uint32_t *ret_at)
{
	uint32_t at = (uint32_t)f->thread_cnt;
	int err = array__grow((void **)&f->threads, &f->thread_cap, f->thread_cnt + 1,
			      sizeof(*f->threads), ETW_MAX_THREADS);

	if (err)
		return err;
	f->threads[at] = (struct etw_thread){.tid = e->thread.tid,
					     .pid = e->thread.pid,
					     .start_ns = start_ns,
					     .end_ns = UINT64_MAX};
	err = etw_ids__set(&f->tids, e->thread.tid, at);
	if (err)
		return err;
	f->dirty = true;
	f->thread_cnt++;
	*ret_at = at;
	return 0;
}

static int facts_take_thread(struct etw_facts *f, const struct etw_event *e, uint64_t time_ns)
{
	uint32_t at = etw_ids__newest(&f->tids, e->thread.tid), process;
	bool other = at != ETW_NONE && f->threads[at].pid != e->thread.pid;
	int err = facts_get_process(f, e->thread.pid, &process);

	if (err)
		return err;
	if (at == ETW_NONE || other || e->edge == ETW_EDGE_START) {
		if (at != ETW_NONE && f->threads[at].end_ns == UINT64_MAX)
			f->threads[at].end_ns = time_ns;
		err = facts_add_thread(f, e, e->edge == ETW_EDGE_START ? time_ns : 0, &at);
	}
	if (!err && e->name[0])
		err = strtab__intern(&f->strings, e->name, &f->threads[at].name);
	if (!err && e->edge == ETW_EDGE_END)
		f->threads[at].end_ns = time_ns;
	return err;
}

/* ---- code ---- */

/* Too many, or nowhere: left out, and counted. 0 or -ENOMEM. */
static int facts_add_place(struct etw_facts *f, struct etw_space *s, const struct etw_place *p)
{
	int added = f->place_cnt < ETW_MAX_PLACES ? etw_space__add(s, p) : 0;

	if (added < 0)
		return added;
	f->left_out_cnt += !added;
	f->place_cnt += (size_t)added;
	return 0;
}

static bool etw_module_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct etw_module *a = &((const struct etw_facts *)owner)->modules[pos], *b = key;

	return a->path == b->path && a->kernel == b->kernel && a->id_len == b->id_len &&
	       !memcmp(a->id, b->id, a->id_len);
}

static int facts_get_module(struct etw_facts *f, const struct etw_module *like, uint32_t *ret_at)
{
	uint64_t hash = hash_mix(hash_bytes(like->id, sizeof(like->id)), like->path);
	int err;

	*ret_at = hash_index__find(&f->by_module, hash, etw_module_eq, f, like);
	if (*ret_at != HASH_INDEX_NONE)
		return 0;
	err = array__grow((void **)&f->modules, &f->module_cap, f->module_cnt + 1,
			  sizeof(*f->modules), ETW_MAX_PLACES);
	if (!err)
		err = hash_index__add(&f->by_module, hash, (uint32_t)f->module_cnt);
	if (err)
		return err;
	*ret_at = (uint32_t)f->module_cnt;
	f->modules[f->module_cnt++] = *like;
	return 0;
}

static bool etw_symbols_id_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct etw_symbols_id *a = &((const struct etw_facts *)owner)->ids[pos], *b = key;

	return a->pid == b->pid && a->base == b->base;
}

/* What was told of the image at @base; NULL: nothing. */
static struct etw_symbols_id *facts_find_id(struct etw_facts *f, uint32_t pid, uint64_t base)
{
	const struct etw_symbols_id key = {.pid = pid, .base = base};
	uint32_t at = hash_index__find(&f->by_image, hash_mix(hash_u64(base), pid),
				       etw_symbols_id_eq, f, &key);

	return at == HASH_INDEX_NONE ? NULL : &f->ids[at];
}

static int facts_take_id(struct etw_facts *f, const struct etw_event *e)
{
	struct etw_symbols_id *id = facts_find_id(f, e->image.pid, e->image.base);
	int err = 0;

	if (!id) {
		err = array__grow((void **)&f->ids, &f->id_cap, f->id_cnt + 1, sizeof(*f->ids),
				  ETW_MAX_PLACES);
		if (!err)
			err = hash_index__add(&f->by_image,
					      hash_mix(hash_u64(e->image.base), e->image.pid),
					      (uint32_t)f->id_cnt);
		if (err)
			return err;
		id = &f->ids[f->id_cnt++];
		*id = (struct etw_symbols_id){.pid = e->image.pid, .base = e->image.base};
	}
	if (e->type == ETW_IMAGE_STAMP) {
		/* The first that is told of an image: what was told of another one there is of no use. */
		*id = (struct etw_symbols_id){
			.pid = id->pid, .base = id->base, .stamp = e->image.stamp};
		return 0;
	}
	memcpy(id->guid, e->image.guid, sizeof(id->guid));
	id->age = e->image.age;
	id->has_pdb = true;
	return strtab__intern(&f->strings, e->name, &id->debug_name);
}

static void put_u32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> 8 * i);
}

static struct etw_module facts_module_of(struct etw_facts *f, const struct etw_event *e)
{
	const struct etw_symbols_id *id = facts_find_id(f, e->image.pid, e->image.base);
	uint32_t stamp = e->image.stamp ? e->image.stamp : id ? id->stamp : 0;
	struct etw_module m = {.kernel = etw_facts__is_kernel(f, e->image.base)};

	if (id && id->has_pdb) {
		memcpy(m.id, id->guid, ETL_GUID_BYTES);
		put_u32(m.id + ETL_GUID_BYTES, id->age);
		m.id_len = ETL_GUID_BYTES + 4;
		m.debug_name = id->debug_name;
	} else if (stamp) {
		put_u32(m.id, stamp);
		put_u32(m.id + 4, (uint32_t)e->image.size);
		m.id_len = 8;
	}
	return m;
}

static uint64_t facts_image_key(uint64_t base, uint32_t process)
{
	return hash_mix(hash_u64(base), process);
}

/* The place of the same image that is there already; NULL: none. @key: see struct etw_facts. */
static struct etw_place *facts_find_image(const struct etw_facts *f, struct etw_space *s,
					  uint64_t key, const struct etw_place *like)
{
	uint32_t at = etw_ids__newest(&f->images, key);
	struct etw_place *p = at < s->cnt ? &s->places[at] : NULL;

	if (!p || p->module == ETW_NONE || p->unload_ns != UINT64_MAX || p->start != like->start ||
	    p->end != like->end)
		return NULL;
	/* Its end may not have been told. */
	return f->modules[p->module].path == f->modules[like->module].path ? p : NULL;
}

static int facts_take_image(struct etw_facts *f, const struct etw_event *e, uint64_t time_ns)
{
	struct etw_place place = {.start = e->image.base,
				  .end = e->image.base + e->image.size,
				  .load_ns = e->edge == ETW_EDGE_START ? time_ns : 0,
				  .unload_ns = e->edge == ETW_EDGE_END ? time_ns : UINT64_MAX};
	struct etw_module m = facts_module_of(f, e);
	struct etw_space *space = &f->kernel;
	struct etw_place *there;
	uint32_t at = ETW_NONE;
	uint64_t key;
	int err = 0;

	if (!m.kernel) {
		err = facts_get_process(f, e->image.pid, &at);
		space = err ? NULL : &f->processes[at].space;
	}
	if (!err)
		err = strtab__intern(&f->strings, e->name, &m.path);
	if (!err)
		err = facts_get_module(f, &m, &place.module);
	if (err)
		return err;
	key = facts_image_key(place.start, at);
	there = facts_find_image(f, space, key, &place);
	if (!there) {
		size_t cnt = space->cnt;

		err = facts_add_place(f, space, &place);
		return err || space->cnt == cnt ? err
						: etw_ids__set(&f->images, key, (uint32_t)cnt);
	}
	/* What is told last knows most: merging adds the ids of symbols to what is told at the end. */
	if (m.id_len >= f->modules[there->module].id_len)
		there->module = place.module;
	if (e->edge == ETW_EDGE_END)
		there->unload_ns = time_ns;
	return 0;
}

static int facts_take_method(struct etw_facts *f, const struct etw_event *e, uint64_t time_ns)
{
	struct etw_place place = {.start = e->method.start,
				  .end = e->method.start + e->method.size,
				  .load_ns = time_ns,
				  .unload_ns = UINT64_MAX,
				  .module = ETW_NONE};
	uint32_t at;
	int err = facts_get_process(f, e->method.pid, &at);

	if (!err)
		err = strtab__intern(&f->strings, e->name, &place.name);
	return err ? err : facts_add_place(f, &f->processes[at].space, &place);
}

static int facts_take_volume(struct etw_facts *f, const struct etw_event *e)
{
	struct etw_volume v;
	int err;

	if (f->volume_cnt == ARRAY_SIZE(f->volumes))
		return 0;
	err = strtab__intern(&f->strings, e->name, &v.nt);
	if (!err)
		err = strtab__intern(&f->strings, e->dos_name, &v.dos);
	if (!err)
		f->volumes[f->volume_cnt++] = v;
	return err;
}

int etw_facts__add(struct etw_facts *f, const struct etw_event *e, uint64_t time_ns)
{
	switch (e->type) {
	case ETW_PROCESS:
		return facts_take_process(f, e, time_ns);
	case ETW_THREAD:
	case ETW_THREAD_NAME:
		return facts_take_thread(f, e, time_ns);
	case ETW_IMAGE:
		return facts_take_image(f, e, time_ns);
	case ETW_IMAGE_STAMP:
	case ETW_IMAGE_PDB:
		return facts_take_id(f, e);
	case ETW_METHOD:
		return facts_take_method(f, e, time_ns);
	case ETW_VOLUME:
		return facts_take_volume(f, e);
	default:
		return 0;
	}
}

/* Who had which id when. */
static int facts_sort_ids(struct etw_facts *f)
{
	int err;

	if (!f->dirty)
		return 0;
	err = etw_ids__reserve(&f->pids, f->process_cnt);
	if (!err)
		err = etw_ids__reserve(&f->tids, f->thread_cnt);
	for (size_t i = 0; !err && i < f->process_cnt; i++)
		etw_ids__hold(&f->pids, f->processes[i].pid, f->processes[i].start_ns, (uint32_t)i);
	for (size_t i = 0; !err && i < f->thread_cnt; i++)
		etw_ids__hold(&f->tids, f->threads[i].tid, f->threads[i].start_ns, (uint32_t)i);
	etw_ids__sort(&f->pids);
	etw_ids__sort(&f->tids);
	f->dirty = err != 0;
	return err;
}

/* What overlaps so much that it can't be told apart has no names. */
static int facts_finish_space(struct etw_facts *f, struct etw_space *s)
{
	int err = etw_space__finish(s);

	if (err != -E2BIG)
		return err;
	f->left_out_cnt += s->cnt;
	return 0;
}

int etw_facts__finish(struct etw_facts *f)
{
	int err = facts_sort_ids(f);

	if (!err)
		err = facts_finish_space(f, &f->kernel);
	for (size_t i = 0; !err && i < f->process_cnt; i++)
		err = facts_finish_space(f, &f->processes[i].space);
	return err;
}

/* ---- runs without an end ---- */

void etw_facts__untell(struct etw_facts *f)
{
	for (size_t i = 0; i < f->process_cnt; i++) {
		struct etw_process *p = &f->processes[i];

		p->told = false;
		p->told_memory = 0;
		for (size_t j = 0; j < p->space.cnt; j++)
			p->space.places[j].told = false;
	}
	for (size_t j = 0; j < f->kernel.cnt; j++)
		f->kernel.places[j].told = false;
	for (size_t i = 0; i < f->thread_cnt; i++)
		f->threads[i].told = false;
	for (size_t i = 0; i < f->module_cnt; i++)
		f->modules[i].told = 0;
}

/* Who has which id, and which image is where, as they were added one after the other. */
static int facts_index(const struct etw_facts *f, struct etw_ids *pids, struct etw_ids *tids,
		       struct etw_ids *images)
{
	int err = 0;

	for (size_t i = 0; !err && i < f->thread_cnt; i++)
		err = etw_ids__set(tids, f->threads[i].tid, (uint32_t)i);
	for (size_t i = 0; !err && i <= f->process_cnt; i++) {
		bool kernel = i == f->process_cnt;
		const struct etw_space *s = kernel ? &f->kernel : &f->processes[i].space;

		if (!kernel)
			err = etw_ids__set(pids, f->processes[i].pid, (uint32_t)i);
		for (size_t j = 0; !err && j < s->cnt; j++)
			if (s->places[j].module != ETW_NONE)
				err = etw_ids__set(images,
						   facts_image_key(s->places[j].start,
								   kernel ? ETW_NONE : (uint32_t)i),
						   (uint32_t)j);
	}
	return err;
}

static void facts_drop_ended(struct etw_facts *f, uint64_t before_ns)
{
	size_t to = 0;

	for (size_t i = 0; i < f->process_cnt; i++) {
		if (f->processes[i].end_ns >= before_ns) {
			f->processes[to++] = f->processes[i];
			continue;
		}
		f->place_cnt -= f->processes[i].space.cnt;
		etw_space__fini(&f->processes[i].space);
	}
	f->process_cnt = to;
	to = 0;
	for (size_t i = 0; i < f->thread_cnt; i++)
		if (f->threads[i].end_ns >= before_ns)
			f->threads[to++] = f->threads[i];
	f->thread_cnt = to;
}

int etw_facts__forget(struct etw_facts *f, uint64_t before_ns)
{
	struct etw_ids pids, tids, images;
	int err;

	etw_ids__init(&pids);
	etw_ids__init(&tids);
	etw_ids__init(&images);
	facts_drop_ended(f, before_ns);
	etw_facts__untell(f);
	err = facts_index(f, &pids, &tids, &images);
	etw_ids__fini(err ? &pids : &f->pids);
	etw_ids__fini(err ? &tids : &f->tids);
	etw_ids__fini(err ? &images : &f->images);
	if (err)
		return err;
	f->pids = pids;
	f->tids = tids;
	f->images = images;
	f->dirty = true;
	return facts_sort_ids(f);
}

const char *etw_facts__path(const struct etw_facts *f, uint32_t path, char *to, size_t cap)
{
	const char *name = strtab__get(&f->strings, path);

	for (size_t i = 0; i < f->volume_cnt; i++) {
		const char *nt = strtab__get(&f->strings, f->volumes[i].nt);
		size_t len = strlen(nt);

		if (strncmp(name, nt, len) != 0 || name[len] != '\\')
			continue;
		snprintf(to, cap, "%s%s", strtab__get(&f->strings, f->volumes[i].dos), name + len);
		return to;
	}
	snprintf(to, cap, "%s", name);
	return to;
}
