/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The buffers that an event trace (.etl) is a sequence of: where each is, and whose. */
#ifndef FORMAT_ETL_BUFFER_H
#define FORMAT_ETL_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETL_BUFFER_HEADER_BYTES 72	    /* WMI_BUFFER_HEADER */
#define ETL_BUFFER_MAX_BYTES	(16u << 20) /* the most that Windows makes them */
#define ETL_MAX_CPUS		4096

enum etl_buffer_flag {
	ETL_BUFFER_LAST = 1 << 0, /* at its time the session's last one of this CPU */
	ETL_BUFFER_EVENTS_LOST = 1 << 1,
	ETL_BUFFER_BUFFER_LOST = 1 << 2,
	ETL_BUFFER_WIDE_CPU = 1 << 5,
	ETL_BUFFER_COMPRESSED = 1 << 6,
};

enum etl_compression {
	ETL_LZNT1 = 2,
	ETL_XPRESS = 3,
	ETL_XPRESS_HUFFMAN = 4,
};

struct etl_buffer {
	uint64_t off;	     /* in the file */
	int64_t sequence;    /* the order of one CPU's buffers; that of the file is another one */
	uint32_t disk_bytes; /* with the header; the next buffer comes behind them */
	uint32_t end;	     /* of the events, with the header, unpacked */
	uint16_t cpu;
	uint16_t type;	/* ETW's: 0 generic, 4 header... */
	uint16_t flags; /* enum etl_buffer_flag */
	uint16_t state; /* of a file's first one: enum etl_compression */
	uint32_t file;	/* for the reader: which of its files */
};

/* Where its events are packed. */
static inline bool etl_buffer__is_packed(const struct etl_buffer *b)
{
	return b->flags & ETL_BUFFER_COMPRESSED;
}

/*
 * Takes a buffer's header apart; the buffer is at @off, and @room bytes of the file are left there. 0, and *@ret_cut when the
 * file ends inside of the buffer: then what is there counts. -EBADMSG: this is no buffer.
 */
int etl_buffer_parse(const uint8_t header[ETL_BUFFER_HEADER_BYTES], uint64_t off, uint64_t room,
		     struct etl_buffer *ret, bool *ret_cut);

#endif
