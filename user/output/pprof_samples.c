/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Samples with equal stacks and labels, added up and sorted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "output/pprof_table.h"

#define PPROF_MAX_STACKS  (1u << 31) /* locations of all stacks */
#define PPROF_MAX_SAMPLES (1u << 26)

/* ---- labels ---- */

static struct pprof_labels labels_of(const struct pprof_table *t, const struct profile_sample *s)
{
	const struct profile *p = t->profile;
	struct pprof_labels l = {
		.reason = s->reason < REASON_CNT ? s->reason : REASON_OTHER,
		.wait_name = s->wait_name,
		.labels = s->labels,
	};
	const struct profile_thread *th;

	if (s->thread >= p->thread_cnt)
		return l;
	th = &p->threads[s->thread];
	l.pid = th->pid;
	l.tid = th->tid;
	l.goroutine = th->goroutine;
	l.thread = th->comm;
	l.comm = th->process;
	l.group = th->group == (th->goroutine ? th->process : th->comm) ? 0 : th->group;
	return l;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_labels(const struct pprof_labels *a, const struct pprof_labels *b)
{
	int order = compare_u32(a->pid, b->pid);

	if (!order)
		order = compare_u32(a->tid, b->tid);
	if (!order)
		order = a->goroutine - b->goroutine;
	if (!order)
		order = compare_u32(a->thread, b->thread);
	if (!order)
		order = compare_u32(a->comm, b->comm);
	if (!order)
		order = compare_u32(a->group, b->group);
	if (!order)
		order = compare_u32(a->wait_name, b->wait_name);
	if (!order)
		order = compare_u32(a->labels, b->labels);
	return order ? order : compare_u32(a->reason, b->reason);
}

/* ---- samples ---- */

static int compare_samples(const void *left, const void *right, void *arg)
{
	const struct pprof_sample *a = left, *b = right;
	const struct pprof_table *t = arg;
	int order = compare_labels(&a->labels, &b->labels);

	for (uint32_t i = 0; !order && i < a->cnt && i < b->cnt; i++)
		order = compare_u32(t->stacks[a->first + i], t->stacks[b->first + i]);
	return order ? order : compare_u32(a->cnt, b->cnt);
}

static bool sample_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct pprof_table *t = owner;

	return !compare_samples(&t->samples[pos], key, (void *)t);
}

static uint64_t sample_hash(const struct pprof_table *t, const struct pprof_sample *s)
{
	uint64_t h = hash_u64((uint64_t)s->labels.pid << 32 | s->labels.tid);

	h = hash_mix(h, (uint64_t)s->labels.thread << 32 | s->labels.reason);
	h = hash_mix(h, (uint64_t)s->labels.labels << 32 | s->labels.wait_name);
	for (uint32_t i = 0; i < s->cnt; i++)
		h = hash_mix(h, t->stacks[s->first + i]);
	return h;
}

/* The format's numbers are signed. */
static uint64_t add_values(uint64_t a, uint64_t b)
{
	uint64_t sum = a + b;

	return sum < a || sum > INT64_MAX ? INT64_MAX : sum;
}

/* The stack of @s behind those that are there; it is taken back if its sample is not new. */
static int push_stack(struct pprof_table *t, const struct profile_sample *s,
		      struct pprof_sample *ret)
{
	const struct profile *p = t->profile;
	uint32_t cnt = s->frame_cnt ? s->frame_cnt : 1;
	int err = array__grow((void **)&t->stacks, &t->stack_cap, t->stack_cnt + cnt,
			      sizeof(*t->stacks), PPROF_MAX_STACKS);

	if (err)
		return err;
	ret->first = (uint32_t)t->stack_cnt;
	ret->cnt = cnt;
	t->stacks[t->stack_cnt] = t->frame_locations[p->frame_cnt];
	for (uint32_t i = 0; i < s->frame_cnt; i++)
		t->stacks[t->stack_cnt + i] = t->frame_locations[p->frame_ids[s->first_frame + i]];
	return 0;
}

static int add_sample(struct pprof_table *t, const struct profile_sample *s)
{
	struct pprof_sample sample = {.labels = labels_of(t, s)}, *to;
	int err = push_stack(t, s, &sample);
	uint64_t hash;
	uint32_t pos;

	if (err)
		return err;
	hash = sample_hash(t, &sample);
	pos = hash_index__find(&t->sample_index, hash, sample_eq, t, &sample);
	if (pos == HASH_INDEX_NONE) {
		pos = (uint32_t)t->sample_cnt;
		err = array__grow((void **)&t->samples, &t->sample_cap, t->sample_cnt + 1,
				  sizeof(*t->samples), PPROF_MAX_SAMPLES);
		if (!err)
			err = hash_index__add(&t->sample_index, hash, pos);
		if (err)
			return err;
		t->samples[t->sample_cnt++] = sample;
		t->stack_cnt += sample.cnt;
	}
	to = &t->samples[pos];
	to->contentions = add_values(to->contentions, s->cnt);
	to->delay_ns = add_values(to->delay_ns, profile_sample__total_ns(s));
	return 0;
}

int pprof_table__add_samples(struct pprof_table *t)
{
	const struct profile *p = t->profile;
	int err = 0;

	for (size_t i = 0; !err && i < p->sample_cnt; i++)
		err = add_sample(t, &p->samples[i]);
	if (!err && t->sample_cnt)
		qsort_r(t->samples, t->sample_cnt, sizeof(*t->samples), compare_samples, t);
	return err;
}

/* ---- the program itself ---- */

/* Adds the time of each sample to the mappings in its stack, once. */
static void add_mapping_times(struct pprof_table *t)
{
	for (size_t i = 0; i < t->sample_cnt; i++) {
		const struct pprof_sample *s = &t->samples[i];

		for (uint32_t j = 0; j < s->cnt; j++) {
			uint32_t id = t->locations[t->stacks[s->first + j] - 1].mapping;
			struct pprof_mapping *m = id ? &t->mappings[id - 1] : NULL;

			if (!m || m->last_sample == i + 1)
				continue;
			m->last_sample = i + 1;
			m->ns = add_values(m->ns, s->delay_ns);
		}
	}
}

/* Readers name the profile after its first mapping: that of the program in which most time was spent. */
void pprof_table__order_mappings(struct pprof_table *t)
{
	size_t first = 0;

	add_mapping_times(t);
	for (size_t i = 1; i < t->mapping_cnt; i++) {
		const struct pprof_mapping *m = &t->mappings[i], *best = &t->mappings[first];

		if (m->program > best->program || (m->program == best->program && m->ns > best->ns))
			first = i;
	}
	if (!first)
		return;
	struct pprof_mapping program = t->mappings[first];

	memmove(t->mappings + 1, t->mappings, first * sizeof(*t->mappings));
	t->mappings[0] = program;
	for (size_t i = 0; i < t->location_cnt; i++) {
		uint32_t *id = &t->locations[i].mapping;

		if (*id == first + 1)
			*id = 1;
		else if (*id && *id <= first)
			(*id)++;
	}
}
