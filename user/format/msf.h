/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The container of PDB files (MSF 7.00): numbered streams, each a list of blocks of the file. Files of others: every number is
 * checked, and no more of a file is looked at than it has bytes.
 */
#ifndef FORMAT_MSF_H
#define FORMAT_MSF_H

#include <stddef.h>
#include <stdint.h>

#include "format/file_input.h"

#define MSF_MAX_DIRECTORY_BYTES (64u << 20) /* of files of 64 GiB in blocks of 4 KiB */
#define MSF_MAX_STREAMS		(1u << 22)
#define MSF_WINDOW_BYTES	(256u << 10)

struct msf_stream {
	uint32_t bytes;
	uint32_t first; /* of its block numbers in the directory */
};

struct msf {
	struct file_input in;
	uint32_t block_bytes, block_cnt;
	uint32_t *directory; /* as it stands in the file */
	struct msf_stream *streams;
	uint32_t stream_cnt;
};

/*
 * Reads the directory. 0; -ENOTSUP: a format of PDB that is not read; -EBADMSG: no PDB, or a damaged or cut one; -ENOMEM;
 * -errno of reading. error_set() says more, as the end of a sentence that begins with the file's name.
 */
int msf__open(struct msf *m, const struct file_input *in);
/* Accepts a zeroed one. */
void msf__close(struct msf *m);
/* 0 for a stream that isn't there. */
uint32_t msf__bytes(const struct msf *m, uint32_t stream);
/* Exactly @len bytes at @off of a stream. 0; -EBADMSG: it is not as long, or its blocks lie outside of the file; -errno. */
int msf__read(const struct msf *m, uint32_t stream, uint64_t off, void *to, size_t len);
/*
 * @len bytes at @off in new memory, one byte more than that, which is 0. 0; -E2BIG: more than @max; -ENOMEM; as msf__read().
 */
int msf__load(const struct msf *m, uint32_t stream, uint64_t off, size_t len, size_t max,
	      uint8_t **ret);

/*
 * A stream, or a part of it, read from its beginning to its end with little memory:
 *
 *   msf_window__open -> msf_window__peek, msf_window__skip ... -> msf_window__close
 */
struct msf_window {
	const struct msf *msf;
	uint32_t stream;
	uint64_t pos, end; /* in the stream */
	uint8_t *data;
	uint64_t data_off; /* in the stream */
	size_t data_len;
};

/* From @off on, at most to @end. 0, -EBADMSG: the stream is not as long; -ENOMEM. */
int msf_window__open(struct msf_window *w, const struct msf *m, uint32_t stream, uint64_t off,
		     uint64_t end);
/* Accepts a zeroed one. */
void msf_window__close(struct msf_window *w);
/* The next @len bytes, at most MSF_WINDOW_BYTES, valid until the next call. 0; -ENODATA: there are fewer; as msf__read(). */
int msf_window__peek(struct msf_window *w, size_t len, const uint8_t **ret);
/* Goes on by @len bytes, at most to the end. */
void msf_window__skip(struct msf_window *w, uint64_t len);

#endif
