/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/go_channel_facts.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"

#define MAX_CHANNELS (GO_CHANNEL_FACTS_MAX * (size_t)GO_CHANNELS_MAX)

/* The different ones. */
struct channel_set {
	uint64_t *addrs;
	size_t cnt, cap;
	struct hash_index index;
};

static bool channel_set_equals(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct channel_set *)owner)->addrs[pos] == *(const uint64_t *)key;
}

static int channel_set_add(struct channel_set *s, uint64_t addr)
{
	uint64_t hash = hash_u64(addr);
	int err;

	if (hash_index__find(&s->index, hash, channel_set_equals, s, &addr) != HASH_INDEX_NONE)
		return 0;
	err = array__grow((void **)&s->addrs, &s->cap, s->cnt + 1, sizeof(*s->addrs), MAX_CHANNELS);
	if (!err)
		err = hash_index__add(&s->index, hash, (uint32_t)s->cnt);
	if (!err)
		s->addrs[s->cnt++] = addr;
	return err;
}

static bool channels_are_alone(const struct go_channels *c)
{
	for (size_t i = 0; i < c->cnt; i++)
		if (!c->items[i].is_alone)
			return false;
	return !c->is_cut;
}

static bool channel_is_alike(const struct go_channel *a, const struct go_channel *b)
{
	return a->side == b->side && a->closed == b->closed && a->is_timer == b->is_timer &&
	       a->cap == b->cap && (a->len == a->cap) == (b->len == b->cap);
}

/* Selects have theirs in the order of addresses, so two that do the same may have them in another order. */
static bool channels_are_alike(const struct go_channels *a, const struct go_channels *b)
{
	bool taken[GO_CHANNELS_MAX] = {false};

	for (size_t i = 0; i < a->cnt; i++) {
		size_t k = 0;

		while (k < b->cnt && (taken[k] || !channel_is_alike(&a->items[i], &b->items[k])))
			k++;
		if (k == b->cnt)
			return false;
		taken[k] = true;
	}
	return a->cnt == b->cnt && a->is_cut == b->is_cut;
}

static int channel_facts_add(struct go_channel_facts *f, struct channel_set *set,
			     const struct go_look *look, const struct goroutine *g)
{
	struct go_channels c;
	int err = 0;

	if (f->looked_cnt + f->untold_cnt == GO_CHANNEL_FACTS_MAX) {
		f->beyond_cnt++;
		return 0;
	}
	if (!go_channels__read(&c, look->runtime, g)) {
		f->untold_cnt++;
		return 0;
	}
	if (!f->example.cnt)
		f->example = c;
	f->looked_cnt++;
	f->alone_cnt += channels_are_alone(&c);
	f->alike_cnt += channels_are_alike(&f->example, &c);
	for (size_t i = 0; !err && i < c.cnt; i++)
		err = channel_set_add(set, c.items[i].addr);
	return err;
}

static bool waits_at_channels(enum go_reason reason)
{
	return reason == GO_REASON_CHAN_SEND || reason == GO_REASON_CHAN_RECEIVE ||
	       reason == GO_REASON_SELECT;
}

int go_channel_facts__read(struct go_channel_facts *f, const struct go_look *look,
			   const struct go_leak *leak)
{
	struct channel_set set = {0};
	int err = 0;

	*f = (struct go_channel_facts){0};
	if (!waits_at_channels(leak->reason))
		return 0;
	if (!go_channels__read(&f->example, look->runtime, &leak->example))
		f->example.cnt = 0;
	for (size_t i = 0; !err && i < look->all->cnt; i++)
		if (go_leak__has(leak, look, &look->all->items[i]))
			err = channel_facts_add(f, &set, look, &look->all->items[i]);
	f->channel_cnt = set.cnt;
	free(set.addrs);
	hash_index__fini(&set.index);
	return err;
}
