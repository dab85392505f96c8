/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What `dwell top` adds up: the samples of one profile, or of many that follow each other, by thread, stack, reason, lock and system
 * call. All views are made of these rows (top_view.h).
 *
 * A wait that is open when a profile ends goes on in the next one: it counts once, as open in the last profile or as ended.
 */
#ifndef OUTPUT_TOP_ROWS_H
#define OUTPUT_TOP_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/strtab.h"
#include "model/profile.h"

#define TOP_ROWS_MAX 65536 /* then there is one more, of all others */

struct top_row {
	uint32_t comm, process; /* string ids */
	uint32_t pid, tid;	/* 0: not known */
	uint32_t lock_owner, lock;
	uint32_t first, cnt; /* in frames; without that of the process, root first */
	uint16_t syscall;    /* profile_syscall() */
	uint8_t reason;	     /* enum reason */
	uint64_t ended_cnt, open_cnt;
	uint64_t ns;
	uint64_t max_ns; /* the longest wait */
};

struct top_rows {
	struct strtab strings;
	uint32_t *frames; /* string id << 4 | kind */
	size_t frame_cnt, frame_cap;
	struct top_row *rows;
	size_t cnt, cap;
	size_t max_cnt; /* TOP_ROWS_MAX, but for tests */
	struct hash_index index;
	uint64_t window_ns; /* of all profiles together */
	uint64_t hidden_ns; /* by --reason */
	uint64_t left_cnt;  /* samples that went to the row of others */
	uint32_t others;    /* string id of its name */
};

/* 0 or -ENOMEM. */
int top_rows__init(struct top_rows *r);
void top_rows__fini(struct top_rows *r);
/* Adds the samples of the next profile. 0, -ENOMEM, -E2BIG. */
int top_rows__add(struct top_rows *r, const struct profile *p);
/* A copy, which is not to be added to. 0 or -ENOMEM; top_rows__fini() is right in both cases. */
int top_rows__copy(struct top_rows *to, const struct top_rows *from);

static inline const char *top_rows__str(const struct top_rows *r, uint32_t id)
{
	return strtab__get(&r->strings, id);
}
static inline uint32_t top_frame_name(uint32_t frame)
{
	return frame >> 4;
}
static inline enum frame_kind top_frame_kind(uint32_t frame)
{
	return (enum frame_kind)(frame & 15);
}
static inline uint64_t top_row__cnt(const struct top_row *row)
{
	return row->ended_cnt + row->open_cnt;
}

#endif
