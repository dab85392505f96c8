/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which process has which executable memory, told to the kernel side (unwind_sets.h): runs of mappings in a pool, and
 * for each image the run it has. A forked process shares its parent's run. A run that nobody has any more is used again
 * only when no walk can be reading it; its id, under which rules and walks are remembered, never.
 *
 *   sets__new -> sets__update, sets__fork, sets__drop ... -> sets__free        (one thread)
 */
#ifndef SOURCE_BPF_SETS_H
#define SOURCE_BPF_SETS_H

#include <stddef.h>
#include <stdint.h>

#include "source/bpf_tables.h"
#include "unwind_sets.h"

struct sets;

struct sets_usage {
	uint32_t image_cnt;   /* processes that have mappings here */
	uint32_t mapping_cnt; /* of all runs */
	uint32_t refused_cnt; /* updates that found the pool or the kernel's map full */
};

/* @mappings_fd, @sets_fd: the maps unwind_mappings and unwind_sets; @tables outlives this. NULL + errno. */
struct sets *sets__new(int mappings_fd, int sets_fd, struct tables *tables);
void sets__free(struct sets *s);
/*
 * @image has the @cnt mappings at @m, sorted, whose table references become the set's. Keeps the image's run and its id
 * if nothing has changed. 0; -ENOSPC: no room (counted; the image then has none); -ENOMEM.
 */
int sets__update(struct sets *s, const struct wire_image *image, const struct unwind_mapping *m,
		 uint32_t cnt, uint64_t exec_pages);
/* @child began with @parent's mappings; the kernel side has entered that itself. 0 or -ENOMEM. */
int sets__fork(struct sets *s, const struct wire_image *parent, const struct wire_image *child);
/* The image is gone. */
void sets__drop(struct sets *s, const struct wire_image *image);
/* The mappings of an image, NULL: none. For the walk from outside. */
const struct unwind_mapping *sets__find(const struct sets *s, const struct wire_image *image,
					uint32_t *ret_cnt);
/* Makes runs free that were given up; to be called about once a second. */
void sets__reclaim(struct sets *s);
struct sets_usage sets__usage(const struct sets *s);

#endif
