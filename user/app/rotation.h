/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A directory of files, one or more for each window of time: dwell-20260131T235900Z.folded and, if asked for, the same
 * in other formats. The oldest are removed when all together are too many bytes, or too old.
 *
 *   rotation__open -> (rotation__stem -> rotation__put...)... -> rotation__close
 *
 * A file appears whole (NAME.tmp, sync, rename, sync of the directory). A name is never given twice: after a step of the
 * clock, or when two windows begin in one second, a "_NNN" behind the time keeps them apart, in order. Files that are
 * not called like ours are never touched. When the clock was set back, files from the future count as the oldest.
 *
 * For one thread. While a disk is full each put fails, see rotation.disk, and the next one that has room succeeds.
 */
#ifndef APP_ROTATION_H
#define APP_ROTATION_H

#include <stdint.h>
#include <stdio.h>

#include "app/disk_state.h"

#define ROTATION_STEM_LEN 32 /* "dwell-20260131T235900Z_001" and a NUL */

struct rotation_opts {
	uint64_t keep_bytes;	 /* of all files together; 0: no limit */
	uint64_t keep_age_ns;	 /* since the window began; 0: no limit */
	uint64_t min_free_bytes; /* less than that free is a full disk; 0: until it really is */
};

enum rotation_drop {
	ROTATION_DROP_BYTES, /* over keep_bytes */
	ROTATION_DROP_AGE,   /* over keep_age_ns */
	ROTATION_DROP_CNT,
};

struct rotation {
	struct rotation_opts opts;
	struct disk_state disk;
	/* What is there, as of the last put. */
	uint64_t file_cnt, bytes;
	uint64_t oldest_ns; /* begin of the oldest window, CLOCK_REALTIME; 0: there is none */
	/* What was done, ever. */
	uint64_t written_cnt, written_bytes;
	uint64_t dropped_cnt[ROTATION_DROP_CNT];
	uint64_t leftover_cnt; /* unfinished files found at start and removed */
	int dir_fd, lock_fd;
};

/*
 * Opens @dir, which is made (0750) if only its last component is missing, locks it, removes unfinished files of ours
 * and what is over the limits. NULL + errno with error_set(): EBUSY when another dwell writes there.
 */
struct rotation *rotation__open(const char *dir, const struct rotation_opts *opts);
void rotation__close(struct rotation *r);

/*
 * The name, without its end, for the files of the window that began at @start_ns (CLOCK_REALTIME). No file here has it
 * yet, with any end. 0, or -EEXIST when the 999 names of that second are taken.
 */
int rotation__stem(const struct rotation *r, uint64_t start_ns, char ret_stem[ROTATION_STEM_LEN]);

/* Writes a file's content: 0 or -errno (also for errors of the stream). A struct writer's write() bound to its profile. */
typedef int (*rotation_write_fn)(FILE *to, void *arg);
/*
 * Writes @stem@ext (ext: ".folded", ".pb.gz") with @write, 0640, then removes what is over the limits. 0 or -errno of what
 * failed, noted in r->disk too; nothing of the file is left then.
 */
int rotation__put(struct rotation *r, const char *stem, const char *ext, rotation_write_fn write,
		  void *arg);
/* Removes what is over the limits by now and counts what is there. 0 or -errno. rotation__put() does that too. */
int rotation__tidy(struct rotation *r);

#endif
