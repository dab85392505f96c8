/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/etl_file.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/compiler.h"
#include "base/log.h"
#include "format/xpress.h"

/* ---- buffers ---- */

static int etl_file__read_packed(const struct etl_file *f, const struct etl_buffer *b, uint8_t *to,
				 size_t *ret_end)
{
	size_t len = b->disk_bytes - ETL_BUFFER_HEADER_BYTES, unpacked = 0;
	_cleanup_free_ uint8_t *packed = malloc(len ? len : 1);
	int err;

	if (!packed)
		return -ENOMEM;
	err = file_input__read(&f->in, packed, len, b->off + ETL_BUFFER_HEADER_BYTES);
	if (err)
		return err;
	err = xpress_unpack(packed, len, to + ETL_BUFFER_HEADER_BYTES,
			    b->end - ETL_BUFFER_HEADER_BYTES, &unpacked);
	*ret_end = ETL_BUFFER_HEADER_BYTES + unpacked;
	return err;
}

int etl_file__read(const struct etl_file *f, const struct etl_buffer *b, uint8_t *to,
		   size_t *ret_end)
{
	int err;

	*ret_end = ETL_BUFFER_HEADER_BYTES;
	if (etl_buffer__is_packed(b))
		return etl_file__read_packed(f, b, to, ret_end);
	err = file_input__read(&f->in, to + ETL_BUFFER_HEADER_BYTES,
			       b->end - ETL_BUFFER_HEADER_BYTES, b->off + ETL_BUFFER_HEADER_BYTES);
	if (!err)
		*ret_end = b->end;
	return err;
}

/* ---- the header ---- */

static int etl_not_a_trace(void)
{
	return error_set(-EBADMSG,
			 "is no event trace (.etl), or its beginning is damaged: record it again");
}

/* The first event of the first buffer. */
static int etl_file__read_header(struct etl_file *f, const struct etl_buffer *first)
{
	_cleanup_free_ uint8_t *data = malloc(first->end);
	struct etl_event e;
	size_t end, size;
	int err;

	if (!data)
		return -ENOMEM;
	err = etl_file__read(f, first, data, &end);
	if (err)
		return err;
	if (etl_event_parse(data + ETL_BUFFER_HEADER_BYTES, end - ETL_BUFFER_HEADER_BYTES, &e,
			    &size) != ETL_PARSE_EVENT)
		return -EBADMSG;
	return etl_header_parse(&e, &f->header);
}

/* What begins at @off. 0 and the buffer; -EBADMSG, -errno. */
static int etl_file__look(struct etl_file *f, uint64_t off, struct etl_buffer *ret)
{
	uint8_t head[ETL_BUFFER_HEADER_BYTES];
	int err = file_input__read(&f->in, head, sizeof(head), off);

	return err ? err : etl_buffer_parse(head, off, f->in.bytes - off, ret, &f->cut);
}

static int etl_file__begin(struct etl_file *f)
{
	struct etl_buffer first;
	int err = etl_file__look(f, 0, &first);

	if (!err)
		err = etl_file__read_header(f, &first);
	if (err == -EBADMSG || err == -ENODATA)
		return etl_not_a_trace();
	/* Where it packs, the first buffer's state says how. */
	if (!err && f->header.mode & ETL_MODE_COMPRESSED &&
	    (first.state == ETL_LZNT1 || first.state == ETL_XPRESS_HUFFMAN))
		return error_set(-ENOTSUP,
				 "is packed with %s, which is not read: record or merge it "
				 "without compression",
				 first.state == ETL_LZNT1 ? "LZNT1" : "XPRESS Huffman");
	return err;
}

static int etl_buffer_list__add(struct etl_buffer_list *list, const struct etl_buffer *b)
{
	int err = array__grow((void **)&list->all, &list->cap, list->cnt + 1, sizeof(*b),
			      ETL_MAX_BUFFERS);

	if (err == -E2BIG)
		return error_set(err, "has more than %u buffers: record a shorter time",
				 ETL_MAX_BUFFERS);
	if (!err)
		list->all[list->cnt++] = *b;
	return err;
}

/*
 * Where to go on behind a place without a buffer: buffers that are not packed have one size, and a file that was made at its
 * full size before, or was damaged, has holes. 0: nowhere.
 */
static uint64_t etl_file__resume(const struct etl_file *f)
{
	if (f->header.mode & ETL_MODE_COMPRESSED ||
	    f->header.buffer_bytes < ETL_BUFFER_HEADER_BYTES)
		return 0;
	return f->header.buffer_bytes;
}

int etl_file__open(struct etl_file *f, const struct file_input *in, uint32_t id,
		   struct etl_buffer_list *list)
{
	struct etl_buffer b;
	uint64_t off = 0, step;
	int err;

	*f = (struct etl_file){.in = *in};
	err = etl_file__begin(f);
	while (!err && in->bytes - off >= ETL_BUFFER_HEADER_BYTES) {
		err = etl_file__look(f, off, &b);
		if (!err) {
			b.file = id;
			err = etl_buffer_list__add(list, &b);
			off += b.disk_bytes;
			continue;
		}
		if (err != -EBADMSG)
			return err;
		err = 0;
		f->bad_buffer_cnt++;
		step = etl_file__resume(f);
		if (!step || step > in->bytes - off)
			break;
		off += step;
	}
	f->cut_bytes = in->bytes - off;
	return err;
}
