/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/go_block.h"

#include <stdlib.h>

#include "analyze/go_pairs.h"
#include "base/array.h"

void go_block__init(struct go_block *b)
{
	*b = (struct go_block){0};
}

void go_block__fini(struct go_block *b)
{
	free(b->rows);
	hash_index__fini(&b->index);
	*b = (struct go_block){0};
}

void go_block__clear(struct go_block *b)
{
	b->cnt = 0;
	hash_index__clear(&b->index);
}

static bool go_block_equals(const void *owner, uint32_t pos, const void *key)
{
	const struct go_block_row *a = &((const struct go_block *)owner)->rows[pos], *b = key;

	return a->stack == b->stack && a->startpc == b->startpc && a->reason == b->reason;
}

static int go_block_get(struct go_block *b, const struct go_block_row *key,
			struct go_block_row **ret)
{
	uint64_t hash = hash_mix(hash_mix(key->stack, key->startpc), key->reason);
	uint32_t found = hash_index__find(&b->index, hash, go_block_equals, b, key);
	int err = 0;

	if (found == HASH_INDEX_NONE) {
		err = array__grow((void **)&b->rows, &b->cap, b->cnt + 1, sizeof(*b->rows),
				  GO_BLOCK_MAX_ROWS);
		if (!err)
			err = hash_index__add(&b->index, hash, (uint32_t)b->cnt);
		if (err)
			return err;
		found = (uint32_t)b->cnt++;
		b->rows[found] = *key;
	}
	*ret = &b->rows[found];
	return 0;
}

/* Where there is no count of stops: a goroutine that is not as it was has stopped once. */
static uint64_t go_block_stops(const struct go_look *look, const struct goroutine *g,
			       const struct goroutine *old)
{
	if (look->runtime->layout.seq)
		return go_stops(g, old);
	return !old || !goroutine__is_unchanged(old, g);
}

int go_block__add(struct go_block *b, struct go_facts *f, const struct go_look *look,
		  const struct goroutines *before, uint64_t begin_ns)
{
	struct go_pairs pairs = {before, 0};
	uint64_t from_ns = before && before->now_ns > begin_ns ? before->now_ns : begin_ns;
	int err = 0;

	for (size_t i = 0; !err && before && i < look->all->cnt; i++) {
		const struct goroutine *g = &look->all->items[i];
		const struct goroutine *old = go_pairs_next(&pairs, g);
		struct go_block_row *row;
		struct go_fact fact;

		err = go_facts__get(f, look, g, &fact);
		if (err || fact.is_system || fact.reason == GO_REASON_NONE)
			continue;
		err = go_block_get(b,
				   &(struct go_block_row){.stack = g->stack,
							  .startpc = g->startpc,
							  .reason = fact.reason},
				   &row);
		if (err)
			break;
		row->ns += look->all->now_ns > from_ns ? look->all->now_ns - from_ns : 0;
		row->cnt += go_block_stops(look, g, old);
	}
	return err;
}
