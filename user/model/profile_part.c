/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/profile_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * What a thing takes in pprof's format, from above: a field of n bytes has a tag and a length before it, a number at most
 * ten bytes. A frame that is used for the first time brings a location, a function and its texts along.
 */
#define PART_FRAME_BYTES     96 /* location, function and a mapping's share, without the texts */
#define PART_FRAME_REF_BYTES 5
#define PART_SAMPLE_BYTES    192 /* values and labels, without the texts */
#define PART_TEXT_BYTES	     6

int profile_parts__init(struct profile_parts *parts, const struct profile *p, size_t max_samples,
			uint64_t max_bytes)
{
	*parts = (struct profile_parts){
		.profile = p,
		.max_samples = max_samples,
		.max_bytes = max_bytes,
		.seen = calloc(p->frame_cnt + 1, sizeof(*parts->seen)),
	};
	return parts->seen ? 0 : -ENOMEM;
}

void profile_parts__fini(struct profile_parts *parts)
{
	free(parts->seen);
	*parts = (struct profile_parts){.profile = NULL};
}

static uint64_t part_text_bytes(const struct profile *p, uint32_t id)
{
	return id ? PART_TEXT_BYTES + strlen(profile__str(p, id)) : 0;
}

/* What the sample adds to the part with this number. */
static uint64_t part_sample_bytes(struct profile_parts *parts, const struct profile_sample *s,
				  uint32_t number)
{
	const struct profile *p = parts->profile;
	uint64_t bytes = PART_SAMPLE_BYTES + (uint64_t)s->frame_cnt * PART_FRAME_REF_BYTES +
			 part_text_bytes(p, s->waker_comm) + part_text_bytes(p, s->lock) +
			 part_text_bytes(p, s->lock_owner) + part_text_bytes(p, s->wait_name) +
			 part_text_bytes(p, s->labels);

	for (uint32_t i = 0; i < s->frame_cnt; i++) {
		uint32_t id = p->frame_ids[s->first_frame + i];
		const struct profile_frame *f = &p->frames[id];

		if (parts->seen[id] == number)
			continue;
		parts->seen[id] = number;
		bytes += PART_FRAME_BYTES + part_text_bytes(p, f->name) +
			 part_text_bytes(p, f->module) + part_text_bytes(p, f->file);
	}
	return bytes;
}

/* How many samples from @parts->at on are one part. */
static size_t part_sample_cnt(struct profile_parts *parts)
{
	const struct profile *p = parts->profile;
	uint64_t bytes = 0;
	size_t cnt = 0;

	while (cnt < parts->max_samples && parts->at + cnt < p->sample_cnt) {
		bytes += part_sample_bytes(parts, &p->samples[parts->at + cnt], parts->part_cnt);
		if (cnt && bytes > parts->max_bytes)
			break;
		cnt++;
	}
	return cnt;
}

int profile_parts__next(struct profile_parts *parts, struct profile *ret_part)
{
	const struct profile *p = parts->profile;
	size_t cnt;

	if (parts->at >= p->sample_cnt && parts->part_cnt)
		return 0;
	parts->part_cnt++;
	cnt = part_sample_cnt(parts);
	*ret_part = *p;
	if (cnt)
		ret_part->samples = p->samples + parts->at;
	ret_part->sample_cnt = cnt;
	/* They know samples of the whole by their positions. */
	ret_part->waits = NULL;
	ret_part->wait_cnt = 0;
	parts->at += cnt;
	return 1;
}
