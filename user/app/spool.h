/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The spool, as its writer sees it: SPOOL/TARGET/ holds segments that wait to be sent to one receiver. Another process,
 * with less rights, sends them (spool_reader.h); the two know of each other only by these files:
 *
 *   SEQ-STARTNS-ENDNS-ID.EXT   a segment; its bytes are sent as they are
 *   *.tmp                      unfinished; removed at the next start
 *   seq                        the next number, so that none is given twice, even if all segments are gone
 *   rejected/ corrupt/ sent/   what the reader moved there
 *   state status               of the reader
 *
 *   spool__open -> (spool__begin -> write to seg.file.fp -> spool__commit or spool__abort)... -> spool__close
 *
 * Directories are 02770 and segments 0640, of the group that the reader is in. What is over the quota is dropped: what
 * was sent, then what was put aside, then the oldest. A segment that the reader has open at that moment is left for the
 * next time, one at most. For one thread.
 */
#ifndef APP_SPOOL_H
#define APP_SPOOL_H

#include <stdint.h>

#include "app/disk_state.h"
#include "app/spool_list.h"
#include "app/spool_name.h"
#include "base/os_dir.h"

struct spool_opts {
	uint64_t quota_bytes;  /* of all segments of the target, put aside ones too; 0: no limit */
	uint64_t quota_age_ns; /* since the end of the segment's window; 0: no limit */
	uint64_t min_free_bytes; /* less than that free is a full disk; 0: until it really is */
	uint32_t gid;		 /* the reader's group; OS_DIR_NO_GROUP: leave it */
};

/* Why a segment was dropped that had not been sent. What was put aside is counted by the reader, in its status. */
enum spool_drop {
	SPOOL_DROP_QUOTA,
	SPOOL_DROP_AGE,
	SPOOL_DROP_CNT,
};

struct spool {
	struct spool_opts opts;
	struct disk_state disk;
	/* What waits to be sent, as of the last commit or spool__tidy(). */
	uint64_t segment_cnt, bytes;
	uint64_t oldest_ns; /* begin of the oldest's window, CLOCK_REALTIME; 0: nothing waits */
	uint64_t aside_cnt, aside_bytes; /* in rejected/, corrupt/ and sent/ */
	/* What was done, ever. */
	uint64_t written_cnt, written_bytes;
	uint64_t dropped_cnt[SPOOL_DROP_CNT], dropped_bytes[SPOOL_DROP_CNT];
	uint64_t leftover_cnt; /* unfinished files found at start and removed */
	uint64_t next_seq;
	uint64_t key[4]; /* of ids: this boot's id and this directory's */
	int dir_fd, lock_fd;
	int aside_fd[SPOOL_ASIDE_CNT];
};

struct spool_segment {
	struct spool_name name; /* name.id is for the rows in it */
	struct dir_file file;	/* file.fp is where to write */
};

/*
 * Opens SPOOL/TARGET (@dir: SPOOL, made 02750 if only its last component is missing), locks it against other writers,
 * removes unfinished files, and what is over the quota. NULL + errno with error_set(): EBUSY when another dwell writes
 * there.
 */
struct spool *spool__open(const char *dir, const char *target, const struct spool_opts *opts);
void spool__close(struct spool *s);

/*
 * Begins a segment of the window from @start_ns to @end_ns (CLOCK_REALTIME). @ext: ".ndjson.gz", ".pb.gz". Its number is
 * used up, whatever becomes of it. 0 or -errno, noted in s->disk.
 */
int spool__begin(struct spool *s, uint64_t start_ns, uint64_t end_ns, const char *ext,
		 struct spool_segment *ret_seg);
/*
 * Gives the segment its name: from here on it is not lost, whatever is killed. Then drops what is over the quota. 0 or
 * -errno, noted in s->disk: nothing of the segment is left then.
 */
int spool__commit(struct spool *s, struct spool_segment *seg);
/* Drops a segment that could not be written for the reason @err (-errno), noted in s->disk; 0: for no reason. */
void spool__abort(struct spool *s, struct spool_segment *seg, int err);
/* Drops what is over the quota by now and counts what is there. 0 or -errno. spool__commit() does that too. */
int spool__tidy(struct spool *s);

#endif
