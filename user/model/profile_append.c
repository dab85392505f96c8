/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/profile_append.h"

#include <errno.h>
#include <stdlib.h>

/* The ids that the frames of @from have in @to. */
static int append_frames(struct profile *to, const struct profile *from, uint32_t *ids)
{
	int err = 0;

	for (size_t i = 0; !err && i < from->frame_cnt; i++) {
		const struct profile_frame *f = &from->frames[i];
		const struct profile_place place = {
			.module = profile__str(from, f->module),
			.file = profile__str(from, f->file),
			.line = f->line,
		};

		err = profile__frame_at(to, profile__str(from, f->name), f->kind, &place, &ids[i]);
	}
	return err;
}

static int append_sample(struct profile *to, const struct profile *from,
			 const struct profile_sample *s, const uint32_t *ids)
{
	uint32_t *frames = malloc((s->frame_cnt + 1) * sizeof(*frames));
	struct profile_sample copy = *s;
	int err;

	if (!frames)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->frame_cnt; i++)
		frames[i] = ids[from->frame_ids[s->first_frame + i]];
	/* What names a thread or a text of @from. */
	copy.thread = UINT32_MAX;
	copy.waker_comm = copy.lock_owner = copy.lock = 0;
	err = profile__add_sample(to, &copy, frames, s->frame_cnt);
	free(frames);
	return err;
}

int profile__append(struct profile *to, const struct profile *from)
{
	_cleanup_free_ uint32_t *ids = calloc(from->frame_cnt + 1, sizeof(*ids));
	int err = ids ? append_frames(to, from, ids) : -ENOMEM;

	for (size_t i = 0; !err && i < from->sample_cnt; i++)
		err = append_sample(to, from, &from->samples[i], ids);
	return err;
}
