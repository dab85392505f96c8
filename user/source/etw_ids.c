/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_ids.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

void etw_ids__init(struct etw_ids *ids)
{
	*ids = (struct etw_ids){.cnt = 0};
	hash_index__init(&ids->index);
}

void etw_ids__fini(struct etw_ids *ids)
{
	free(ids->items);
	free(ids->holders);
	hash_index__fini(&ids->index);
	*ids = (struct etw_ids){.cnt = 0};
}

static bool etw_id_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct etw_ids *)owner)->items[pos].id == *(const uint64_t *)key;
}

uint32_t etw_ids__newest(const struct etw_ids *ids, uint64_t id)
{
	uint32_t pos = hash_index__find(&ids->index, hash_u64(id), etw_id_eq, ids, &id);

	return pos == HASH_INDEX_NONE ? ETW_NONE : ids->items[pos].at;
}

int etw_ids__set(struct etw_ids *ids, uint64_t id, uint32_t at)
{
	uint32_t pos = hash_index__find(&ids->index, hash_u64(id), etw_id_eq, ids, &id);
	int err;

	if (pos != HASH_INDEX_NONE) {
		ids->items[pos].at = at;
		return 0;
	}
	err = array__grow((void **)&ids->items, &ids->cap, ids->cnt + 1, sizeof(*ids->items),
			  ETW_MAX_IDS);
	if (!err)
		err = hash_index__add(&ids->index, hash_u64(id), (uint32_t)ids->cnt);
	if (!err)
		ids->items[ids->cnt++] = (struct etw_newest){id, at};
	return err;
}

static int etw_compare_holders(const void *x, const void *y)
{
	const struct etw_holder *a = x, *b = y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

int etw_ids__reserve(struct etw_ids *ids, size_t cnt)
{
	free(ids->holders);
	ids->holder_cnt = 0;
	ids->holders = malloc((cnt + 1) * sizeof(*ids->holders));
	return ids->holders ? 0 : -ENOMEM;
}

void etw_ids__hold(struct etw_ids *ids, uint64_t id, uint64_t start_ns, uint32_t at)
{
	ids->holders[ids->holder_cnt++] = (struct etw_holder){id, start_ns, at};
}

void etw_ids__sort(struct etw_ids *ids)
{
	if (ids->holder_cnt)
		qsort(ids->holders, ids->holder_cnt, sizeof(*ids->holders), etw_compare_holders);
}

uint32_t etw_ids__find(const struct etw_ids *ids, uint64_t id, uint64_t time_ns)
{
	const struct etw_holder like = {.id = id, .start_ns = time_ns, .at = ETW_NONE};
	size_t from = 0, to = ids->holder_cnt;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (etw_compare_holders(&ids->holders[mid], &like) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	if (from && ids->holders[from - 1].id == id)
		return ids->holders[from - 1].at;
	return from < ids->holder_cnt && ids->holders[from].id == id ? ids->holders[from].at
								     : ETW_NONE;
}
