/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/call_stats.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* What tells the rows of the table apart; no padding. */
struct call_stats_key {
	struct call_entity entity;
	uint32_t nr, _pad;
};

static bool call_stats_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct call_stat *c = &((const struct call_stats *)owner)->items[pos];
	const struct call_stats_key *k = key;

	return c->nr == k->nr && !memcmp(&c->entity, &k->entity, sizeof(k->entity));
}

static void call_stat_fini(struct call_stat *c)
{
	histogram__fini(&c->lengths);
	free(c->errors);
}

void call_stats__clear(struct call_stats *s)
{
	for (size_t i = 0; i < s->cnt; i++)
		call_stat_fini(&s->items[i]);
	s->cnt = 0;
	hash_index__clear(&s->index);
}

void call_stats__fini(struct call_stats *s)
{
	call_stats__clear(s);
	hash_index__fini(&s->index);
	free(s->items);
	*s = (struct call_stats){0};
}

static uint32_t call_stats_find(const struct call_stats *s, const struct call_stats_key *key,
				uint64_t *ret_hash)
{
	*ret_hash = hash_bytes(key, sizeof(*key));
	return hash_index__find(&s->index, *ret_hash, call_stats_eq, s, key);
}

static int call_stats_get(struct call_stats *s, const struct call_entity *entity, uint32_t nr,
			  struct call_stat **ret)
{
	struct call_stats_key key = {.entity = *entity, .nr = nr};
	uint64_t hash;
	uint32_t at = call_stats_find(s, &key, &hash);
	int err;

	if (at == HASH_INDEX_NONE && s->cnt >= CALL_STATS_MAX) {
		key.entity = (struct call_entity){.id = CALL_STATS_OTHERS};
		if ((nr & ~CALL_NR_COMPAT) >= CALL_MAX_NR)
			key.nr = CALL_STATS_OTHER_NRS;
		at = call_stats_find(s, &key, &hash);
	}
	if (at == HASH_INDEX_NONE) {
		at = (uint32_t)s->cnt;
		err = array__grow((void **)&s->items, &s->cap, s->cnt + 1, sizeof(*s->items),
				  CALL_STATS_MAX + 2 * CALL_MAX_NR + 1);
		if (!err)
			err = hash_index__add(&s->index, hash, at);
		if (err)
			return err;
		s->items[s->cnt++] = (struct call_stat){.entity = key.entity, .nr = key.nr};
	}
	*ret = &s->items[at];
	return 0;
}

static int call_stat_add_error(struct call_stat *c, uint32_t error, uint64_t cnt)
{
	size_t i = 0;
	int err;

	while (i < c->error_cnt && c->errors[i].error != error)
		i++;
	if (i == c->error_cnt) {
		err = array__grow((void **)&c->errors, &c->error_cap, i + 1, sizeof(*c->errors),
				  CALL_MAX_ERRNO);
		if (err)
			return err;
		c->errors[c->error_cnt++] = (struct call_error){.error = error};
	}
	c->errors[i].cnt += cnt;
	c->failed_cnt += cnt;
	return 0;
}

int call_stats__add_row(struct call_stats *s, const struct call_key *key,
			const struct call_row *row)
{
	struct call_stat *c;
	int err = call_stats_get(s, &key->entity, key->nr, &c);

	if (err)
		return err;
	if (key->slot >= CALL_SLOT_ERRNO)
		return call_stat_add_error(c, key->slot - CALL_SLOT_ERRNO, row->cnt);
	c->total_ns += row->total_ns;
	c->blocked_ns += row->blocked_ns;
	c->runnable_ns += row->runnable_ns;
	err = histogram__add(&c->lengths, key->slot, row->cnt);
	histogram__raise_max(&c->lengths, row->max_ns);
	return err;
}

int call_stats__add_open(struct call_stats *s, const struct call_record *rec)
{
	struct call_stat *c;
	int err = call_stats_get(s, &rec->entity, rec->nr, &c);

	if (err)
		return err;
	c->open_cnt++;
	if (rec->time.total_ns > c->open_max_ns)
		c->open_max_ns = rec->time.total_ns;
	return 0;
}

/* ---- order ---- */

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int call_stats_by_entity(const void *left, const void *right)
{
	const struct call_stat *a = left, *b = right;
	int order = compare_u64(a->entity.id, b->entity.id);

	if (!order)
		order = compare_u64(a->entity.nr, b->entity.nr);
	return order ? order : compare_u64(a->nr, b->nr);
}

static int call_stats_by_time(const void *left, const void *right)
{
	const struct call_stat *a = left, *b = right;
	bool same = a->entity.id == b->entity.id && a->entity.nr == b->entity.nr;
	int order;

	if (!same) {
		order = compare_u64(b->entity_ns, a->entity_ns);
		return order ? order : call_stats_by_entity(a, b);
	}
	order = compare_u64(b->total_ns, a->total_ns);
	if (!order)
		order = compare_u64(b->lengths.cnt, a->lengths.cnt);
	return order ? order : compare_u64(a->nr, b->nr);
}

static int call_errors_by_count(const void *left, const void *right)
{
	const struct call_error *a = left, *b = right;
	int order = compare_u64(b->cnt, a->cnt);

	return order ? order : compare_u64(a->error, b->error);
}

void call_stats__sort(struct call_stats *s)
{
	size_t first = 0;

	if (!s->cnt)
		return;
	qsort(s->items, s->cnt, sizeof(*s->items), call_stats_by_entity);
	for (size_t i = 0; i < s->cnt; i++) {
		struct call_stat *c = &s->items[i], *f = &s->items[first];

		if (c->entity.id != f->entity.id || c->entity.nr != f->entity.nr) {
			first = i;
			f = c;
		}
		f->entity_ns = (i == first ? 0 : f->entity_ns) + c->total_ns;
		if (c->error_cnt)
			qsort(c->errors, c->error_cnt, sizeof(*c->errors), call_errors_by_count);
	}
	for (size_t i = 1; i < s->cnt; i++)
		if (s->items[i].entity.id == s->items[i - 1].entity.id &&
		    s->items[i].entity.nr == s->items[i - 1].entity.nr)
			s->items[i].entity_ns = s->items[i - 1].entity_ns;
	qsort(s->items, s->cnt, sizeof(*s->items), call_stats_by_time);
}

uint64_t call_stat_mean_ns(const struct call_stat *c)
{
	return c->lengths.cnt ? c->total_ns / c->lengths.cnt : 0;
}

uint64_t call_stat_on_cpu_ns(const struct call_stat *c)
{
	uint64_t off = c->blocked_ns + c->runnable_ns;

	return c->total_ns > off ? c->total_ns - off : 0;
}
