/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Blocks for unwind tables, out of BPF array maps that are also mapped into this process. */
#ifndef SOURCE_BPF_POOLS_H
#define SOURCE_BPF_POOLS_H

#include <stddef.h>
#include <stdint.h>

#include "unwind_sets.h"

struct pool; /* one map */

struct pools {
	int outer_fd; /* the map of maps, not owned; -1: none */
	uint32_t max_blocks;
	uint32_t used_blocks, made_blocks;
	struct pool *items;
	size_t cnt;
};

/* Neighbouring blocks of one map. */
struct pool_run {
	uint32_t pool, first, cnt;
};

/* @outer_fd: the map unwind_pools, -1: only this process reads them. At most @max_blocks will be in use. 0 or -ENOMEM. */
int pools__init(struct pools *p, int outer_fd, uint32_t max_blocks);
void pools__fini(struct pools *p);
/* A run of @cnt blocks. 0 and *@ret; -ENOSPC: no room; -errno of making a map. */
int pools__alloc(struct pools *p, uint32_t cnt, struct pool_run *ret);
/* The run is free again, and its map too when it was made for the run alone. */
void pools__free(struct pools *p, const struct pool_run *run);
/* The run's memory: the very bytes that the kernel side reads. */
void *pools__memory(const struct pools *p, const struct pool_run *run);

#endif
