/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* What a key stood for until @ticks. */
struct key_stack {
	uint64_t key;
	int64_t ticks;
	uint32_t kernel, user;
};

void etw_parts__init(struct etw_parts *p, bool wide)
{
	*p = (struct etw_parts){.wide = wide};
	hash_index__init(&p->index);
}

void etw_parts__fini(struct etw_parts *p)
{
	hash_index__fini(&p->index);
	free(p->addrs);
	free(p->parts);
	free(p->keys);
	*p = (struct etw_parts){.wide = false};
}

/* ---- addresses ---- */

const uint64_t *etw_parts__addrs(const struct etw_parts *p, uint32_t id, uint32_t *ret_cnt)
{
	*ret_cnt = id ? p->parts[id - 1].cnt : 0;
	return id ? &p->addrs[p->parts[id - 1].first] : NULL;
}

struct part_key {
	const uint64_t *addrs;
	uint32_t cnt;
};

static bool part_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct etw_parts *p = owner;
	const struct stack_part *a = &p->parts[pos];
	const struct part_key *b = key;

	return a->cnt == b->cnt &&
	       !memcmp(&p->addrs[a->first], b->addrs, b->cnt * sizeof(*b->addrs));
}

/* For the index only: several times as fast as hash_bytes(), and every stack of a trace goes through it. */
static uint64_t parts_hash(const uint64_t *addrs, uint32_t cnt)
{
	uint64_t h = cnt;

	for (uint32_t i = 0; i < cnt; i++) {
		h = (h ^ addrs[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	return hash_u64(h);
}

/* The id of these addresses; of none 0. */
static int parts_intern(struct etw_parts *p, const uint64_t *addrs, uint32_t cnt, uint32_t *ret_id)
{
	const struct part_key key = {addrs, cnt};
	uint64_t hash = parts_hash(addrs, cnt);
	uint32_t at;
	int err;

	*ret_id = 0;
	if (!cnt)
		return 0;
	at = hash_index__find(&p->index, hash, part_eq, p, &key);
	if (at != HASH_INDEX_NONE) {
		*ret_id = at + 1;
		return 0;
	}
	err = array__grow((void **)&p->addrs, &p->addr_cap, p->addr_cnt + cnt, sizeof(*addrs),
			  ETW_MAX_ADDRS);
	if (!err)
		err = array__grow((void **)&p->parts, &p->part_cap, p->part_cnt + 1,
				  sizeof(*p->parts), ETW_MAX_STACKS);
	if (!err)
		err = hash_index__add(&p->index, hash, (uint32_t)p->part_cnt);
	if (err == -E2BIG) {
		p->left_out_cnt++;
		return 0;
	}
	if (err)
		return err;
	memcpy(&p->addrs[p->addr_cnt], addrs, cnt * sizeof(*addrs));
	p->parts[p->part_cnt] = (struct stack_part){(uint32_t)p->addr_cnt, cnt};
	p->addr_cnt += cnt;
	*ret_id = (uint32_t)++p->part_cnt;
	return 0;
}

int etw_parts__copy(struct etw_parts *p, const struct etw_parts *from, uint32_t id,
		    uint32_t *ret_id)
{
	uint32_t cnt;
	const uint64_t *addrs = etw_parts__addrs(from, id, &cnt);

	return parts_intern(p, addrs, cnt, ret_id);
}

int etw_parts__take(struct etw_parts *p, const struct etw_event *e, uint32_t *ret_kernel,
		    uint32_t *ret_user)
{
	uint64_t addrs[ETW_MAX_ADDRS_EACH], user_from = p->wide ? 1ull << 63 : 1ull << 31;
	uint32_t cnt = e->stack.addr_cnt, kernel = 0;
	int err;

	if (cnt > ETW_MAX_ADDRS_EACH)
		cnt = ETW_MAX_ADDRS_EACH;
	for (uint32_t i = 0; i < cnt; i++) {
		addrs[i] = etw_stack_addr(e, i);
		if (kernel == i && addrs[i] >= user_from)
			kernel++;
	}
	err = parts_intern(p, addrs, kernel, ret_kernel);
	return err ? err : parts_intern(p, addrs + kernel, cnt - kernel, ret_user);
}

/* ---- keys ---- */

int etw_parts__define(struct etw_parts *p, const struct etw_event *e, int64_t ticks)
{
	struct key_stack k = {.key = e->stack.key, .ticks = ticks};
	int err = etw_parts__take(p, e, &k.kernel, &k.user);

	if (!err)
		err = array__grow((void **)&p->keys, &p->key_cap, p->key_cnt + 1, sizeof(*p->keys),
				  ETW_MAX_STACKS);
	if (!err)
		p->keys[p->key_cnt++] = k;
	if (err != -E2BIG)
		return err;
	p->left_out_cnt++;
	return 0;
}

static int compare_keys(const void *x, const void *y)
{
	const struct key_stack *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->ticks < b->ticks ? -1 : a->ticks > b->ticks;
}

void etw_parts__defined(struct etw_parts *p)
{
	if (p->key_cnt)
		qsort(p->keys, p->key_cnt, sizeof(*p->keys), compare_keys);
}

bool etw_parts__of_key(const struct etw_parts *p, uint64_t key, int64_t ticks, uint32_t *ret_kernel,
		       uint32_t *ret_user)
{
	const struct key_stack like = {.key = key, .ticks = ticks};
	size_t from = 0, to = p->key_cnt;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (compare_keys(&p->keys[mid], &like) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	if (from == p->key_cnt || p->keys[from].key != key)
		return false;
	*ret_kernel = p->keys[from].kernel;
	*ret_user = p->keys[from].user;
	return true;
}
