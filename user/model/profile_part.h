/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A profile in parts that are small enough for a receiver: a part is a view of a profile with a range of its samples. All
 * else is the whole profile's (threads, ledger, notes), so totals of samples over the parts add up to it.
 *
 * 	struct profile_parts parts;
 * 	struct profile part;
 *
 * 	profile_parts__init(&parts, p, max_samples, max_bytes);
 * 	while ((err = profile_parts__next(&parts, &part)) > 0)
 * 		write(&part);
 * 	profile_parts__fini(&parts);
 */
#ifndef MODEL_PROFILE_PART_H
#define MODEL_PROFILE_PART_H

#include "model/profile.h"

/* What the strictest receiver takes (Pyroscope): samples, and bytes before compression. */
#define PROFILE_PART_MAX_SAMPLES 16000
#define PROFILE_PART_MAX_BYTES	 (4u << 20)

struct profile_parts {
	const struct profile *profile;
	size_t max_samples;
	uint64_t max_bytes;
	size_t at;	/* the next sample */
	uint32_t *seen; /* for each frame the number of the part that it was last seen in */
	uint32_t part_cnt;
};

/*
 * @max_bytes bounds an estimate, from above, of what a part is in pprof's format before compression; one sample is never
 * divided. 0 or -ENOMEM.
 */
int profile_parts__init(struct profile_parts *parts, const struct profile *p, size_t max_samples,
			uint64_t max_bytes);
void profile_parts__fini(struct profile_parts *parts);
/*
 * The next part: 1 and *@ret_part, a shallow copy that must not be freed and lives as long as the profile; 0: that was the
 * last. A profile without samples has one part, without samples.
 */
int profile_parts__next(struct profile_parts *parts, struct profile *ret_part);

#endif
