/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The events of one CPU in one file, buffer after buffer. For the reader. */
#ifndef FORMAT_ETL_STREAM_H
#define FORMAT_ETL_STREAM_H

#include "format/etl_reader.h"

struct etl_stream {
	const struct etl_file *file;
	const struct etl_buffer *first, *next, *end; /* in the sorted list */
	uint8_t *data;				     /* the present buffer */
	size_t cap, pos, len;
	bool lossy;    /* events before the next one are missing */
	uint64_t last; /* ticks since the trace's start, of the event */
	struct etl_event event;
};

/* What all streams of a trace share. */
struct etl_streams {
	int64_t start_ticks;
	uint64_t max_ticks; /* since then: what is later is damaged */
	uint64_t memory_bytes;
	struct etl_stats stats;
};

void etl_stream__init(struct etl_stream *s, const struct etl_file *file,
		      const struct etl_buffer *first, const struct etl_buffer *end);
/* To the next event. 1, 0: there is none, -ENOMEM, -errno of reading. */
int etl_stream__next(struct etl_stream *s, struct etl_streams *all);
/* Before its first event again; frees the buffer. */
void etl_stream__reset(struct etl_stream *s, struct etl_streams *all);

#endif
