/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Modules: the files, and the kernel, that code comes from. One table for all processes; the identity of
 * a file is (device, inode, build id), so containers and replaced files don't mix.
 */
#ifndef MODEL_MODULE_H
#define MODEL_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "wire.h"

#define MODULE_MAX_CNT (1u << 20)

struct module {
	uint32_t id;   /* 1.. */
	uint16_t kind; /* enum wire_module_kind */
	uint8_t build_id_len;
	uint8_t build_id[WIRE_BUILD_ID_LEN];
	uint64_t dev;
	uint64_t inode;
	char *path; /* as the process sees it, owned */
	int fd; /* the file, open for reading since it was first seen; -1: not available. Owned. */
};

struct module_table {
	struct module **items; /* by id - 1 */
	size_t cnt, cap;
	struct hash_index index;
};

void module_table__init(struct module_table *t);
/* Frees all; closes the files. */
void module_table__fini(struct module_table *t);
/*
 * The module with the identity of @like (kind, dev, inode, build id, path), added if new (with a copy of
 * the path; @like's id is ignored, its fd is taken over only if added: then @like->fd becomes -1).
 * *@ret_added tells which. NULL + errno: ENOMEM, E2BIG.
 */
struct module *module_table__intern(struct module_table *t, struct module *like, bool *ret_added);
/* Pure lookups; NULL when unknown. */
struct module *module_table__find(const struct module_table *t, uint32_t id);
/* The last component of the path: "libc.so.6", "[vdso]", "[kernel]". Never NULL. */
const char *module__name(const struct module *m);

#endif
