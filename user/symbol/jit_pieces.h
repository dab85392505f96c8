/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Pieces of code out of perf maps and jitdumps: when each was where, what it is called, and its lines of the source.
 *
 *   jit_pieces__init -> jit_pieces__read_map, jit_pieces__read_dump as often as needed: of pieces at one address and time the one
 *     that was read last is the newest -> timeline__finish(timeline) -> jit_pieces__fini
 */
#ifndef SYMBOL_JIT_PIECES_H
#define SYMBOL_JIT_PIECES_H

#include <stdbool.h>

#include "base/hash.h"
#include "base/strtab.h"
#include "model/timeline.h"

#define JIT_MAX_MAP_BYTES (256u << 20) /* of a perf map; what is beyond is not read */
#define JIT_MAX_PIECES	  (1u << 22)   /* of all images */
#define JIT_MAX_LINES	  (1u << 21)   /* of all code of an image */

/* What the pieces of all images share. */
struct jit_store {
	struct strtab texts;
	size_t piece_cnt;
	bool foreign_clock; /* a jitdump by a clock that can't be compared was read: its pieces have no times */
	bool full; /* something was left out */
};

/* A line of the source, relative to the start of its function. */
struct jit_relative {
	uint64_t at;
	uint32_t line, file;
};

/* What is said of a piece of code, beside when it was where: that is in the timeline, as the entry of this order. */
struct jit_piece {
	uint64_t index; /* in its jitdump */
	uint32_t name;	/* id of a text */
	uint32_t first_line, line_cnt;
};

/* Of one image. */
struct jit_pieces {
	struct jit_store *store; /* not owned */
	struct timeline *timeline;
	struct jit_piece *items; /* by timeline_entry.order */
	size_t cnt, cap;
	struct hash_index index; /* of a jitdump's pieces */
	struct jit_relative *lines;
	size_t line_cnt, line_cap;
	/* The jitdump's last lines, which belong to a piece that is to come. */
	uint64_t debug_addr;
	uint32_t debug_first, debug_cnt;
};

/* 0 or -ENOMEM. */
int jit_pieces__init(struct jit_pieces *p, struct jit_store *store);
void jit_pieces__fini(struct jit_pieces *p);
/* Reads a file (not owned). What was read counts, also when it fails: 0, -ENOMEM, -E2BIG, -ENODATA (it shrank), -errno. */
int jit_pieces__read_map(struct jit_pieces *p, int fd);
int jit_pieces__read_dump(struct jit_pieces *p, int fd);

#endif
