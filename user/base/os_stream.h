/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A FILE to write to that signals don't break. stdio's own gives up when write(2) is interrupted: what is in the buffer is lost,
 * and the file torn (signal(7): pipes, sockets, files of network file systems). This one goes on, and keeps the reason of the
 * first failure, which stdio forgets.
 */
#ifndef BASE_OS_STREAM_H
#define BASE_OS_STREAM_H

#include <stdio.h>

struct os_stream {
	int fd;	 /* closed with the FILE */
	int err; /* 0, or -errno of the first write that failed */
};

/* Takes @fd over, also on failure. The FILE ends with fclose(), and *@ret with it. 0 or -errno. */
int os_stream_open(int fd, FILE **ret_fp, struct os_stream **ret);
/* All of @fp, which @s belongs to, to the kernel. 0, or -errno of the first write that failed since it was opened. */
int os_stream_flush(struct os_stream *s, FILE *fp);
/* fsync(2) of a file or directory. Some file systems can't: then there is nothing to wait for. 0 or -errno. */
int os_stream_sync(int fd);

#endif
