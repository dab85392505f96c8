/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/sanitise.h"

#define PROFILE_MAX_TEXT_BYTES UINT32_MAX
#define PROFILE_MAX_FRAMES     (1u << 24)
#define PROFILE_MAX_FRAME_IDS  (1u << 31)
#define PROFILE_MAX_SAMPLES    (1u << 26)
#define PROFILE_MAX_THREADS    (1u << 22)
#define PROFILE_MAX_NOTES      (1u << 16)

struct profile *profile__new(void)
{
	struct profile *p = calloc(1, sizeof(*p));
	int err;

	if (!p) {
		errno = ENOMEM;
		return NULL;
	}
	hash_index__init(&p->frame_index);
	err = strtab__init(&p->strings, PROFILE_MAX_TEXT_BYTES);
	if (err) {
		profile__free(p);
		errno = -err;
		return NULL;
	}
	return p;
}

void profile__free(struct profile *p)
{
	if (!p)
		return;
	strtab__fini(&p->strings);
	hash_index__fini(&p->frame_index);
	free(p->frames);
	free(p->frame_ids);
	free(p->samples);
	free(p->threads);
	free(p->notes);
	free(p);
}

/* Interns what @sanitise makes of @text. */
static int profile_intern(struct profile *p, int (*sanitise)(const char *, struct buf *),
			  const char *text, uint32_t *ret_id)
{
	_cleanup_buf_ struct buf clean;
	int err;

	buf__init(&clean, 8192);
	err = sanitise(text, &clean);
	return err ? err : strtab__intern(&p->strings, buf__str(&clean), ret_id);
}

static bool profile_frame_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct profile_frame *a = &((const struct profile *)owner)->frames[pos];
	const struct profile_frame *b = key;

	return a->name == b->name && a->module == b->module && a->kind == b->kind;
}

static int profile_find_frame(struct profile *p, const struct profile_frame *f, uint32_t *ret_id)
{
	uint64_t hash = hash_mix((uint64_t)f->name << 32 | f->module, f->kind);
	uint32_t pos = hash_index__find(&p->frame_index, hash, profile_frame_eq, p, f);
	int err;

	if (pos == HASH_INDEX_NONE) {
		err = array__grow((void **)&p->frames, &p->frame_cap, p->frame_cnt + 1,
				  sizeof(*p->frames), PROFILE_MAX_FRAMES);
		if (!err)
			err = hash_index__add(&p->frame_index, hash, (uint32_t)p->frame_cnt);
		if (err)
			return err;
		pos = (uint32_t)p->frame_cnt;
		p->frames[p->frame_cnt++] = *f;
	}
	*ret_id = pos;
	return 0;
}

int profile__frame(struct profile *p, const char *name, const char *module, enum frame_kind kind,
		   uint32_t *ret_id)
{
	struct profile_frame f = {.kind = (uint8_t)kind};
	int err;

	err = profile_intern(p, sanitise_frame, name, &f.name);
	if (!err && module && *module)
		err = profile_intern(p, sanitise_frame, module, &f.module);
	return err ? err : profile_find_frame(p, &f, ret_id);
}

int profile__add_sample(struct profile *p, struct profile_sample *s, const uint32_t *frame_ids,
			uint32_t frame_cnt)
{
	size_t need = p->frame_id_cnt + frame_cnt;
	int err;

	for (uint32_t i = 0; i < frame_cnt; i++)
		if (frame_ids[i] >= p->frame_cnt)
			return -EINVAL;
	err = array__grow((void **)&p->frame_ids, &p->frame_id_cap, need, sizeof(*p->frame_ids),
			  PROFILE_MAX_FRAME_IDS);
	if (!err)
		err = array__grow((void **)&p->samples, &p->sample_cap, p->sample_cnt + 1,
				  sizeof(*p->samples), PROFILE_MAX_SAMPLES);
	if (err)
		return err;
	s->first_frame = (uint32_t)p->frame_id_cnt;
	s->frame_cnt = frame_cnt;
	if (frame_cnt)
		memcpy(p->frame_ids + p->frame_id_cnt, frame_ids, frame_cnt * sizeof(*frame_ids));
	p->frame_id_cnt = need;
	p->samples[p->sample_cnt++] = *s;
	return 0;
}

int profile__add_thread(struct profile *p, const struct profile_thread *t)
{
	int err = array__grow((void **)&p->threads, &p->thread_cap, p->thread_cnt + 1,
			      sizeof(*p->threads), PROFILE_MAX_THREADS);

	if (!err)
		p->threads[p->thread_cnt++] = *t;
	return err;
}

int profile__add_note(struct profile *p, const char *key, const char *value)
{
	struct profile_note n;
	int err;

	err = array__grow((void **)&p->notes, &p->note_cap, p->note_cnt + 1, sizeof(*p->notes),
			  PROFILE_MAX_NOTES);
	if (!err)
		err = profile_intern(p, sanitise_text, key, &n.key);
	if (!err)
		err = profile_intern(p, sanitise_text, value, &n.value);
	if (!err)
		p->notes[p->note_cnt++] = n;
	return err;
}

const char *profile__str(const struct profile *p, uint32_t id)
{
	return strtab__get(&p->strings, id);
}

const struct profile_frame *profile__sample_frame(const struct profile *p,
						  const struct profile_sample *s, uint32_t i)
{
	return &p->frames[p->frame_ids[s->first_frame + i]];
}
