/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/profile_append.h"

#include <errno.h>
#include <stdlib.h>

/* The numbers that the binaries of @from have in @to: [0] is none. */
static int append_binaries(struct profile *to, const struct profile *from, uint32_t *ids)
{
	int err = 0;

	for (size_t i = 0; !err && i < from->binary_cnt; i++) {
		const struct profile_binary *b = &from->binaries[i];

		err = profile__add_binary(to, b->path ? profile__str(from, b->path) : NULL,
					  b->build_id ? profile__str(from, b->build_id) : NULL,
					  &ids[i + 1]);
	}
	return err;
}

/* The ids that the frames of @from have in @to. */
static int append_frames(struct profile *to, const struct profile *from, uint32_t *ids)
{
	_cleanup_free_ uint32_t *binaries = calloc(from->binary_cnt + 1, sizeof(*binaries));
	int err = binaries ? append_binaries(to, from, binaries) : -ENOMEM;

	for (size_t i = 0; !err && i < from->frame_cnt; i++) {
		const struct profile_frame *f = &from->frames[i];
		const struct profile_place place = {
			.module = profile__str(from, f->module),
			.binary = binaries[f->binary],
			.file = profile__str(from, f->file),
			.line = f->line,
		};

		err = profile__frame_at(to, profile__str(from, f->name), f->kind, &place, &ids[i]);
	}
	return err;
}

int profile__copy_text(struct profile *to, const struct profile *from, uint32_t *id)
{
	return *id ? profile__text(to, profile__str(from, *id), id) : 0;
}

/* @first_thread: where the threads of @from begin in @to; UINT32_MAX: they are not there. */
static int append_sample(struct profile *to, const struct profile *from,
			 const struct profile_sample *s, const uint32_t *ids, uint32_t first_thread)
{
	uint32_t *frames = malloc((s->frame_cnt + 1) * sizeof(*frames));
	struct profile_sample copy = *s;
	int err = frames ? 0 : -ENOMEM;

	if (first_thread == UINT32_MAX) {
		copy.thread = UINT32_MAX;
		copy.waker_comm = copy.lock_owner = copy.lock = 0;
	} else if (s->thread < from->thread_cnt) {
		copy.thread = s->thread + first_thread;
	}
	if (!err)
		err = profile__copy_text(to, from, &copy.waker_comm);
	if (!err)
		err = profile__copy_text(to, from, &copy.lock_owner);
	if (!err)
		err = profile__copy_text(to, from, &copy.lock);
	if (!err)
		err = profile__copy_text(to, from, &copy.wait_name);
	/* It is clean, and has marks in it that cleaning would take away. */
	if (!err && copy.labels)
		err = strtab__intern(&to->strings, profile__str(from, s->labels), &copy.labels);
	for (uint32_t i = 0; !err && i < s->frame_cnt; i++)
		frames[i] = ids[from->frame_ids[s->first_frame + i]];
	if (!err)
		err = profile__add_sample(to, &copy, frames, s->frame_cnt);
	free(frames);
	return err;
}

static int append_samples(struct profile *to, const struct profile *from, uint32_t first_thread)
{
	_cleanup_free_ uint32_t *ids = calloc(from->frame_cnt + 1, sizeof(*ids));
	int err = ids ? append_frames(to, from, ids) : -ENOMEM;

	for (size_t i = 0; !err && i < from->sample_cnt; i++)
		err = append_sample(to, from, &from->samples[i], ids, first_thread);
	return err;
}

int profile__append(struct profile *to, const struct profile *from)
{
	return append_samples(to, from, UINT32_MAX);
}

int profile__append_with_threads(struct profile *to, const struct profile *from,
				 uint32_t first_thread)
{
	return append_samples(to, from, first_thread);
}
