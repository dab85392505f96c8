/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * In place, in three steps: frames get their new names, each once; samples are kept or not; of the stacks that result, short
 * ones go.
 */
#include "model/profile_select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "model/short_name.h"

#define SELECT_MAX_NAME (1u << 20)

struct select {
	struct profile *p;
	const struct profile_selection *how;
	uint32_t *frames; /* by id: the id of the frame that takes its place */
	bool *matches;	  /* by id: how->frame holds for its name; NULL: nobody asks */
	bool *threads;	  /* by position: it stays */
};

static void select_fini(struct select *s)
{
	free(s->frames);
	free(s->matches);
	free(s->threads);
}

/* ---- frames ---- */

static int select_rename(struct profile *p, uint32_t id, uint32_t *ret_id)
{
	struct profile_frame f = p->frames[id];
	struct profile_place place = {
		.module = profile__str(p, f.module),
		.binary = f.binary,
		.file = profile__str(p, f.file),
		.line = f.line,
	};
	_cleanup_buf_ struct buf name;

	buf__init(&name, SELECT_MAX_NAME);
	short_name(profile__str(p, f.name), &name);
	return name.err ? name.err : profile__frame_at(p, buf__str(&name), f.kind, &place, ret_id);
}

static bool select_is_code(const struct profile_frame *f)
{
	return f->kind == FRAME_KIND_NATIVE || f->kind == FRAME_KIND_INLINED ||
	       f->kind == FRAME_KIND_WAKER;
}

static int select_frames(struct select *s)
{
	struct profile *p = s->p;
	size_t cnt = p->frame_cnt;
	int err = 0;

	s->frames = calloc(cnt + 1, sizeof(*s->frames));
	s->matches = s->how->frame ? calloc(cnt + 1, sizeof(*s->matches)) : NULL;
	if (!s->frames || (s->how->frame && !s->matches))
		return -ENOMEM;
	/* New frames come behind those that are looked at. */
	for (size_t i = 0; !err && i < cnt; i++) {
		s->frames[i] = (uint32_t)i;
		if (s->matches)
			s->matches[i] =
				s->how->frame(s->how->arg, profile__str(p, p->frames[i].name));
		if (s->how->short_names && select_is_code(&p->frames[i]))
			err = select_rename(p, (uint32_t)i, &s->frames[i]);
	}
	return err;
}

/* ---- threads ---- */

static const struct profile_thread *select_thread(const struct profile *p,
						  const struct profile_sample *s)
{
	return s->thread < p->thread_cnt ? &p->threads[s->thread] : NULL;
}

static bool select_keeps_thread(const struct select *s, const struct profile_thread *t)
{
	const struct profile_selection *how = s->how;

	if (how->ids && !how->ids(how->arg, t->pid, t->tid))
		return false;
	return !how->comm || how->comm(how->arg, profile__str(s->p, t->comm));
}

static int select_threads(struct select *s)
{
	struct profile *p = s->p;

	s->threads = calloc(p->thread_cnt + 1, sizeof(*s->threads));
	if (!s->threads)
		return -ENOMEM;
	for (size_t i = 0; i < p->thread_cnt; i++)
		s->threads[i] = select_keeps_thread(s, &p->threads[i]);
	return 0;
}

/* Those that don't stay go, at last. */
static int select_drop_threads(struct select *s)
{
	struct profile *p = s->p;
	_cleanup_free_ uint32_t *places = calloc(p->thread_cnt + 1, sizeof(*places));
	uint32_t cnt = 0;

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < p->thread_cnt; i++) {
		places[i] = s->threads[i] ? cnt : PROFILE_NO_THREAD;
		if (s->threads[i])
			p->threads[cnt++] = p->threads[i];
	}
	for (size_t i = 0; i < p->sample_cnt; i++)
		if (p->samples[i].thread < p->thread_cnt)
			p->samples[i].thread = places[p->samples[i].thread];
	profile__place_waits(p, NULL, places);
	p->thread_cnt = cnt;
	return 0;
}

/* ---- samples ---- */

static bool select_keeps(const struct select *s, const struct profile_sample *sample)
{
	const struct profile *p = s->p;
	const uint32_t *ids = p->frame_ids + sample->first_frame;
	bool matches = !s->matches;

	if (sample->thread < p->thread_cnt) {
		if (!s->threads[sample->thread])
			return false;
	} else if (s->how->comm &&
		   (!sample->frame_cnt ||
		    !s->how->comm(s->how->arg, profile__str(p, p->frames[ids[0]].name)))) {
		return false;
	}
	for (uint32_t i = 0; !matches && i < sample->frame_cnt; i++)
		matches = s->matches[ids[i]];
	return matches;
}

/* What is written before the stack; *@ret_id stays where there is nothing. */
static int select_first(const struct select *s, const struct profile_sample *sample,
			uint32_t *ret_id)
{
	struct profile *p = s->p;
	const struct profile_thread *t = select_thread(p, sample);
	_cleanup_buf_ struct buf text;

	buf__init(&text, SELECT_MAX_NAME);
	if (!t && s->how->by != PROFILE_BY_REASON)
		return 0;
	switch (s->how->by) {
	case PROFILE_BY_REASON:
		buf__puts(&text, reason_name(sample->reason));
		break;
	case PROFILE_BY_COMM:
		buf__puts(&text, profile__str(p, t->comm));
		break;
	case PROFILE_BY_PROCESS:
		buf__printf(&text, "%s-%u", profile__str(p, t->process ? t->process : t->comm),
			    t->pid);
		break;
	case PROFILE_BY_THREAD:
		buf__printf(&text, "%s-%u/%u", profile__str(p, t->comm), t->pid, t->tid);
		break;
	default:
		return 0;
	}
	return text.err ? text.err
			: profile__frame(p, buf__str(&text), NULL, FRAME_KIND_PROCESS, ret_id);
}

/* The frames of a sample as they are to be; there are never more of them than there were, but for a first one. */
static int select_stack(struct select *s, struct profile_sample *sample)
{
	struct profile *p = s->p;
	uint32_t *ids = p->frame_ids + sample->first_frame, cnt = 0, from = 0;
	uint32_t first = UINT32_MAX;
	int err = 0;

	if (s->how->by != PROFILE_BY_DEFAULT && sample->frame_cnt) {
		err = select_first(s, sample, &first);
		if (err)
			return err;
		if (first != UINT32_MAX)
			ids[cnt++] = first;
		from = 1;
	}
	for (uint32_t i = from; i < sample->frame_cnt; i++) {
		uint32_t id = s->frames[ids[i]];

		if (s->how->fold_recursion && cnt && i > from && ids[cnt - 1] == id)
			continue;
		ids[cnt++] = id;
	}
	sample->frame_cnt = cnt;
	return 0;
}

static int select_samples(struct select *s)
{
	struct profile *p = s->p;
	_cleanup_free_ uint32_t *places = calloc(p->sample_cnt + 1, sizeof(*places));
	size_t cnt = 0;
	int err = places ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < p->sample_cnt; i++) {
		struct profile_sample *sample = &p->samples[i];

		places[i] = PROFILE_NO_SAMPLE;
		if (!select_keeps(s, sample)) {
			p->left_out_ns += profile_sample__total_ns(sample);
			continue;
		}
		err = select_stack(s, sample);
		places[i] = (uint32_t)cnt;
		p->samples[cnt++] = *sample;
	}
	if (err)
		return err;
	profile__place_waits(p, places, NULL);
	p->sample_cnt = cnt;
	return 0;
}

/* ---- stacks that took little ---- */

static bool select_same_stack(const void *owner, uint32_t pos, const void *key)
{
	const struct profile *p = owner;
	const struct profile_sample *a = &p->samples[pos], *b = key;

	return a->frame_cnt == b->frame_cnt &&
	       !memcmp(p->frame_ids + a->first_frame, p->frame_ids + b->first_frame,
		       a->frame_cnt * sizeof(*p->frame_ids));
}

static uint64_t select_hash(const struct profile *p, const struct profile_sample *s)
{
	return hash_bytes(p->frame_ids + s->first_frame, s->frame_cnt * sizeof(*p->frame_ids));
}

/* @firsts: by sample, the first one of the same stack; @sums: by that one, all of it. */
static int select_sum(const struct profile *p, uint32_t *firsts, uint64_t *sums)
{
	struct hash_index index;
	int err = 0;

	hash_index__init(&index);
	for (size_t i = 0; !err && i < p->sample_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];
		uint64_t hash = select_hash(p, s);
		uint32_t pos = hash_index__find(&index, hash, select_same_stack, p, s);

		if (pos == HASH_INDEX_NONE) {
			pos = (uint32_t)i;
			err = hash_index__add(&index, hash, pos);
		}
		firsts[i] = pos;
		sums[pos] += profile_sample__total_ns(s);
	}
	hash_index__fini(&index);
	return err;
}

static int select_drop_small(struct profile *p, uint64_t min_ns)
{
	_cleanup_free_ uint32_t *firsts = calloc(p->sample_cnt + 1, sizeof(*firsts));
	_cleanup_free_ uint64_t *sums = calloc(p->sample_cnt + 1, sizeof(*sums));
	_cleanup_free_ uint32_t *places = calloc(p->sample_cnt + 1, sizeof(*places));
	size_t cnt = 0;
	int err = firsts && sums && places ? select_sum(p, firsts, sums) : -ENOMEM;

	if (err)
		return err;
	for (size_t i = 0; i < p->sample_cnt; i++) {
		bool small = sums[firsts[i]] < min_ns;

		places[i] = small ? PROFILE_NO_SAMPLE : (uint32_t)cnt;
		if (small)
			p->left_out_ns += profile_sample__total_ns(&p->samples[i]);
		else
			p->samples[cnt++] = p->samples[i];
	}
	profile__place_waits(p, places, NULL);
	p->sample_cnt = cnt;
	return 0;
}

static bool select_needs_threads(const struct profile_selection *how)
{
	return how->ids || how->by == PROFILE_BY_COMM || how->by == PROFILE_BY_PROCESS ||
	       how->by == PROFILE_BY_THREAD;
}

static bool select_lacks_threads(const struct profile *p)
{
	for (size_t i = 0; i < p->sample_cnt; i++)
		if (p->samples[i].thread >= p->thread_cnt)
			return true;
	return false;
}

int profile__select(struct profile *p, const struct profile_selection *how)
{
	_cleanup_(select_fini) struct select s = {.p = p, .how = how};
	int err;

	if (select_needs_threads(how) && select_lacks_threads(p))
		return -EINVAL;
	err = select_frames(&s);
	if (!err)
		err = select_threads(&s);
	if (!err)
		err = select_samples(&s);
	if (!err)
		err = select_drop_threads(&s);
	if (!err && how->min_ns)
		err = select_drop_small(p, how->min_ns);
	return err;
}
