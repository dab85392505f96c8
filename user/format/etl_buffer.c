/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/etl_buffer.h"

#include <errno.h>

#include "base/cursor.h"

/* The field that says so, or an older one where that is empty; never more than there is. */
static uint32_t etl_buffer_end(const struct etl_buffer *b, uint32_t offset, uint32_t saved)
{
	uint32_t end = offset;

	if (end < ETL_BUFFER_HEADER_BYTES)
		end = saved;
	if (end < ETL_BUFFER_HEADER_BYTES)
		end = b->disk_bytes;
	if (!etl_buffer__is_packed(b) && end > b->disk_bytes)
		end = b->disk_bytes;
	return end;
}

/*
 * uint32 size, saved offset, current offset, references; int64 time, sequence; uint64 clock; uint16 CPU, logger; uint32
 * state, offset; uint16 flags, type; 16 bytes of no use.
 */
int etl_buffer_parse(const uint8_t header[ETL_BUFFER_HEADER_BYTES], uint64_t off, uint64_t room,
		     struct etl_buffer *ret, bool *ret_cut)
{
	struct cursor c = cursor_over(header, ETL_BUFFER_HEADER_BYTES);
	struct etl_buffer b = {.off = off};
	uint32_t saved, offset;

	b.disk_bytes = cursor__u32(&c);
	saved = cursor__u32(&c);
	cursor__skip(&c, 16);
	b.sequence = (int64_t)cursor__u64(&c);
	cursor__skip(&c, 8);
	b.cpu = cursor__u16(&c);
	cursor__skip(&c, 2);
	b.state = (uint16_t)cursor__u32(&c);
	offset = cursor__u32(&c);
	b.flags = cursor__u16(&c);
	b.type = cursor__u16(&c);
	if (b.disk_bytes < ETL_BUFFER_HEADER_BYTES || b.disk_bytes > ETL_BUFFER_MAX_BYTES)
		return -EBADMSG;
	/* Before Windows 8 a CPU was one byte, and the other one says 8. */
	if (!(b.flags & ETL_BUFFER_WIDE_CPU))
		b.cpu &= 0xff;
	if (b.cpu >= ETL_MAX_CPUS)
		return -EBADMSG;
	*ret_cut = b.disk_bytes > room;
	if (*ret_cut)
		b.disk_bytes = (uint32_t)room;
	b.end = etl_buffer_end(&b, offset, saved);
	if (b.end > ETL_BUFFER_MAX_BYTES)
		return -EBADMSG;
	*ret = b;
	return 0;
}
