/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A profile's samples, those of one thread with equal stacks added up: the rows of formats that keep threads apart. They are
 * sorted by thread, then stack, so that stacks with the same outer frames are neighbours, and don't depend on the order of
 * the samples. Times are exact.
 */
#ifndef OUTPUT_STACK_ROWS_H
#define OUTPUT_STACK_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/profile.h"

/* What besides the name tells frames apart. */
enum {
	STACK_ROWS_BY_MODULE = 1 << 0, /* and whether it is a process or a state */
	STACK_ROWS_BY_PLACE = 1 << 1,  /* file and line */
};

struct stack_row {
	uint32_t first, cnt; /* in frames, at least one, root first */
	uint32_t thread;     /* position in the profile's threads; its thread_cnt: not known */
	uint64_t blocked_ns, runnable_ns;
};

struct stack_rows {
	const struct profile *profile;
	unsigned int by;
	uint32_t *alike;  /* by frame of the profile: the first one that looks the same */
	uint32_t *frames; /* ids of the profile, such as alike has; stack_rows__no_frame() */
	size_t frame_cnt, frame_cap;
	struct stack_row *rows;
	size_t cnt, cap;
	struct hash_index index;
};

/* Makes the rows of @p, which must outlive @r. 0 or -errno; stack_rows__fini() is right in both cases. */
int stack_rows__init(struct stack_rows *r, const struct profile *p, unsigned int by);
void stack_rows__fini(struct stack_rows *r);
/* The name of a frame in frames. */
const char *stack_rows__name(const struct stack_rows *r, uint32_t frame);
/* What stands in frames for the stack of a sample without any; its name is "[unknown]". */
static inline uint32_t stack_rows__no_frame(const struct stack_rows *r)
{
	return (uint32_t)r->profile->frame_cnt;
}
static inline uint64_t stack_row__total_ns(const struct stack_row *row)
{
	return row->blocked_ns + row->runnable_ns;
}

#endif
