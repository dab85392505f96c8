/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The unwind tables of modules, in the kernel's maps: made by a thread of their own, so that no event waits for one
 * (a browser's takes a second), shared by all modules with the same build id, thrown away when nobody maps the module
 * and the memory is wanted for another.
 *
 *   tables__init -> tables__get ... tables__put (the collector's thread) -> tables__fini
 *
 * The maps are mapped into this process: a table is built in place, and the walk from outside reads the same bytes.
 */
#ifndef SOURCE_BPF_TABLES_H
#define SOURCE_BPF_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/module.h"

struct tables;

#define TABLES_MAX_BYTES (64u << 20) /* of all tables together */

struct tables_usage {
	uint32_t table_cnt;   /* made */
	uint32_t refused_cnt; /* modules without a table: no memory */
	uint32_t without_cnt; /* modules without CFI */
	uint64_t used_bytes;  /* of tables */
	uint64_t pool_bytes;  /* of the maps that hold them */
};

/*
 * @pools_fd, @modules_fd: the maps unwind_pools and unwind_modules, both -1: only this process walks. At most @max_bytes of tables. NULL + errno.
 */
struct tables *tables__new(int pools_fd, int modules_fd, uint64_t max_bytes);
/* Ends the thread, unmaps. Accepts NULL. */
void tables__free(struct tables *t);
/*
 * The number of @m's table for struct unwind_mapping, with a reference. It may be still in the making. 0 for memory
 * without a file. Without memory for the table, the number stands for one that says so.
 */
uint32_t tables__get(struct tables *t, const struct module *m);
/* One reference less; for any result of tables__get(). */
void tables__put(struct tables *t, uint32_t number);
/* Waits until no table is in the making, at most @timeout_ms. True: so it is. */
bool tables__wait(struct tables *t, int timeout_ms);
/* A block of a table for the walk from outside; NULL: not there. Only while its reference is held. */
const void *tables__block(const struct tables *t, uint32_t number, uint32_t block);
struct tables_usage tables__usage(struct tables *t);

#endif
