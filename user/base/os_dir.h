/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A directory that is kept open and holds many files of ours: the rotated files, the spool. Names are single components
 * in it. Others may be allowed to write there, so symbolic links are never followed and only regular files are touched.
 *
 *   dir_file__open -> write to fp -> dir_file__commit, or dir_file__abort
 */
#ifndef BASE_OS_DIR_H
#define BASE_OS_DIR_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/compiler.h"

#define OS_DIR_NO_GROUP UINT32_MAX
#define OS_DIR_TMP	".tmp" /* what names of files end in that are not finished */

/*
 * Opens the directory @name in @at_fd. It is made, with exactly the permissions @mode and the group @gid unless
 * OS_DIR_NO_GROUP, if it is not there; one that is there is left as it is. A descriptor, or -errno: -ENOTDIR also for a
 * symbolic link.
 */
int os_dir_make_in(int at_fd, const char *name, unsigned int mode, uint32_t gid);
/* The same of a path: links are followed, and only the last component is made. */
int os_dir_make(const char *path, unsigned int mode, uint32_t gid);
/* One that is there. */
int os_dir_open(const char *path);
int os_dir_open_in(int at_fd, const char *name);
/*
 * Locks the directory for this process by a lock on the file @name in it, until the returned descriptor is closed or the
 * process ends, however it does. -EBUSY: another process has it; -errno.
 */
int os_dir_lock(int dir_fd, const char *name);

/* A regular file in a directory. */
struct os_dir_entry {
	const char *name;
	uint64_t bytes;
};
/*
 * Calls @fn for each regular file, in no order; files that come and go meanwhile may be left out. Ends early with the
 * first value that is not 0. 0, that value, or -errno.
 */
int os_dir_each(int dir_fd, int (*fn)(void *arg, const struct os_dir_entry *e), void *arg);
/* Is there anything of that name? */
bool os_dir_has(int dir_fd, const char *name);
/* Removes a file. 0 also when there is none; -errno. */
int os_dir_remove(int dir_fd, const char *name);
/* Moves a file, never over another one: -EEXIST. 0; -ENOENT when it is gone; -errno. */
int os_dir_move(int from_fd, const char *from, int to_fd, const char *to);
/* Waits until what was made, moved and removed here is on the disk. 0 or -errno. */
int os_dir_sync(int dir_fd);
/* Has the file system of the directory @min_bytes free for those who are not root? 0, -ENOSPC, -errno. */
int os_dir_has_room(int dir_fd, uint64_t min_bytes);
/* Opens a regular file for reading. A descriptor; -EINVAL: no regular file; -errno. Never waits. */
int os_dir_open_file(int dir_fd, const char *name);
/* All of a file, as os_read_file() does. */
int os_dir_read(int dir_fd, const char *name, size_t max_bytes, struct buf *ret);
/*
 * Tries to take a file that was opened for oneself (@alone) or together with others, without waiting. Ends with the
 * descriptor. 0; -EBUSY: others have it; -ENOENT: it lost its name meanwhile.
 */
int os_file_take(int fd, bool alone);

/* Is @tmp the temporary name of a file, and of which one? */
bool dir_file_is_tmp(const char *tmp, char ret_name[NAME_MAX + 1]);

/* A file that appears in a directory whole or not at all. Until then it is called NAME.tmp. */
struct os_stream;

struct dir_file {
	FILE *fp;		  /* NULL after commit and abort */
	struct os_stream *stream; /* what it writes to */
	int dir_fd;		  /* not owned */
	bool lazy; /* may be set after opening: need not survive a power failure, so nothing is synced */
	char name[NAME_MAX + 1];
	char tmp[NAME_MAX + 1];
};

/*
 * Opens @name with exactly the permissions @mode. A NAME.tmp that is there is removed: it is a leftover, since the
 * directory is locked. 0 or -errno (-ENAMETOOLONG).
 */
int dir_file__open(struct dir_file *f, int dir_fd, const char *name, unsigned int mode);
/*
 * Flushes, syncs, gives the file its name, over an old one if @replace, else -EEXIST, and syncs the directory. 0 or
 * -errno of the first failure (-ENOSPC, -EDQUOT...): then there is neither the file, or the old one, nor a temporary
 * one. Closes in any case. *@ret_bytes, unless NULL: its size.
 */
int dir_file__commit(struct dir_file *f, bool replace, uint64_t *ret_bytes);
/* Drops what was written. Does nothing after a commit, a failed open or to a zeroed struct. */
void dir_file__abort(struct dir_file *f);

#define _cleanup_dir_file_ _cleanup_(dir_file__abort)

#endif
