/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The spool, as the process sees it that sends it (see spool.h):
 *
 *   spool_reader__open -> spool_reader__next -> spool_reader__read -> send
 *                      -> spool_reader__ack, or spool_reader__reject, or again later -> ... -> spool_reader__close
 *
 * At least once: a segment is gone only after its ack. The id of the last one that was acked is kept in `state`, which
 * is on the disk before the segment goes, so that after a kill no more than the one segment that was on its way is sent
 * again. The receiver knows that one by its id.
 */
#ifndef APP_SPOOL_READER_H
#define APP_SPOOL_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "app/spool_list.h"
#include "app/spool_name.h"
#include "base/buf.h"
#include "format/key_values.h"

#define SPOOL_MAX_SEGMENT_BYTES (64u << 20)

struct spool_reader_opts {
	bool keep_sent; /* move acked segments to sent/ instead of removing them; the writer's quota bounds it */
};

struct spool_reader {
	struct spool_reader_opts opts;
	struct spool_list list;	     /* the segments at the last look */
	size_t at;		     /* the next one */
	char acked_id[SPOOL_ID_LEN]; /* the last one */
	uint64_t acked_seq;
	/* Ever, also by earlier processes: kept in `state`. */
	uint64_t acked_cnt, rejected_cnt, corrupt_cnt;
	uint64_t gone_cnt; /* dropped by the writer before they could be read */
	int state_err; /* `state` could not be written the last time: after a kill one more may come twice */
	int dir_fd, lock_fd;
};

/* One segment that was read. */
struct spool_read {
	struct spool_name name;
	struct buf bytes; /* to be sent as they are */
	int fd;		  /* keeps the writer from dropping it */
};

/*
 * Opens SPOOL/TARGET, which the writer has made, and locks it against other readers. NULL + errno with error_set():
 * EBUSY when another process sends it; ENOENT when there is no writer yet: try later.
 */
struct spool_reader *spool_reader__open(const char *dir, const char *target,
					const struct spool_reader_opts *opts);
void spool_reader__close(struct spool_reader *r);

/*
 * The oldest segment after those that were given out; after the last one it looks again and begins with the oldest: 1 and
 * *@ret_name, 0: nothing waits, -errno.
 */
int spool_reader__next(struct spool_reader *r, struct spool_name *ret_name);
/* Begins again with the oldest: after a failure that is to be retried. */
void spool_reader__rewind(struct spool_reader *r);
/*
 * Reads a segment and takes it, so that the writer doesn't drop it meanwhile. 0; -ENOENT: the writer dropped it, go on
 * with the next; -EBADMSG: no whole gzip file, moved to corrupt/ and counted, go on; another -errno.
 */
int spool_reader__read(struct spool_reader *r, const struct spool_name *name,
		       struct spool_read *ret_read);
/* The segment has arrived: notes that in `state`, then removes it. 0 or -errno: it is still there. Frees @s. */
int spool_reader__ack(struct spool_reader *r, struct spool_read *s);
/* The receiver will never take it: moves it to rejected/ and counts it. 0 or -errno. Frees @s. */
int spool_reader__reject(struct spool_reader *r, struct spool_read *s);
/* Lets go of a segment that is to be tried again. Accepts a zeroed one. */
void spool_read__fini(struct spool_read *s);

/* Replaces `status`: what the reader wants known, in keys of its own choice. 0 or -errno. */
int spool_reader__write_status(struct spool_reader *r, const struct key_values *status);
/*
 * For the writer's process: what the reader of SPOOL/TARGET said last, into *@ret_status, which key_values__fini() frees.
 * 0; -ENOENT: nothing yet; -EBADMSG: not what spool_reader__write_status() writes; -errno.
 */
int spool_status_read(const char *dir, const char *target, struct key_values *ret_status);

#endif
