/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/os_file.h"

void module_table__init(struct module_table *t)
{
	memset(t, 0, sizeof(*t));
	hash_index__init(&t->index);
}

static void module_free(struct module *m)
{
	if (!m)
		return;
	os_close(m->fd);
	os_close(m->debug_fd);
	os_close(m->alt_fd);
	free(m->path);
	free(m->debug_name);
	free(m);
}

void module_table__fini(struct module_table *t)
{
	for (size_t i = 0; i < t->cnt; i++)
		module_free(t->items[i]);
	free(t->items);
	hash_index__fini(&t->index);
	memset(t, 0, sizeof(*t));
}

/* Bytes of the build id that can be there: a length from outside may claim more. */
static size_t module_build_id_len(const struct module *m)
{
	return m->build_id_len < WIRE_BUILD_ID_LEN ? m->build_id_len : WIRE_BUILD_ID_LEN;
}

static const char *module_path(const struct module *m)
{
	return m->path ? m->path : "";
}

static uint64_t module_hash(const struct module *m)
{
	uint64_t h = hash_mix(m->kind, m->dev);

	h = hash_mix(h, m->inode);
	h = hash_mix(h, hash_bytes(m->build_id, module_build_id_len(m)));
	return hash_mix(h, hash_bytes(module_path(m), strlen(module_path(m))));
}

static bool module_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct module *a = ((const struct module_table *)owner)->items[pos];
	const struct module *b = key;

	return a->kind == b->kind && a->dev == b->dev && a->inode == b->inode &&
	       a->build_id_len == module_build_id_len(b) &&
	       !memcmp(a->build_id, b->build_id, a->build_id_len) &&
	       !strcmp(a->path, module_path(b));
}

/* A copy with a path of its own and without a file. NULL: no memory. */
static struct module *module_copy(const struct module *like)
{
	struct module *m = malloc(sizeof(*m));

	if (!m)
		return NULL;
	*m = *like;
	m->build_id_len = (uint8_t)module_build_id_len(like);
	m->fd = m->debug_fd = m->alt_fd = -1;
	m->debug_name = NULL;
	m->path = strdup(module_path(like));
	if (!m->path) {
		free(m);
		return NULL;
	}
	return m;
}

/* The lowest place that is free, with room for it. 0 or -errno. */
static int module_table_find_place(struct module_table *t, size_t *ret)
{
	int err;

	while (t->first_free < t->cnt && t->items[t->first_free])
		t->first_free++;
	*ret = t->first_free;
	if (t->first_free < t->cnt)
		return 0;
	err = array__grow((void **)&t->items, &t->cap, t->cnt + 1, sizeof(*t->items),
			  MODULE_MAX_CNT);
	if (!err)
		t->items[t->cnt] = NULL;
	return err;
}

static int module_table_add(struct module_table *t, uint64_t hash, struct module *like,
			    struct module **ret)
{
	struct module *m;
	size_t place;
	int err = module_table_find_place(t, &place);

	if (err)
		return err;
	m = module_copy(like);
	if (!m)
		return -ENOMEM;
	err = hash_index__add(&t->index, hash, (uint32_t)place);
	if (err) {
		module_free(m);
		return err;
	}
	m->fd = like->fd;
	like->fd = -1;
	m->used = t->generation;
	m->id = (uint32_t)place + 1;
	t->items[place] = m;
	t->cnt += place == t->cnt;
	*ret = m;
	return 0;
}

struct module *module_table__intern(struct module_table *t, struct module *like, bool *ret_added)
{
	uint64_t hash = module_hash(like);
	uint32_t pos = hash_index__find(&t->index, hash, module_eq, t, like);
	struct module *m;
	int err = 0;

	*ret_added = pos == HASH_INDEX_NONE;
	if (pos != HASH_INDEX_NONE)
		return t->items[pos];
	err = module_table_add(t, hash, like, &m);
	if (err) {
		errno = -err;
		return NULL;
	}
	return m;
}

struct module *module_table__find(const struct module_table *t, uint32_t id)
{
	return id && id <= t->cnt ? t->items[id - 1] : NULL;
}

void module_table__use(struct module_table *t, uint32_t id)
{
	struct module *m = module_table__find(t, id);

	if (m)
		m->used = t->generation;
}

int module_table__sweep(struct module_table *t)
{
	struct hash_index index;
	int err = 0;

	hash_index__init(&index);
	for (size_t i = 0; !err && i < t->cnt; i++)
		if (t->items[i] && t->items[i]->used == t->generation)
			err = hash_index__add(&index, module_hash(t->items[i]), (uint32_t)i);
	if (err) {
		hash_index__fini(&index);
		return err;
	}
	hash_index__fini(&t->index);
	t->index = index;
	for (size_t i = 0; i < t->cnt; i++) {
		if (!t->items[i] || t->items[i]->used == t->generation)
			continue;
		module_free(t->items[i]);
		t->items[i] = NULL;
	}
	t->first_free = 0;
	return 0;
}

static const char *module_nameless(const struct module *m)
{
	switch (m->kind) {
	case WIRE_MODULE_KERNEL:
		return "[kernel]";
	case WIRE_MODULE_VDSO:
		return "[vdso]";
	case WIRE_MODULE_ANON:
		return "[anon]";
	default:
		return "[unknown]";
	}
}

bool module__is_pe(const struct module *m)
{
	return m->kind == WIRE_MODULE_PE || m->kind == WIRE_MODULE_DRIVER;
}

int module__set_debug_name(struct module *m, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	free(m->debug_name);
	m->debug_name = copy;
	return 0;
}

/* The last one in a path that ends a component; NULL: none. */
static const char *module_last_slash(const struct module *m)
{
	const char *path = module_path(m), *slash = strrchr(path, '/');
	const char *back = module__is_pe(m) ? strrchr(path, '\\') : NULL;

	return back && (!slash || back > slash) ? back : slash;
}

const char *module__name(const struct module *m)
{
	const char *path = module_path(m);
	const char *slash = module_last_slash(m);

	/* "[anon:name]" holds what the program called its memory, slashes too: not a path. */
	if (slash && slash[1] && *path != '[')
		return slash + 1;
	return *path ? path : module_nameless(m);
}

void module__set_image(struct module *m, const struct wire_image *image)
{
	m->kind = WIRE_MODULE_ANON;
	m->path = (char *)"[anon]";
	m->dev = image->start_ns;
	m->inode = (uint64_t)image->pid << 32 | image->exec_id;
}

bool module__image(const struct module *m, struct wire_image *ret)
{
	if (m->kind != WIRE_MODULE_ANON || !m->inode)
		return false;
	*ret = (struct wire_image){
		.pid = (uint32_t)(m->inode >> 32),
		.exec_id = (uint32_t)m->inode,
		.start_ns = m->dev,
	};
	return true;
}

bool module__is_jitdump(const struct module *m)
{
	const char *name = module__name(m);
	size_t digits;

	if (m->kind != WIRE_MODULE_ELF || strncmp(name, "jit-", 4) != 0)
		return false;
	digits = strspn(name + 4, "0123456789");
	return digits && !strcmp(name + 4 + digits, ".dump");
}
