/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/compiler.h"
#include "base/log.h"
#include "format/record.h"

#define RECORDING_MAGIC		   "DWELLREC"
#define RECORDING_MAGIC_BLOCK	   0x314b4c42 /* "BLK1" */
#define RECORDING_MAGIC_END	   0x31444e45 /* "END1" */
#define RECORDING_LEVEL		   1	      /* of deflate: the recorder must not be what waits */
#define RECORDING_HEADER_MAX_BYTES 4096

struct recording_header {
	char magic[8];
	uint32_t version;
	uint32_t header_bytes;
	uint64_t reserved;
};

struct recording_block {
	uint32_t magic;
	uint32_t raw_bytes;
	uint32_t packed_bytes;
	uint32_t crc;
};

struct recording_end {
	uint64_t blocks;
	uint64_t records;
};

_Static_assert(sizeof(struct recording_header) == 24, "recording_header");
_Static_assert(sizeof(struct recording_block) == 16, "recording_block");
_Static_assert(sizeof(struct recording_end) == 16, "recording_end");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little endian");

static uint32_t recording_crc(const void *data, size_t len)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), data, (uInt)len);
}

static size_t recording_padding(size_t len)
{
	return -len & 7;
}

struct recording_writer {
	FILE *to;
	int err; /* the first one; nothing is written after it */
	struct recording_end done;
	size_t raw_len;
	uLong packed_cap;
	uint8_t *packed;
	uint8_t raw[RECORDING_BLOCK_MAX_BYTES];
};

static int recording_writer_put(struct recording_writer *w, const void *data, size_t len)
{
	if (w->err)
		return w->err;
	errno = 0;
	if (fwrite(data, 1, len, w->to) != len)
		w->err = errno ? -errno : -EIO;
	return w->err;
}

static int recording_writer_put_block(struct recording_writer *w, uint32_t magic, uint32_t raw_len,
				      const void *packed, size_t len)
{
	static const char padding[8];
	struct recording_block b = {
		.magic = magic,
		.raw_bytes = raw_len,
		.packed_bytes = (uint32_t)len,
		.crc = recording_crc(packed, len),
	};

	recording_writer_put(w, &b, sizeof(b));
	recording_writer_put(w, packed, len);
	return recording_writer_put(w, padding, recording_padding(len));
}

static int recording_writer_flush(struct recording_writer *w)
{
	uLong len = w->packed_cap;

	if (w->err || !w->raw_len)
		return w->err;
	if (compress2(w->packed, &len, w->raw, w->raw_len, RECORDING_LEVEL) != Z_OK)
		return w->err = -ENOMEM;
	recording_writer_put_block(w, RECORDING_MAGIC_BLOCK, (uint32_t)w->raw_len, w->packed, len);
	w->done.blocks++;
	w->raw_len = 0;
	return w->err;
}

struct recording_writer *recording_writer__new(FILE *to)
{
	struct recording_header h = {
		.magic = RECORDING_MAGIC,
		.version = RECORDING_VERSION,
		.header_bytes = sizeof(h),
	};
	struct recording_writer *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return NULL;
	w->to = to;
	w->packed_cap = compressBound(sizeof(w->raw));
	w->packed = malloc(w->packed_cap);
	err = w->packed ? recording_writer_put(w, &h, sizeof(h)) : -ENOMEM;
	if (err) {
		recording_writer__free(w);
		errno = -err;
		return NULL;
	}
	return w;
}

int recording_writer__add(struct recording_writer *w, const struct event *e)
{
	size_t len = e->h->size;

	if (w->err)
		return w->err;
	if (len > sizeof(w->raw) || len % 8)
		return -EINVAL;
	if (w->raw_len + len > sizeof(w->raw) && recording_writer_flush(w))
		return w->err;
	memcpy(w->raw + w->raw_len, e->h, len);
	w->raw_len += len;
	w->done.records++;
	return 0;
}

int recording_writer__finish(struct recording_writer *w)
{
	recording_writer_flush(w);
	recording_writer_put_block(w, RECORDING_MAGIC_END, 0, &w->done, sizeof(w->done));
	errno = 0;
	if (!w->err && (fflush(w->to) || ferror(w->to)))
		w->err = errno ? -errno : -EIO;
	return w->err;
}

void recording_writer__free(struct recording_writer *w)
{
	if (!w)
		return;
	free(w->packed);
	free(w);
}

struct recording_reader {
	FILE *from;
	int err;  /* the first one; returned ever after */
	bool end; /* the end block was read */
	struct recording_end done;
	size_t raw_pos, raw_len;
	size_t packed_cap;
	uint8_t *packed;
	uint64_t raw[RECORDING_BLOCK_MAX_BYTES / sizeof(uint64_t)]; /* records are 8-byte aligned */
};

#define RECORDING_BAD(...) error_set(-EBADMSG, __VA_ARGS__)

static int recording_reader_truncated(const struct recording_reader *r)
{
	return RECORDING_BAD("truncated after %" PRIu64 " records: the recording was not finished "
			     "or not copied whole; copy or record it again",
			     r->done.records);
}

static int recording_reader_damaged(const struct recording_reader *r, const char *what)
{
	return RECORDING_BAD("block %" PRIu64 ": %s: the file is damaged; copy it again",
			     r->done.blocks + 1, what);
}

/* 0, -EBADMSG when the file ends before @len bytes, or the stream's error. */
static int recording_reader_get(struct recording_reader *r, void *to, size_t len)
{
	errno = 0;
	if (fread(to, 1, len, r->from) == len)
		return 0;
	if (ferror(r->from)) {
		int err = errno ? -errno : -EIO;

		return error_set(err, "reading the recording: %s", strerror(-err));
	}
	return recording_reader_truncated(r);
}

static int recording_reader_header(struct recording_reader *r)
{
	struct recording_header h = {0};
	uint8_t rest[RECORDING_HEADER_MAX_BYTES];
	int err = recording_reader_get(r, &h, sizeof(h));

	if (err && err != -EBADMSG)
		return err;
	if (memcmp(h.magic, RECORDING_MAGIC, sizeof(h.magic)) != 0)
		return RECORDING_BAD("not a dwell recording: give a file made by `dwell record`");
	if (err)
		return err;
	if (h.version != RECORDING_VERSION)
		return RECORDING_BAD("recording of version %u, this dwell reads version %d: use "
				     "the dwell that made it, or a newer one",
				     h.version, RECORDING_VERSION);
	if (h.header_bytes < sizeof(h) || h.header_bytes > RECORDING_HEADER_MAX_BYTES)
		return RECORDING_BAD("a header of %u bytes: the file is damaged; copy it again",
				     h.header_bytes);
	return recording_reader_get(r, rest, h.header_bytes - sizeof(h));
}

bool recording_is_text(FILE *from)
{
	static const char magic[] = RECORDING_MAGIC;
	char seen[sizeof(magic) - 1];
	size_t n = fread(seen, 1, sizeof(seen), from);
	bool text = !n || memcmp(seen, magic, n) != 0;

	for (size_t i = 0; i < n; i++)
		text &= (unsigned char)seen[i] >= ' ' || seen[i] == '\t' || seen[i] == '\n' ||
			seen[i] == '\r';
	/* The standard promises to take back one byte; both libraries of Linux take what was just read. */
	for (size_t i = n; i-- > 0;)
		if (ungetc((unsigned char)seen[i], from) == EOF)
			return false;
	return text;
}

struct recording_reader *recording_reader__new(FILE *from)
{
	struct recording_reader *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return NULL;
	r->from = from;
	r->packed_cap = compressBound(sizeof(r->raw));
	r->packed = malloc(r->packed_cap + 8);
	err = r->packed ? recording_reader_header(r) : -ENOMEM;
	if (err) {
		recording_reader__free(r);
		errno = -err;
		return NULL;
	}
	return r;
}

/* Reads what follows a block's header and compares the checksum. */
static int recording_reader_packed(struct recording_reader *r, const struct recording_block *b)
{
	int err;

	if (b->packed_bytes > r->packed_cap)
		return recording_reader_damaged(r, "impossible size");
	err = recording_reader_get(r, r->packed,
				   b->packed_bytes + recording_padding(b->packed_bytes));
	if (err)
		return err;
	if (recording_crc(r->packed, b->packed_bytes) != b->crc)
		return recording_reader_damaged(r, "checksum differs");
	return 0;
}

static int recording_reader_unpack(struct recording_reader *r, const struct recording_block *b)
{
	uLong packed_len = b->packed_bytes;
	uLong len = b->raw_bytes;
	int err, z;

	if (!len || len > sizeof(r->raw) || len % 8)
		return recording_reader_damaged(r, "impossible size");
	err = recording_reader_packed(r, b);
	if (err)
		return err;
	z = uncompress2((uint8_t *)r->raw, &len, r->packed, &packed_len);
	if (z == Z_MEM_ERROR)
		return -ENOMEM;
	if (z != Z_OK || len != b->raw_bytes || packed_len != b->packed_bytes)
		return recording_reader_damaged(r, "can't be unpacked");
	r->raw_pos = 0;
	r->raw_len = len;
	r->done.blocks++;
	return 0;
}

static int recording_reader_end(struct recording_reader *r, const struct recording_block *b)
{
	struct recording_end end;
	int err;

	if (b->raw_bytes || b->packed_bytes != sizeof(end))
		return recording_reader_damaged(r, "impossible size");
	err = recording_reader_packed(r, b);
	if (err)
		return err;
	memcpy(&end, r->packed, sizeof(end));
	if (end.blocks != r->done.blocks || end.records != r->done.records)
		return RECORDING_BAD("%" PRIu64 " records in %" PRIu64
				     " blocks were written, %" PRIu64 " in %" PRIu64
				     " are there: parts of the file are missing; "
				     "copy it again",
				     end.records, end.blocks, r->done.records, r->done.blocks);
	/* What comes behind would be ignored silently. */
	if (fgetc(r->from) != EOF)
		return RECORDING_BAD("something follows the recording's end: files that were "
				     "joined must be read one by one");
	r->end = true;
	return 0;
}

/* The next block. 0, also at the end block. */
static int recording_reader_block(struct recording_reader *r)
{
	struct recording_block b;
	int err = recording_reader_get(r, &b, sizeof(b));

	if (err)
		return err;
	if (b.magic == RECORDING_MAGIC_BLOCK)
		return recording_reader_unpack(r, &b);
	if (b.magic == RECORDING_MAGIC_END)
		return recording_reader_end(r, &b);
	return recording_reader_damaged(r, "is no block");
}

/* The next record of the block: as record_decode(). */
static int recording_reader_record(struct recording_reader *r, struct event *ret_event)
{
	struct event e;
	char why[512];
	int err;

	err = record_decode((uint8_t *)r->raw + r->raw_pos, r->raw_len - r->raw_pos, &e);
	if (err < 0) {
		snprintf(why, sizeof(why), "%s", error_text(err));
		return RECORDING_BAD(
			"block %" PRIu64 ", record %" PRIu64
			" of the file: %s: the file is damaged; copy or record it again",
			r->done.blocks, r->done.records + 1, why);
	}
	r->raw_pos += e.h->size;
	r->done.records++;
	if (!err)
		*ret_event = e;
	return err;
}

int recording_reader__next(struct recording_reader *r, struct event *ret_event)
{
	while (!r->err && !r->end) {
		if (r->raw_pos == r->raw_len) {
			r->err = recording_reader_block(r);
			continue;
		}
		r->err = recording_reader_record(r, ret_event);
		if (!r->err)
			return 1;
		if (r->err > 0) /* of a kind that this version does not know */
			r->err = 0;
	}
	return r->err;
}

void recording_reader__free(struct recording_reader *r)
{
	if (!r)
		return;
	free(r->packed);
	free(r);
}
