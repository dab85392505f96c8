/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Sets of labels as they are in the memory of a process that runs Go, some at once. What g.labels points to:
 *
 *   up to 1.23   *map[string]string, a hash table of buckets (src/runtime/pprof/label.go, src/runtime/map.go)
 *   from 1.24 on a slice of pairs of strings (src/runtime/pprof/label.go; from 1.26 on src/internal/runtime/pprof/label)
 *
 * A set never changes once a goroutine has it; but its memory may be gone, or be no set at all: some packages keep other things there.
 */
#ifndef FORMAT_GO_LABEL_READ_H
#define FORMAT_GO_LABEL_READ_H

#include "format/go_memory.h"

#define GO_LABELS_MAX	   32  /* of a set; of one that has more some are read */
#define GO_LABEL_MAX_BYTES 256 /* of a key or a value; longer ones are cut */
#define GO_LABEL_BATCH	   32  /* sets that are read at once */

/* A string of Go. */
struct go_text {
	uint64_t data, len;
};

/* As a bucket and a list have it. */
struct go_label_pair {
	struct go_text key, value;
};

struct go_label_job {
	uint64_t addr;		  /* what g.labels is */
	bool is_sane;		  /* else there is no set, or it could not be read */
	bool is_whole;		  /* nothing was cut */
	uint32_t cnt;		  /* of its pairs */
	uint64_t map_cnt;	  /* as the map itself says */
	struct go_text places[2]; /* while it is read: where its parts are, and how many bytes */
	struct go_label_pair pairs[GO_LABELS_MAX];
	const char *keys[GO_LABELS_MAX],
		*values[GO_LABELS_MAX]; /* pairs' lengths say where they end */
};

struct go_label_batch {
	struct go_label_job jobs[GO_LABEL_BATCH];
	size_t cnt;
	struct go_span spans[GO_LABEL_BATCH * GO_LABELS_MAX * 2];
	bool whole[GO_LABEL_BATCH * GO_LABELS_MAX * 2];
	size_t span_cnt;
	uint8_t bytes[GO_LABEL_BATCH * GO_LABELS_MAX * 2 * GO_LABEL_MAX_BYTES];
};

/*
 * Reads what the jobs' addresses say; @minor: of the version, 0: not known. Pairs come in the order of their keys, with lengths that are
 * within bounds. Texts are valid until the next call.
 */
void go_label_batch_read(struct go_label_batch *b, const struct go_memory *m, unsigned int minor);

#endif
