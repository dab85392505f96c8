/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The rows of the folded format, which all pictures share: one per distinct stack, in
 * microseconds.
 *
 * Samples with equal frame names are one row. Nanoseconds are summed first and rounded once, to
 * the nearest microsecond; rows of 0 us are left out, unless asked for. The rows are in the order of `LC_ALL=C
 * sort` over the lines of a folded file. A row's parts say how its time is shared between the
 * blocking reasons, and the groups if asked for; their microseconds add up to the row's exactly.
 */
#ifndef OUTPUT_FOLD_H
#define OUTPUT_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "model/profile.h"

#define FOLD_MAX_CNT (1u << 28)
#define FOLD_NONE    UINT32_MAX

struct fold_opts {
	/*
	 * Names end in their frame's kind, as those of stackcollapse-perf.pl --all do: frames that differ in it make rows of
	 * their own.
	 */
	bool kinds;
	bool groups;	 /* parts are by the thread's group too */
	bool threads;	 /* and by the thread */
	bool wait_names; /* and by what the system calls the reason */
	bool keep_short; /* rows of 0 us too */
};

struct fold_part {
	uint32_t
		next; /* part of the same row with the next higher reason, or group; FOLD_NONE: last */
	uint32_t group; /* string id in the profile; 0: not asked for, or the thread is not known */
	uint32_t thread;    /* position in the profile's threads; FOLD_NONE: several */
	uint32_t wait_name; /* string id in the profile; 0: not asked for, or it has none */
	uint32_t labels;    /* likewise, of the program itself */
	uint8_t reason;	    /* enum reason */
	bool goroutine;	    /* with wait_names: its waits are of goroutines */
	uint64_t cnt;	    /* intervals */
	uint64_t ns, us;    /* blocked + runnable */
	uint64_t max_ns;    /* longest single interval */
};

/* Other frames with the same names as a row's, from another module or of another kind. */
struct fold_variant {
	uint32_t next; /* of the same row; FOLD_NONE: last */
	const uint32_t *frames;
};

struct fold_row {
	const uint32_t *frames; /* ids in the profile, root first; of the first sample in the row */
	uint32_t frame_cnt;
	uint32_t first_part;
	uint32_t first_variant; /* FOLD_NONE: none */
	uint64_t ns, us;
};

struct fold {
	const struct profile *profile;
	struct fold_opts opts;
	struct fold_row *rows;
	size_t row_cnt, row_cap;
	struct fold_part *parts;
	size_t part_cnt, part_cap;
	struct fold_variant *variants;
	size_t variant_cnt, variant_cap;
	struct hash_index index;
	uint64_t total_us;    /* of the rows */
	uint64_t total_ns;    /* of all samples, those left out too */
	uint64_t total_cnt;   /* intervals, those left out too */
	uint64_t left_out_ns; /* in rows of less than half a microsecond */
};

/* Folds @p, which must outlive @f. 0 or -errno; fold__fini() is right in both cases. */
int fold__init(struct fold *f, const struct profile *p);
int fold__init_with(struct fold *f, const struct profile *p, const struct fold_opts *opts);
void fold__fini(struct fold *f);
/* The name of frame @i of a row; "[unknown]" is the only frame of a row without any. */
const char *fold__name(const struct fold *f, const struct fold_row *row, uint32_t i);
/* What follows it: "", or with kinds "_[k]" (kernel), "_[i]" (inlined), "_[j]" (JIT-compiled), "_[w]" (waker). */
const char *fold__suffix(const struct fold *f, const struct fold_row *row, uint32_t i);
/* Appends the names of a row, root first, with what follows them, joined by ';'. 0 or the buffer's error. */
int fold__stack(const struct fold *f, const struct fold_row *row, struct buf *to);
/* The number of names of a row, at least 1. */
static inline uint32_t fold_row__name_cnt(const struct fold_row *row)
{
	return row->frame_cnt ? row->frame_cnt : 1;
}

#endif
