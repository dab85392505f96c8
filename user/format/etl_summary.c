/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/etl_summary.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"

struct etl_summary *etl_summary__new(void)
{
	return calloc(1, sizeof(struct etl_summary));
}

void etl_summary__free(struct etl_summary *s)
{
	if (!s)
		return;
	hash_index__fini(&s->index);
	free(s->providers);
	free(s);
}

/* ---- providers ---- */

static bool etl_same_provider(const void *owner, uint32_t pos, const void *guid)
{
	const struct etl_summary *s = owner;

	return !memcmp(s->providers[pos].guid, guid, ETL_GUID_BYTES);
}

/* 0, -ENOMEM, -E2BIG. */
static int etl_summary__append(struct etl_summary *s, const struct etl_provider *p)
{
	int err = array__grow((void **)&s->providers, &s->provider_cap, s->provider_cnt + 1,
			      sizeof(*p), ETL_SUMMARY_MAX_PROVIDERS);

	if (!err)
		s->providers[s->provider_cnt++] = *p;
	return err;
}

/* The one with this guid; NULL + errno. */
static struct etl_provider *etl_summary__get(struct etl_summary *s, const uint8_t *guid)
{
	uint64_t hash = hash_bytes(guid, ETL_GUID_BYTES);
	uint32_t pos = hash_index__find(&s->index, hash, etl_same_provider, s, guid);
	struct etl_provider p = {.group = etl_group_of_class(guid)};
	int err;

	if (pos != HASH_INDEX_NONE)
		return &s->providers[pos];
	memcpy(p.guid, guid, sizeof(p.guid));
	err = etl_summary__append(s, &p);
	if (!err)
		err = hash_index__add(&s->index, hash, (uint32_t)s->provider_cnt - 1);
	errno = -err;
	return err ? NULL : &s->providers[s->provider_cnt - 1];
}

static int etl_compare_providers(const void *x, const void *y)
{
	const struct etl_provider *a = x, *b = y;

	if (a->cnt != b->cnt)
		return a->cnt > b->cnt ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return memcmp(a->guid, b->guid, sizeof(a->guid));
}

/* Takes those out whose class stands for a group. */
static void etl_summary__fold_classes(struct etl_summary *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->provider_cnt; i++) {
		if (s->providers[i].group >= 0)
			s->group_cnt[s->providers[i].group] += s->providers[i].cnt;
		else
			s->providers[kept++] = s->providers[i];
	}
	s->provider_cnt = kept;
}

int etl_summary__finish(struct etl_summary *s)
{
	struct etl_provider p = {.group = 0};
	int err = 0;

	etl_summary__fold_classes(s);
	for (; !err && p.group < ETL_GROUP_CNT; p.group++) {
		p.cnt = s->group_cnt[p.group];
		if (p.cnt)
			err = etl_summary__append(s, &p);
	}
	/* With as many providers as there may be, groups are left out. */
	if (err == -E2BIG)
		err = 0;
	if (s->provider_cnt)
		qsort(s->providers, s->provider_cnt, sizeof(*s->providers), etl_compare_providers);
	return err;
}

/* ---- what off-CPU times are made of ---- */

static void etl_summary__remember(struct etl_summary *s, int64_t ticks, enum etl_cause cause)
{
	struct etl_recent *r = &s->recent[hash_u64((uint64_t)ticks) % ETL_SUMMARY_RECENT_CNT];

	s->cause_cnt[cause]++;
	*r = (struct etl_recent){ticks, cause};
}

/* int64: of which event it is. */
static void etl_summary__add_stack(struct etl_summary *s, const struct etl_event *e)
{
	struct cursor c = cursor_over(e->payload, e->payload_len);
	int64_t ticks = (int64_t)cursor__u64(&c);
	const struct etl_recent *r = &s->recent[hash_u64((uint64_t)ticks) % ETL_SUMMARY_RECENT_CNT];

	s->stack_cnt[r->ticks == ticks ? r->cause : ETL_CAUSE_NONE]++;
}

static void etl_summary__add_kernel(struct etl_summary *s, unsigned int group,
				    const struct etl_event *e)
{
	static const struct {
		uint8_t group, opcode;
		enum etl_cause cause;
	} causes[] = {
		{ETL_GROUP_THREAD, ETL_THREAD_SWITCH, ETL_CAUSE_SWITCH},
		{ETL_GROUP_THREAD, ETL_THREAD_READY, ETL_CAUSE_READY},
		{ETL_GROUP_PERFINFO, ETL_PERFINFO_SYSCALL, ETL_CAUSE_SYSCALL},
		{ETL_GROUP_PERFINFO, ETL_PERFINFO_SAMPLE, ETL_CAUSE_SAMPLE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		if (causes[i].group == group && causes[i].opcode == e->opcode)
			etl_summary__remember(s, e->ticks, causes[i].cause);
	if (group == ETL_GROUP_STACK &&
	    (e->opcode == ETL_STACK_WHOLE || e->opcode == ETL_STACK_KEY_KERNEL ||
	     e->opcode == ETL_STACK_KEY_USER))
		etl_summary__add_stack(s, e);
	s->process_cnt += group == ETL_GROUP_PROCESS;
	s->image_cnt += group == ETL_GROUP_IMAGE;
	s->lost_cnt += group == ETL_GROUP_LOST;
}

/* Stacks that providers of user space put beside their own events. */
static void etl_summary__add_items(struct etl_summary *s, const struct etl_event *e)
{
	struct cursor c = etl_event__items(e);
	struct etl_item item;

	while (etl_item__next(&c, &item))
		if (item.type == ETL_ITEM_STACK_32 || item.type == ETL_ITEM_STACK_64 ||
		    item.type == ETL_ITEM_STACK_KEY_32 || item.type == ETL_ITEM_STACK_KEY_64)
			s->stack_cnt[ETL_CAUSE_NONE]++;
}

/* Of a provider. *@ret_group: of the group that its class stands for, or -1. */
static int etl_summary__add_provider(struct etl_summary *s, const struct etl_event *e,
				     int *ret_group)
{
	static const uint8_t none[ETL_GUID_BYTES];
	struct etl_provider *p = etl_summary__get(s, e->guid ? e->guid : none);

	if (!p && errno != E2BIG)
		return -errno;
	if (!p) {
		s->other_cnt++;
		return 0;
	}
	p->cnt++;
	*ret_group = p->group;
	return 0;
}

int etl_summary__add(struct etl_summary *s, const struct etl_event *e)
{
	int group = e->group, err = 0;

	s->event_cnt++;
	if (e->time_ns > s->last_ns)
		s->last_ns = e->time_ns;
	if (etl_event__is_kernel(e)) {
		s->group_cnt[e->group]++;
	} else {
		group = -1;
		err = etl_summary__add_provider(s, e, &group);
	}
	if (group >= 0)
		etl_summary__add_kernel(s, (unsigned int)group, e);
	etl_summary__add_items(s, e);
	return err;
}

uint64_t etl_summary__stacks(const struct etl_summary *s)
{
	uint64_t cnt = 0;

	for (int i = 0; i < ETL_CAUSE_CNT; i++)
		cnt += s->stack_cnt[i];
	return cnt;
}
