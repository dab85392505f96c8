/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Writes the profiles of windows to disk: rotated files (rotation.h), and segments for what is to be sent (spool.h). In a
 * thread of its own, so that a disk that hangs costs windows, named as such, but never a wait in the kernel's rings.
 */
#ifndef APP_WINDOW_WRITER_H
#define APP_WINDOW_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "app/rotation.h"
#include "app/spool.h"
#include "model/profile.h"

/* Receivers that the spool may hold segments for. */
#define WINDOW_TARGETS_LIST(X)                    \
	X(CLICKHOUSE, "clickhouse", ".ndjson.gz") \
	X(PYROSCOPE, "pyroscope", ".pb.gz")

enum window_target {
#define X(id, name, ext) WINDOW_TARGET_##id,
	WINDOW_TARGETS_LIST(X)
#undef X
		WINDOW_TARGET_CNT
};

const char *window_target_name(enum window_target t);

struct window_writer_opts {
	const char *out_dir; /* folded files; NULL: none */
	bool pprof;	     /* and .pb.gz there */
	struct rotation_opts rotation;
	const char *spool_dir; /* NULL: none */
	uint32_t targets;      /* bit per enum window_target */
	struct spool_opts spool;
};

/* What it did, at a moment. */
struct window_writer_counts {
	uint64_t written_cnt; /* windows of which all files were written */
	uint64_t failed_cnt;  /* windows of which some were not */
	uint64_t dropped_cnt; /* windows given up because the disk was not done with earlier ones */
	bool failing;	      /* the last window */
	uint64_t file_cnt, file_bytes;
	struct window_spool_counts {
		bool open;
		uint64_t segment_cnt, bytes, oldest_ns;
		uint64_t dropped_cnt[SPOOL_DROP_CNT];
	} spools[WINDOW_TARGET_CNT];
};

struct window_writer;

/* Opens all directories and starts the thread. Strings stay the caller's. NULL + errno with error_set(). */
struct window_writer *window_writer__new(const struct window_writer_opts *opts);
/* Writes what is waiting, ends the thread. Accepts NULL. */
void window_writer__free(struct window_writer *w);
/* Takes the profile of a window. Never waits. */
void window_writer__add(struct window_writer *w, struct profile *p);
/* Other limits from the next window on. */
void window_writer__set_limits(struct window_writer *w, const struct rotation_opts *rotation,
			       const struct spool_opts *spool);
/* As in the options. */
const char *window_writer__spool_dir(const struct window_writer *w);
void window_writer__counts(struct window_writer *w, struct window_writer_counts *ret);

#endif
