/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Modules: the files, and the kernel, that code comes from. One table for all processes; the identity of
 * a file is (device, inode, build id), so containers and replaced files don't mix. Memory without a file
 * (WIRE_MODULE_ANON) is a module for each image, which takes the place of device and inode.
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
	uint32_t used; /* the table's generation when it was last wanted */
	char *path;    /* as the process sees it, owned */
	char *debug_name; /* of the file with its symbols that the build id is of (PDB); NULL: none. Owned. */
	int fd; /* the file, open for reading since it was first seen; -1: not available. Owned. */
	/*
	 * Files with its debug information, and with what dwz moved out of that, as far as the process's own root has them;
	 * negative: none. Owned; set after interning. Not checked to the end: see symbol/debug_file.h.
	 */
	int debug_fd, alt_fd;
};

struct module_table {
	struct module **items; /* by id - 1; NULL: swept away */
	size_t cnt, cap;
	size_t first_free;   /* no place before it is free */
	uint32_t generation; /* see module_table__use() */
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
/* For runs without an end: a module is wanted in this generation. Unknown ones are ignored. */
void module_table__use(struct module_table *t, uint32_t id);
/*
 * Removes the modules that were not used in this generation, and closes their files. Their ids will be those of others: who
 * keeps ids has to forget them now. 0 or -ENOMEM: then none was.
 */
int module_table__sweep(struct module_table *t);
/* Names the file with its symbols: a copy of @name, in place of what was there. 0 or -ENOMEM. */
int module__set_debug_name(struct module *m, const char *name);
/* Makes @m the memory without a file of @image. */
void module__set_image(struct module *m, const struct wire_image *image);
/* The image whose memory @m is. False: it is a file, or was recorded before images had modules of their own. */
bool module__image(const struct module *m, struct wire_image *ret);
/* Is it a jitdump file, which just-in-time compilers map so that it is found: "jit-PID.dump"? */
bool module__is_jitdump(const struct module *m);
/* Is it a PE file, of a process or of the kernel? Its path's components may end in '\\'. */
bool module__is_pe(const struct module *m);
/* The last component of the path: "libc.so.6", "ntdll.dll", "[vdso]", "[kernel]". Never NULL. */
const char *module__name(const struct module *m);

#endif
