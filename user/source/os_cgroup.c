/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/hash.h"
#include "base/os_read.h"
#include "base/strtab.h"
#include "format/cgroup_name.h"
#include "source/os_target.h"

#define CGROUP_MOUNT	 "/sys/fs/cgroup"
#define CGROUP_MAGIC_V2	 0x63677270 /* CGROUP2_SUPER_MAGIC, include/uapi/linux/magic.h */
#define CGROUP_PROC_MAX	 65536
#define CGROUP_PATHS_MAX (1 << 20) /* bytes of text, of a generation */
#define CGROUP_DELETED \
	" (deleted)" /* what the kernel writes behind the name of a directory that is gone */

struct cgroup_key {
	uint64_t a, b;
};

/* What was found since the last change of generations. */
struct cgroup_paths {
	struct cgroup_known {
		struct cgroup_key key;
		uint32_t path; /* in `text` */
	} * items;
	size_t cnt;
	struct hash_index index;
	struct strtab text;
};

/* Two generations: what is asked for moves to the young one; when that is full, the old one is forgotten. */
struct os_cgroups {
	struct cgroup_paths paths[2];
	int young;
	bool by_image;
};

/* ---- what is remembered ---- */

static int cgroup_paths__init(struct cgroup_paths *p)
{
	memset(p, 0, sizeof(*p));
	hash_index__init(&p->index);
	p->items = calloc(OS_CGROUP_KEEP, sizeof(*p->items));
	return p->items ? strtab__init(&p->text, CGROUP_PATHS_MAX) : -ENOMEM;
}

static void cgroup_paths__fini(struct cgroup_paths *p)
{
	free(p->items);
	hash_index__fini(&p->index);
	strtab__fini(&p->text);
}

static uint64_t cgroup_hash(const struct cgroup_key *key)
{
	return hash_mix(key->a, key->b);
}

static bool cgroup_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct cgroup_key *a = &((const struct cgroup_paths *)owner)->items[pos].key,
				*b = key;

	return a->a == b->a && a->b == b->b;
}

/* NULL: not here. */
static const char *cgroup_paths__find(const struct cgroup_paths *p, const struct cgroup_key *key)
{
	uint32_t at = hash_index__find(&p->index, cgroup_hash(key), cgroup_eq, p, key);

	return at == HASH_INDEX_NONE ? NULL : strtab__get(&p->text, p->items[at].path);
}

static int cgroup_paths__add(struct cgroup_paths *p, const struct cgroup_key *key, const char *path)
{
	uint32_t id;
	int err = strtab__intern(&p->text, path, &id);

	if (!err)
		err = hash_index__add(&p->index, cgroup_hash(key), (uint32_t)p->cnt);
	if (!err)
		p->items[p->cnt++] = (struct cgroup_known){*key, id};
	return err;
}

/* The memory goes too: paths may have been long. */
static int cgroups_turn(struct os_cgroups *c)
{
	struct cgroup_paths fresh;
	int err = cgroup_paths__init(&fresh);

	if (err) {
		cgroup_paths__fini(&fresh);
		return err;
	}
	c->young = !c->young;
	cgroup_paths__fini(&c->paths[c->young]);
	c->paths[c->young] = fresh;
	return 0;
}

/* Not to remember is no error. */
static void cgroups_remember(struct os_cgroups *c, const struct cgroup_key *key, const char *path)
{
	bool full = c->paths[c->young].cnt == OS_CGROUP_KEEP;

	if (!full)
		full = cgroup_paths__add(&c->paths[c->young], key, path) != 0;
	if (full && !cgroups_turn(c))
		cgroup_paths__add(&c->paths[c->young], key, path);
}

/* ---- asking the system ---- */

static bool cgroup_is_v2(void)
{
	struct statfs fs;

	return !statfs(CGROUP_MOUNT, &fs) && fs.f_type == CGROUP_MAGIC_V2;
}

static int cgroup_of_process(uint32_t pid, bool v2, char *ret_path, size_t size)
{
	_cleanup_buf_ struct buf text = {0};
	char file[64];
	int err;

	snprintf(file, sizeof(file), "/proc/%u/cgroup", pid);
	err = os_read_file(file, CGROUP_PROC_MAX, &text);
	if (err)
		return err;
	return proc_cgroup_parse(buf__str(&text), text.len, v2, ret_path, size);
}

/* By the cgroup's handle. */
static int cgroup_of_id(uint64_t id, char *ret_path, size_t size)
{
	size_t len, end = strlen(CGROUP_DELETED);
	int err = os_target_cgroup_path(id, ret_path, size);

	if (err)
		return err;
	len = strlen(ret_path);
	if (len > end && !strcmp(ret_path + len - end, CGROUP_DELETED))
		ret_path[len - end] = '\0';
	return 0;
}

/* Where handles are not allowed (CAP_DAC_READ_SEARCH): the process's path, if that is the cgroup meant. */
static int cgroup_of_member(uint64_t id, uint32_t pid, char *ret_path, size_t size)
{
	char path[sizeof(CGROUP_MOUNT) + OS_CGROUP_PATH];
	struct stat st;
	int err = cgroup_of_process(pid, true, ret_path, size);

	if (err)
		return err;
	snprintf(path, sizeof(path), CGROUP_MOUNT "%s", ret_path);
	return !stat(path, &st) && st.st_ino == id ? 0 : -ENOENT;
}

static int cgroups_ask(const struct os_cgroups *c, uint64_t id, const struct wire_image *image,
		       char *ret_path, size_t size)
{
	int err;

	if (c->by_image)
		return cgroup_of_process(image->pid, false, ret_path, size);
	err = cgroup_of_id(id, ret_path, size);
	return err ? cgroup_of_member(id, image->pid, ret_path, size) : 0;
}

/* ---- the interface ---- */

struct os_cgroups *os_cgroups__new(void)
{
	struct os_cgroups *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return NULL;
	err = cgroup_paths__init(&c->paths[0]);
	if (!err)
		err = cgroup_paths__init(&c->paths[1]);
	if (err) {
		os_cgroups__free(c);
		errno = -err;
		return NULL;
	}
	c->by_image = !cgroup_is_v2();
	return c;
}

void os_cgroups__free(struct os_cgroups *c)
{
	if (!c)
		return;
	cgroup_paths__fini(&c->paths[0]);
	cgroup_paths__fini(&c->paths[1]);
	free(c);
}

bool os_cgroups__by_image(const struct os_cgroups *c)
{
	return c->by_image;
}

void os_cgroups__set_by_image(struct os_cgroups *c, bool by_image)
{
	c->by_image = by_image;
}

static struct cgroup_key cgroups_key(const struct os_cgroups *c, uint64_t id,
				     const struct wire_image *image)
{
	if (!c->by_image)
		return (struct cgroup_key){id, 0};
	return (struct cgroup_key){(uint64_t)image->pid << 32 | image->exec_id, image->start_ns};
}

int os_cgroups__path(struct os_cgroups *c, uint64_t cgroup_id, const struct wire_image *image,
		     char *ret_path, size_t size)
{
	struct cgroup_key key = cgroups_key(c, cgroup_id, image);
	const char *known = cgroup_paths__find(&c->paths[c->young], &key);
	char path[OS_CGROUP_PATH];
	bool young = known != NULL;
	int err = 0;

	if (!known)
		known = cgroup_paths__find(&c->paths[!c->young], &key);
	if (known)
		snprintf(path, sizeof(path), "%s", known);
	else
		err = cgroups_ask(c, cgroup_id, image, path, sizeof(path));
	if (err)
		return err;
	if (!young)
		cgroups_remember(c, &key, path);
	if (strlen(path) >= size)
		return -ENAMETOOLONG;
	strcpy(ret_path, path);
	return 0;
}
