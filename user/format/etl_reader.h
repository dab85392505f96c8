/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Event traces of Windows (.etl): the events of all CPUs in the order of time.
 *
 *   etl_reader__new -> etl_reader__add... -> etl_reader__next... -> etl_reader__free
 *
 * A trace is a sequence of buffers, each of one CPU. They are in the file as they were flushed; so the reader first notes where
 * each is, sorts those of a CPU by their numbers, and merges the CPUs, with one buffer of each in memory. What is unknown or
 * damaged is left out and counted, and never the end.
 */
#ifndef FORMAT_ETL_READER_H
#define FORMAT_ETL_READER_H

#include "format/etl_file.h"

#define ETL_MAX_FILES	     64
#define ETL_MAX_MEMORY_BYTES (1ull << 30) /* of buffers that are being read */

struct etl_stats {
	uint64_t buffer_cnt;
	uint64_t
		bad_buffer_cnt; /* no buffer, not to be unpacked, or too many at once; some of their events may be there */
	uint64_t lossy_buffer_cnt; /* that say that events or buffers before them are lost */
	uint64_t event_cnt;	   /* that were told */
	uint64_t skip_cnt;	   /* headers without a meaning */
	uint64_t
		unknown_cnt; /* headers of an unknown kind; nothing of the rest of their buffers is read: */
	uint64_t unknown_bytes;
	uint64_t early_cnt; /* before the trace's start: told as at its start */
	uint64_t
		backward_cnt; /* before the one before on the same CPU, or far from all others: told as at that one's time */
	uint64_t cut_cnt;   /* files that end inside of a buffer */
	uint64_t cut_bytes; /* at the ends of files */
};

struct etl_reader;

/* NULL + errno. */
struct etl_reader *etl_reader__new(void);
void etl_reader__free(struct etl_reader *r);

/*
 * Adds a file; the bytes of @in have to stay where they are. All files have to be of one session, or at least of one run of the
 * system with the same clock, for then their times are one. To be called before the first etl_reader__next(). 0 or an error of
 * etl_file__open(); -EINVAL: it has another clock than the first one; -E2BIG: too many files. error_set() says more, as the
 * end of a sentence that begins with the file's name.
 */
int etl_reader__add(struct etl_reader *r, const struct file_input *in);

/* What the file @i says of itself, in the order in which they were added; NULL behind the last. */
const struct etl_header *etl_reader__header(const struct etl_reader *r, size_t i);
/* The one that began first: from its start on times count. */
const struct etl_header *etl_reader__base(const struct etl_reader *r);
/* All buffers, in no order that matters. */
const struct etl_buffer_list *etl_reader__buffers(const struct etl_reader *r);

/* The next event: 1, and *@ret until the next call; 0 at the end; -ENOMEM; -errno of reading. */
int etl_reader__next(struct etl_reader *r, const struct etl_event **ret);
/* Goes back to the first event; counts anew. */
void etl_reader__rewind(struct etl_reader *r);

void etl_reader__stats(const struct etl_reader *r, struct etl_stats *ret);

#endif
