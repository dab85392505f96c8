/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One file of an event trace: its bytes, what it says of itself, and where its buffers are. */
#ifndef FORMAT_ETL_FILE_H
#define FORMAT_ETL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/etl_buffer.h"
#include "format/etl_header.h"
#include "format/file_input.h"

#define ETL_MAX_BUFFERS (8u << 20)

struct etl_file {
	struct file_input in;
	struct etl_header header;
	uint64_t bad_buffer_cnt; /* places where a buffer should be */
	uint64_t cut_bytes;	 /* at the end, that are no whole buffer */
	bool cut;		 /* the file ends inside of a buffer */
};

struct etl_buffer_list {
	struct etl_buffer *all;
	size_t cnt, cap;
};

/*
 * Reads the header and where the buffers are, which are added to @list as those of file @id. 0; -EBADMSG: it is no event trace;
 * -ENOTSUP: packed in a way that isn't read; -E2BIG: too many buffers; -ENOMEM; -errno of reading. error_set() says more, as the
 * end of a sentence that begins with the file's name.
 */
int etl_file__open(struct etl_file *f, const struct file_input *in, uint32_t id,
		   struct etl_buffer_list *list);

/*
 * Reads a buffer's events, unpacked, into @to, which has room for b->end bytes; they begin at ETL_BUFFER_HEADER_BYTES.
 * 0 and *@ret_end behind the last good byte; -ENODATA: the file has shrunk; -EBADMSG: it is damaged, and what is before *@ret_end is
 * good; -ENOMEM; -errno.
 */
int etl_file__read(const struct etl_file *f, const struct etl_buffer *b, uint8_t *to,
		   size_t *ret_end);

#endif
