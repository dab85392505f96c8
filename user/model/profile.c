/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/sanitise.h"

#define PROFILE_MAX_TEXT_BYTES UINT32_MAX
#define PROFILE_MAX_FRAMES     (1u << 24)
#define PROFILE_MAX_BINARIES   (1u << 20)
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
	hash_index__init(&p->binary_index);
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
	hash_index__fini(&p->binary_index);
	free(p->frames);
	free(p->binaries);
	free(p->frame_ids);
	free(p->samples);
	free(p->waits);
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

	return a->name == b->name && a->module == b->module && a->kind == b->kind &&
	       a->binary == b->binary && a->file == b->file && a->line == b->line;
}

static int profile_find_frame(struct profile *p, const struct profile_frame *f, uint32_t *ret_id)
{
	uint64_t hash = hash_mix(
		hash_mix((uint64_t)f->name << 32 | f->module, (uint64_t)f->binary << 8 | f->kind),
		(uint64_t)f->file << 32 | f->line);
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
	struct profile_place place = {.module = module};

	return profile__frame_at(p, name, kind, &place, ret_id);
}

int profile__frame_at(struct profile *p, const char *name, enum frame_kind kind,
		      const struct profile_place *place, uint32_t *ret_id)
{
	struct profile_frame f = {
		.kind = (uint8_t)kind, .line = place->line, .binary = place->binary};
	int err;

	if (f.binary > p->binary_cnt)
		return -EINVAL;
	err = profile_intern(p, sanitise_frame, name, &f.name);
	if (!err && place->module && *place->module)
		err = profile_intern(p, sanitise_frame, place->module, &f.module);
	if (!err && place->file && *place->file)
		err = profile_intern(p, sanitise_frame, place->file, &f.file);
	return err ? err : profile_find_frame(p, &f, ret_id);
}

static bool profile_binary_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct profile_binary *a = &((const struct profile *)owner)->binaries[pos];
	const struct profile_binary *b = key;

	return a->path == b->path && a->build_id == b->build_id;
}

int profile__add_binary(struct profile *p, const char *path, const char *build_id,
			uint32_t *ret_binary)
{
	struct profile_binary b = {0};
	uint64_t hash;
	uint32_t pos;
	int err = path ? profile_intern(p, sanitise_text, path, &b.path) : 0;

	if (!err && build_id)
		err = profile_intern(p, sanitise_text, build_id, &b.build_id);
	if (err)
		return err;
	hash = hash_u64((uint64_t)b.path << 32 | b.build_id);
	pos = hash_index__find(&p->binary_index, hash, profile_binary_eq, p, &b);
	if (pos == HASH_INDEX_NONE) {
		err = array__grow((void **)&p->binaries, &p->binary_cap, p->binary_cnt + 1,
				  sizeof(*p->binaries), PROFILE_MAX_BINARIES);
		if (!err)
			err = hash_index__add(&p->binary_index, hash, (uint32_t)p->binary_cnt);
		if (err)
			return err;
		pos = (uint32_t)p->binary_cnt;
		p->binaries[p->binary_cnt++] = b;
	}
	*ret_binary = pos + 1;
	return 0;
}

const struct profile_binary *profile__binary(const struct profile *p, uint32_t binary)
{
	static const struct profile_binary unknown;

	return binary && binary <= p->binary_cnt ? &p->binaries[binary - 1] : &unknown;
}

int profile__text(struct profile *p, const char *text, uint32_t *ret_id)
{
	return profile_intern(p, sanitise_text, text, ret_id);
}

int profile__frame_of_kind(struct profile *p, uint32_t id, enum frame_kind kind, uint32_t *ret_id)
{
	struct profile_frame f = p->frames[id];

	f.kind = (uint8_t)kind;
	return profile_find_frame(p, &f, ret_id);
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

const char *profile__note(const struct profile *p, const char *key)
{
	for (size_t i = 0; i < p->note_cnt; i++)
		if (!strcmp(profile__str(p, p->notes[i].key), key))
			return profile__str(p, p->notes[i].value);
	return "";
}

enum frame_kind profile_kind_of_name(const char *name, size_t len)
{
	if ((len == 1 || len == 2) && !memcmp(name, "--", len))
		return FRAME_KIND_DELIMITER;
	if (len > 2 && name[0] == '[' && name[len - 1] == ']')
		return FRAME_KIND_MISSING;
	return FRAME_KIND_NATIVE;
}

const char *profile__hidden_label(const struct profile *p)
{
	if (p->go_idle_ns)
		return p->go_idle_ns == p->hidden_ns ? "hidden: idle threads of Go (--go-idle)"
						     : "hidden by --reason or --no-idle, or idle "
						       "threads of Go (--go-idle)";
	return p->by_lock    ? "not for a futex, or hidden by --reason or --no-idle"
	       : p->by_waker ? "ended by nobody, or hidden by --reason or --no-idle"
			     : "hidden by --reason or --no-idle";
}

const char *profile__hidden_all(const struct profile *p)
{
	if (p->go_idle_ns == p->hidden_ns && p->go_idle_ns)
		return "all of it was of idle threads of Go: --go-idle shows it";
	return p->by_lock    ? "no wait was for a futex, or --reason or --no-idle hid it"
	       : p->by_waker ? "nobody ended a wait, or --reason or --no-idle hid it"
			     : "--reason or --no-idle hid all of it";
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
