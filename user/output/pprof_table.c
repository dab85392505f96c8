/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Frames -> locations, functions, mappings. */
#include "output/pprof_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"

#define PPROF_MAX_CNT (1u << 28) /* of anything */

enum pprof_mapping_key {
	PPROF_BY_BUILD_ID = 1,
	PPROF_BY_PATH,
	PPROF_BY_NAME,
};

/* ---- mappings ---- */

static bool mapping_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct pprof_table *)owner)->mappings[pos].key == *(const uint64_t *)key;
}

static uint64_t mapping_key(const struct profile_frame *f, const struct profile_binary *b)
{
	if (b->build_id)
		return (uint64_t)PPROF_BY_BUILD_ID << 32 | b->build_id;
	if (b->path)
		return (uint64_t)PPROF_BY_PATH << 32 | b->path;
	return (uint64_t)PPROF_BY_NAME << 32 | f->module;
}

/* Not "[kernel]", "[anon]", "libc.so.6", "ntdll.dll"... */
static bool is_program(const char *name)
{
	const char *so = strstr(name, ".so");
	size_t len = strlen(name);

	return *name != '[' && !(so && (!so[3] || so[3] == '.')) &&
	       !(len > 4 && !strcasecmp(name + len - 4, ".dll"));
}

/* The name that perf has for it, and pprof's readers know. */
static const char *mapping_path(const struct profile *p, const struct profile_frame *f,
				const struct profile_binary *b)
{
	const char *name = profile__str(p, f->module);

	if (!strcmp(name, "[kernel]"))
		return "[kernel.kallsyms]";
	return b->path ? profile__str(p, b->path) : name;
}

/* The id of a frame's mapping, added if new; 0: it has none. */
static int mapping_of(struct pprof_table *t, const struct profile_frame *f, uint32_t *ret_id)
{
	const struct profile_binary *b = profile__binary(t->profile, f->binary);
	uint64_t key = mapping_key(f, b), hash = hash_u64(key);
	struct pprof_mapping *m;
	uint32_t pos;
	int err = 0;

	*ret_id = 0;
	if (!f->module)
		return 0;
	pos = hash_index__find(&t->mapping_index, hash, mapping_eq, t, &key);
	if (pos == HASH_INDEX_NONE) {
		pos = (uint32_t)t->mapping_cnt;
		err = array__grow((void **)&t->mappings, &t->mapping_cap, t->mapping_cnt + 1,
				  sizeof(*t->mappings), PPROF_MAX_CNT);
		if (!err)
			err = hash_index__add(&t->mapping_index, hash, pos);
		if (err)
			return err;
		t->mappings[t->mapping_cnt++] = (struct pprof_mapping){
			.key = key,
			.path = mapping_path(t->profile, f, b),
			.build_id = b->build_id,
			.program = is_program(profile__str(t->profile, f->module)),
		};
	}
	m = &t->mappings[pos];
	m->program &= f->kind != FRAME_KIND_KERNEL; /* which may be an .exe */
	m->has_files |= f->file != 0;
	m->has_lines |= f->line != 0;
	m->has_inlines |= f->kind == FRAME_KIND_INLINED;
	*ret_id = pos + 1;
	return 0;
}

/* ---- functions and locations ---- */

static bool function_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct pprof_function *a = &((const struct pprof_table *)owner)->functions[pos];
	const struct pprof_function *b = key;

	return a->name == b->name && a->file == b->file; /* the profile has each text once */
}

static int function_of(struct pprof_table *t, const struct pprof_function *f, uint32_t *ret_id)
{
	uint64_t hash = hash_mix((uintptr_t)f->name, (uintptr_t)f->file);
	uint32_t pos = hash_index__find(&t->function_index, hash, function_eq, t, f);
	int err = 0;

	if (pos == HASH_INDEX_NONE) {
		pos = (uint32_t)t->function_cnt;
		err = array__grow((void **)&t->functions, &t->function_cap, t->function_cnt + 1,
				  sizeof(*t->functions), PPROF_MAX_CNT);
		if (!err)
			err = hash_index__add(&t->function_index, hash, pos);
		if (err)
			return err;
		t->functions[t->function_cnt++] = *f;
	}
	*ret_id = pos + 1;
	return 0;
}

static bool location_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct pprof_location *a = &((const struct pprof_table *)owner)->locations[pos];
	const struct pprof_location *b = key;

	return a->function == b->function && a->mapping == b->mapping && a->line == b->line;
}

static int location_id(struct pprof_table *t, const struct pprof_location *l, uint32_t *ret_id)
{
	uint64_t hash = hash_mix(hash_u64((uint64_t)l->function << 32 | l->mapping), l->line);
	uint32_t pos = hash_index__find(&t->location_index, hash, location_eq, t, l);
	int err = 0;

	if (pos == HASH_INDEX_NONE) {
		pos = (uint32_t)t->location_cnt;
		err = array__grow((void **)&t->locations, &t->location_cap, t->location_cnt + 1,
				  sizeof(*t->locations), PPROF_MAX_CNT);
		if (!err)
			err = hash_index__add(&t->location_index, hash, pos);
		if (err)
			return err;
		t->locations[t->location_cnt++] = *l;
	}
	*ret_id = pos + 1;
	return 0;
}

/* The location of a frame: one for each function at an address, since most readers show only one of several in it. */
static int location_of(struct pprof_table *t, const struct profile_frame *f, uint32_t *ret_id)
{
	struct pprof_function function = {profile__str(t->profile, f->name),
					  profile__str(t->profile, f->file)};
	struct pprof_location l = {.line = f->line};
	int err = function_of(t, &function, &l.function);

	if (!err)
		err = mapping_of(t, f, &l.mapping);
	return err ? err : location_id(t, &l, ret_id);
}

/* What stands for the frames of a sample without any. */
static int location_of_none(struct pprof_table *t, uint32_t *ret_id)
{
	static const struct pprof_function function = {"[unknown]", ""};
	struct pprof_location l = {0};
	int err = function_of(t, &function, &l.function);

	return err ? err : location_id(t, &l, ret_id);
}

/* Those of the frames that are in samples, in the order of the profile's frames. */
int pprof_table__add_locations(struct pprof_table *t)
{
	const struct profile *p = t->profile;
	uint32_t *none = &t->frame_locations[p->frame_cnt];
	int err = 0;

	for (size_t i = 0; i < p->sample_cnt; i++) {
		for (uint32_t j = 0; j < p->samples[i].frame_cnt; j++)
			t->frame_locations[p->frame_ids[p->samples[i].first_frame + j]] = 1;
		*none |= !p->samples[i].frame_cnt;
	}
	for (size_t i = 0; !err && i < p->frame_cnt; i++)
		if (t->frame_locations[i])
			err = location_of(t, &p->frames[i], &t->frame_locations[i]);
	return err || !*none ? err : location_of_none(t, none);
}

/* ---- all of it ---- */

int pprof_table__init(struct pprof_table *t, const struct profile *p)
{
	int err;

	memset(t, 0, sizeof(*t));
	t->profile = p;
	t->frame_locations = calloc(p->frame_cnt + 1, sizeof(*t->frame_locations));
	if (!t->frame_locations)
		return -ENOMEM;
	err = pprof_table__add_locations(t);
	if (!err)
		err = pprof_table__add_samples(t);
	if (!err)
		pprof_table__order_mappings(t);
	return err;
}

void pprof_table__fini(struct pprof_table *t)
{
	free(t->frame_locations);
	free(t->stacks);
	free(t->samples);
	free(t->locations);
	free(t->functions);
	free(t->mappings);
	hash_index__fini(&t->sample_index);
	hash_index__fini(&t->location_index);
	hash_index__fini(&t->function_index);
	hash_index__fini(&t->mapping_index);
	memset(t, 0, sizeof(*t));
}
