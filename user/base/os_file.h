/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Output files that appear whole or not at all:
 *
 *   atomic_file__open -> write to fp -> atomic_file__commit, or atomic_file__abort
 *
 * Until the commit the bytes are in a nameless file (O_TMPFILE) in the target's directory, so that even
 * a killed process leaves nothing behind; where the file system has none, in a hidden ".NAME.XXXXXX". A
 * symbolic link is followed: the file it points to is replaced, the link stays. But not a link or a FIFO that another user laid in a
 * directory like /tmp.
 *
 * On Windows it is always the latter, and a killed process leaves it; name and tmp_name are whole paths there.
 *
 * What can't be replaced is written directly: "-" and /dev/stdout, other devices, FIFOs, open descriptors
 * (/dev/fd/N).
 */
#ifndef BASE_OS_FILE_H
#define BASE_OS_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/compiler.h"

struct os_stream;

struct atomic_file {
	FILE *fp;		  /* NULL after commit and abort */
	struct os_stream *stream; /* what it writes to; not on Windows */
	bool direct;		  /* no temporary file: nothing to rename */
	int dir_fd;		  /* the target's directory, -1 when direct */
	char *name;		  /* of the target in it */
	char *tmp_name;		  /* of the temporary in it; NULL while that has no name */
};

/*
 * Opens @path for writing with permissions @mode, less the umask. Fails here, not at the end of a long
 * run, when the directory is missing (-ENOENT) or it or an existing target is not writable (-EACCES,
 * -EROFS), or another user has laid something in its place (-EEXIST with error_set()). 0 or -errno.
 */
int atomic_file__open(struct atomic_file *f, const char *path, unsigned mode);
/*
 * Flushes, syncs and gives the file its name. 0 or -errno of the first failure (-ENOSPC...): then the
 * target is as it was. Closes in any case.
 */
int atomic_file__commit(struct atomic_file *f);
/* Drops what was written and closes. Does nothing after a commit, a failed open or to a zeroed struct. */
void atomic_file__abort(struct atomic_file *f);

/* Closes @fd; a negative one is none. */
void os_close(int fd);

#define _cleanup_atomic_file_ _cleanup_(atomic_file__abort)

#endif
