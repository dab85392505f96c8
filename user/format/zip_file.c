/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/zip_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define ZIP_LOCAL_MAGIC	     0x04034b50u
#define ZIP_DIRECTORY_MAGIC  0x02014b50u
#define ZIP_END_MAGIC	     0x06054b50u
#define ZIP_LOCATOR_64_MAGIC 0x07064b50u
#define ZIP_END_64_MAGIC     0x06064b50u

#define ZIP_LOCAL_BYTES	     30 /* without name and extra fields, as the next one */
#define ZIP_DIRECTORY_BYTES  46
#define ZIP_END_BYTES	     22 /* without a comment */
#define ZIP_LOCATOR_64_BYTES 20
#define ZIP_END_64_BYTES     56
#define ZIP_MAX_COMMENT	     UINT16_MAX

#define ZIP_FLAG_ENCRYPTED 1
#define ZIP_STORED	   0
#define ZIP_DEFLATED	   8
#define ZIP_EXTRA_64	   1 /* the extra field with what 32 bits couldn't hold */
#define ZIP_CHUNK_BYTES	   65536

bool zip_file_is_one(const struct file_input *in)
{
	uint8_t bytes[4];
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	uint32_t magic;

	if (file_input__read(in, bytes, sizeof(bytes), 0))
		return false;
	magic = cursor__u32(&c);
	return magic == ZIP_LOCAL_MAGIC || magic == ZIP_END_MAGIC;
}

/* ---- the directory ---- */

/* Reads a record of a kind that has to be there. */
static int zip_file__read(const struct zip_file *z, void *to, size_t len, uint64_t off,
			  uint32_t magic)
{
	int err = file_input__read(&z->in, to, len, off);
	struct cursor c = cursor_over(to, len);

	if (!err && cursor__u32(&c) != magic)
		err = -EBADMSG;
	return err == -ENODATA ? -EBADMSG : err;
}

static int zip_file__set_directory(struct zip_file *z, uint64_t off, uint64_t bytes)
{
	if (off > z->in.bytes || bytes > z->in.bytes - off)
		return -EBADMSG;
	z->pos = off;
	z->end = off + bytes;
	return 0;
}

/* The larger end, which @end_off's was too small for: uint32 magic, disk; uint64 where it is. */
static int zip_file__open_64(struct zip_file *z, uint64_t end_off)
{
	uint8_t bytes[ZIP_END_64_BYTES];
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	uint64_t off, len;
	int err;

	if (end_off < ZIP_LOCATOR_64_BYTES)
		return -EBADMSG;
	err = zip_file__read(z, bytes, ZIP_LOCATOR_64_BYTES, end_off - ZIP_LOCATOR_64_BYTES,
			     ZIP_LOCATOR_64_MAGIC);
	if (err)
		return err;
	cursor__skip(&c, 8);
	off = cursor__u64(&c);
	err = zip_file__read(z, bytes, ZIP_END_64_BYTES, off, ZIP_END_64_MAGIC);
	if (err)
		return err;
	c = cursor_over(bytes, sizeof(bytes));
	cursor__skip(&c, 40);
	len = cursor__u64(&c);
	off = cursor__u64(&c);
	return zip_file__set_directory(z, off, len);
}

/* @end: the record; uint32 magic, 8 bytes about disks and counts, uint32 length and place of the directory, uint16 comment. */
static int zip_file__take_end(struct zip_file *z, const uint8_t *end, uint64_t end_off)
{
	struct cursor c = cursor_over(end, ZIP_END_BYTES);
	uint32_t len, off;

	cursor__skip(&c, 12);
	len = cursor__u32(&c);
	off = cursor__u32(&c);
	if (len == UINT32_MAX || off == UINT32_MAX)
		return zip_file__open_64(z, end_off);
	return zip_file__set_directory(z, off, len);
}

/* Whether the record at @p is the end, with @behind bytes up to the file's. */
static bool zip_is_end(const uint8_t *p, size_t behind)
{
	struct cursor c = cursor_over(p, behind);

	if (cursor__u32(&c) != ZIP_END_MAGIC)
		return false;
	cursor__skip(&c, ZIP_END_BYTES - 6);
	return cursor__u16(&c) == behind - ZIP_END_BYTES;
}

int zip_file__open(struct zip_file *z, const struct file_input *in)
{
	size_t len = ZIP_END_BYTES + ZIP_MAX_COMMENT;
	_cleanup_free_ uint8_t *tail = NULL;
	int err;

	*z = (struct zip_file){.in = *in};
	if (len > in->bytes)
		len = (size_t)in->bytes;
	if (len < ZIP_END_BYTES)
		return -EBADMSG;
	tail = malloc(len);
	if (!tail)
		return -ENOMEM;
	err = file_input__read(in, tail, len, in->bytes - len);
	if (err)
		return err;
	for (size_t i = len - ZIP_END_BYTES + 1; i-- > 0;)
		if (zip_is_end(tail + i, len - i))
			return zip_file__take_end(z, tail + i, in->bytes - len + i);
	return -EBADMSG;
}

/* What is said there as "see the extra field": uint16 kind, length, data. */
static int zip_entry__take_64(struct zip_entry *e, struct cursor c)
{
	uint64_t *fields[] = {&e->bytes, &e->packed_bytes, &e->off};
	struct cursor field;
	uint16_t kind, len;
	const void *data;

	while (cursor__left(&c) >= 4) {
		kind = cursor__u16(&c);
		len = cursor__u16(&c);
		data = cursor__bytes(&c, len);
		if (kind != ZIP_EXTRA_64 || !data)
			continue;
		field = cursor_over(data, len);
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			if (*fields[i] == UINT32_MAX)
				*fields[i] = cursor__u64(&field);
		return field.err;
	}
	return 0;
}

/*
 * uint32 magic; uint16 versions, flags, method; uint32 time, crc, packed bytes, bytes; uint16 lengths of name, extra, comment;
 * 8 bytes of no use; uint32 place; then these three.
 */
static void zip_entry__parse(struct zip_entry *e, const uint8_t *bytes, uint16_t lens[3])
{
	struct cursor c = cursor_over(bytes, ZIP_DIRECTORY_BYTES);

	cursor__skip(&c, 8);
	e->flags = cursor__u16(&c);
	e->method = cursor__u16(&c);
	cursor__skip(&c, 4);
	e->crc = cursor__u32(&c);
	e->packed_bytes = cursor__u32(&c);
	e->bytes = cursor__u32(&c);
	for (int i = 0; i < 3; i++)
		lens[i] = cursor__u16(&c);
	cursor__skip(&c, 8);
	e->off = cursor__u32(&c);
}

int zip_file__next(struct zip_file *z, struct zip_entry *ret)
{
	uint8_t bytes[ZIP_DIRECTORY_BYTES];
	_cleanup_free_ char *extra = NULL;
	struct zip_entry e = {.name = ""};
	size_t name_len;
	uint16_t lens[3] = {0};
	uint64_t all;
	int err;

	if (z->pos == z->end)
		return 0;
	err = zip_file__read(z, bytes, sizeof(bytes), z->pos, ZIP_DIRECTORY_MAGIC);
	if (err)
		return err;
	zip_entry__parse(&e, bytes, lens);
	all = sizeof(bytes) + (uint64_t)lens[0] + lens[1] + lens[2];
	if (all > z->end - z->pos)
		return -EBADMSG;
	name_len = lens[0] < sizeof(e.name) ? lens[0] : sizeof(e.name) - 1;
	extra = malloc(lens[1] + 1u);
	if (!extra)
		return -ENOMEM;
	err = file_input__read(&z->in, e.name, name_len, z->pos + sizeof(bytes));
	if (!err)
		err = file_input__read(&z->in, extra, lens[1], z->pos + sizeof(bytes) + lens[0]);
	if (!err)
		err = zip_entry__take_64(&e, cursor_over(extra, lens[1]));
	if (err)
		return err == -ENODATA ? -EBADMSG : err;
	z->pos += all;
	*ret = e;
	return 1;
}

/* ---- an entry's data ---- */

struct zip_unpack {
	const struct file_input *in;
	uint64_t off, left; /* packed */
	uint64_t room;	    /* unpacked bytes that may still come */
	uint32_t crc;
	zip_file_put_fn put;
	void *arg;
	uint8_t from[ZIP_CHUNK_BYTES], to[ZIP_CHUNK_BYTES];
};

/* The next packed bytes, 0 at the end; -errno. */
static int zip_unpack__read(struct zip_unpack *u)
{
	size_t len = u->left < sizeof(u->from) ? (size_t)u->left : sizeof(u->from);
	int err = file_input__read(u->in, u->from, len, u->off);

	if (err)
		return err == -ENODATA ? -EBADMSG : err;
	u->off += len;
	u->left -= len;
	return (int)len;
}

static int zip_unpack__put(struct zip_unpack *u, const uint8_t *data, size_t len)
{
	if (len > u->room)
		return -EBADMSG;
	u->room -= len;
	u->crc = (uint32_t)crc32(u->crc, data, (uInt)len);
	return u->put(u->arg, data, len);
}

static int zip_unpack__stored(struct zip_unpack *u)
{
	int len = 1, err = 0;

	while (!err && u->left) {
		len = zip_unpack__read(u);
		err = len < 0 ? len : zip_unpack__put(u, u->from, (size_t)len);
	}
	return err;
}

/* What the bytes at hand unpack to. 1: that was all of the entry; 0; -errno. */
static int zip_unpack__inflate(struct zip_unpack *u, z_stream *s)
{
	int status, err;

	do {
		s->next_out = u->to;
		s->avail_out = sizeof(u->to);
		status = inflate(s, Z_NO_FLUSH);
		if (status == Z_MEM_ERROR)
			return -ENOMEM;
		if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
			return -EBADMSG;
		err = zip_unpack__put(u, u->to, sizeof(u->to) - s->avail_out);
	} while (!err && status == Z_OK && !s->avail_out);
	return err ? err : status == Z_STREAM_END;
}

static int zip_unpack__deflated(struct zip_unpack *u)
{
	z_stream s = {.next_in = NULL};
	int len, ret = 0;

	if (inflateInit2(&s, -MAX_WBITS) != Z_OK)
		return -ENOMEM;
	while (!ret) {
		len = zip_unpack__read(u);
		if (len <= 0) {
			ret = len < 0 ? len : -EBADMSG;
			break;
		}
		s.next_in = u->from;
		s.avail_in = (uInt)len;
		ret = zip_unpack__inflate(u, &s);
	}
	inflateEnd(&s);
	return ret < 0 ? ret : 0;
}

/* Behind the entry's own header, which repeats the name: uint16 lengths of name and extra fields stand at 26. */
static int zip_file__data_off(const struct zip_file *z, const struct zip_entry *e, uint64_t *ret)
{
	uint8_t bytes[ZIP_LOCAL_BYTES];
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	int err = zip_file__read(z, bytes, sizeof(bytes), e->off, ZIP_LOCAL_MAGIC);

	if (err)
		return err;
	cursor__skip(&c, 26);
	*ret = e->off + sizeof(bytes);
	*ret += cursor__u16(&c);
	*ret += cursor__u16(&c);
	return 0;
}

int zip_file__unpack(const struct zip_file *z, const struct zip_entry *e, zip_file_put_fn put,
		     void *arg)
{
	_cleanup_free_ struct zip_unpack *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	if (e->flags & ZIP_FLAG_ENCRYPTED || (e->method != ZIP_STORED && e->method != ZIP_DEFLATED))
		return -ENOTSUP;
	u->in = &z->in;
	u->left = e->packed_bytes;
	u->room = e->bytes;
	u->put = put;
	u->arg = arg;
	err = zip_file__data_off(z, e, &u->off);
	if (!err)
		err = e->method == ZIP_STORED ? zip_unpack__stored(u) : zip_unpack__deflated(u);
	if (!err && (u->room || u->crc != e->crc))
		err = -EBADMSG;
	return err;
}
