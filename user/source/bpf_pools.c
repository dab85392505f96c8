/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_pools.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unwind_table.h"

#define POOL_BLOCKS 256 /* 1 MiB; a larger table gets a map of its own */

struct pool {
	void *memory; /* NULL: none here */
	int fd;	      /* of its map; -1: memory of this process alone */
	uint32_t block_cnt, used_cnt;
	uint8_t used[POOL_BLOCKS]; /* by block, of maps of POOL_BLOCKS */
};

int pools__init(struct pools *p, int outer_fd, uint32_t max_blocks)
{
	*p = (struct pools){.outer_fd = outer_fd, .max_blocks = max_blocks};
	p->items = calloc(UNWIND_MAX_POOLS, sizeof(*p->items));
	if (!p->items)
		return -ENOMEM;
	p->cnt = UNWIND_MAX_POOLS;
	return 0;
}

static void pool_close(struct pools *p, struct pool *pool)
{
	if (!pool->memory)
		return;
	munmap(pool->memory, (size_t)pool->block_cnt * UNWIND_BLOCK_BYTES);
	if (pool->fd >= 0)
		close(pool->fd);
	p->made_blocks -= pool->block_cnt;
	pool->memory = NULL;
}

void pools__fini(struct pools *p)
{
	for (size_t i = 0; i < p->cnt; i++)
		pool_close(p, &p->items[i]);
	free(p->items);
	*p = (struct pools){.outer_fd = -1};
}

static int pool_open(struct pools *p, uint32_t index, uint32_t block_cnt)
{
	struct bpf_map_create_opts opts = {
		.sz = sizeof(opts),
		.map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP,
	};
	struct pool *pool = &p->items[index];
	int fd = -1, err;
	void *memory;

	if (p->outer_fd >= 0) {
		fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "dwell_tables", sizeof(uint32_t),
				    UNWIND_BLOCK_BYTES, block_cnt, &opts);
		if (fd < 0)
			return -errno;
	}
	memory = mmap(NULL, (size_t)block_cnt * UNWIND_BLOCK_BYTES, PROT_READ | PROT_WRITE,
		      fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	*pool = (struct pool){.fd = fd, .memory = memory, .block_cnt = block_cnt};
	p->made_blocks += block_cnt;
	if (fd >= 0 && bpf_map_update_elem(p->outer_fd, &index, &fd, BPF_ANY)) {
		err = -errno;
		pool_close(p, pool);
		return err;
	}
	return 0;
}

/* The first run of @cnt free blocks. */
static bool pool_find(const struct pool *pool, uint32_t cnt, uint32_t *ret_first)
{
	uint32_t run = 0;

	if (!pool->memory || pool->block_cnt != POOL_BLOCKS ||
	    pool->block_cnt - pool->used_cnt < cnt)
		return false;
	for (uint32_t i = 0; i < pool->block_cnt; i++) {
		run = pool->used[i] ? 0 : run + 1;
		if (run == cnt) {
			*ret_first = i + 1 - cnt;
			return true;
		}
	}
	return false;
}

static void pools_take(struct pools *p, const struct pool_run *run)
{
	struct pool *pool = &p->items[run->pool];

	if (pool->block_cnt == POOL_BLOCKS)
		memset(pool->used + run->first, 1, run->cnt);
	pool->used_cnt += run->cnt;
	p->used_blocks += run->cnt;
}

int pools__alloc(struct pools *p, uint32_t cnt, struct pool_run *ret)
{
	struct pool_run run = {.cnt = cnt};
	uint32_t at;
	int err;

	if (!cnt || cnt > p->max_blocks - p->used_blocks)
		return -ENOSPC;
	for (run.pool = 0; cnt <= POOL_BLOCKS && run.pool < p->cnt; run.pool++)
		if (pool_find(&p->items[run.pool], cnt, &run.first))
			goto found;
	for (at = 0; at < p->cnt && p->items[at].memory; at++)
		;
	if (at == p->cnt)
		return -ENOSPC;
	err = pool_open(p, at, cnt > POOL_BLOCKS ? cnt : POOL_BLOCKS);
	if (err)
		return err;
	run.pool = at;
	run.first = 0;
found:
	pools_take(p, &run);
	*ret = run;
	return 0;
}

void pools__free(struct pools *p, const struct pool_run *run)
{
	struct pool *pool = &p->items[run->pool];

	if (pool->block_cnt == POOL_BLOCKS)
		memset(pool->used + run->first, 0, run->cnt);
	pool->used_cnt -= run->cnt;
	p->used_blocks -= run->cnt;
	if (!pool->used_cnt) {
		if (p->outer_fd >= 0)
			bpf_map_delete_elem(p->outer_fd, &run->pool);
		pool_close(p, pool);
	}
}

void *pools__memory(const struct pools *p, const struct pool_run *run)
{
	return (char *)p->items[run->pool].memory + (size_t)run->first * UNWIND_BLOCK_BYTES;
}
