/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Sizes and checksum are known only when the entry's data are out, so they follow the data (bit 3 of the flags) and stand again
 * in the directory at the end, where readers look.
 */
#include "base/zip.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/compiler.h"

#define ZIP_LOCAL_MAGIC	     0x04034b50u
#define ZIP_DESCRIPTOR_MAGIC 0x08074b50u
#define ZIP_DIRECTORY_MAGIC  0x02014b50u
#define ZIP_END_MAGIC	     0x06054b50u

#define ZIP_VERSION    20 /* what a reader has to know: deflate */
#define ZIP_FLAGS      8  /* sizes and checksum follow the data */
#define ZIP_DEFLATE    8
#define ZIP_NO_TIME    0
#define ZIP_FIRST_DATE 0x21 /* 1980-01-01, the first one that there is */

#define ZIP_LOCAL_BYTES	     30 /* without the name */
#define ZIP_DESCRIPTOR_BYTES 16
#define ZIP_DIRECTORY_BYTES  46 /* without the name */
#define ZIP_END_BYTES	     22
#define ZIP_MAX_PIECE	     (1u << 30) /* at once: zlib counts in unsigned int */

/* A record that is being put together, little-endian. */
struct zip_record {
	uint8_t data[ZIP_DIRECTORY_BYTES];
	size_t len;
};

static void zip_u16(struct zip_record *r, uint32_t v)
{
	r->data[r->len++] = (uint8_t)v;
	r->data[r->len++] = (uint8_t)(v >> 8);
}

static void zip_u32(struct zip_record *r, uint32_t v)
{
	zip_u16(r, v);
	zip_u16(r, v >> 16);
}

static void zip_put(struct zip *z, const void *data, size_t len)
{
	if (!z->err)
		z->err = z->put(z->arg, data, len);
}

/* What the entry's header and the directory have in common. */
static void zip_about_entry(const struct zip *z, struct zip_record *r)
{
	zip_u16(r, ZIP_VERSION);
	zip_u16(r, ZIP_FLAGS);
	zip_u16(r, ZIP_DEFLATE);
	zip_u16(r, ZIP_NO_TIME);
	zip_u16(r, ZIP_FIRST_DATE);
	zip_u32(r, z->crc);
	zip_u32(r, (uint32_t)z->packed_bytes);
	zip_u32(r, (uint32_t)z->plain_bytes);
	zip_u16(r, (uint32_t)strlen(z->name));
	zip_u16(r, 0); /* extra fields */
}

static int zip_put_packed(void *arg, const void *data, size_t len)
{
	struct zip *z = arg;

	z->packed_bytes += len;
	return z->put(z->arg, data, len);
}

void zip__init(struct zip *z, const char *name, gzip_put_fn put, void *arg)
{
	struct zip_record header = {.len = 0};

	*z = (struct zip){.put = put, .arg = arg, .name = name};
	gzip__init_raw(&z->deflate, zip_put_packed, z);
	z->err = z->deflate.err;
	zip_u32(&header, ZIP_LOCAL_MAGIC);
	zip_about_entry(z, &header);
	zip_put(z, header.data, header.len);
	zip_put(z, name, strlen(name));
}

void zip__fini(struct zip *z)
{
	gzip__fini(&z->deflate);
}

int zip__write(struct zip *z, const void *data, size_t len)
{
	const uint8_t *from = data;

	while (!z->err && len) {
		size_t n = len < ZIP_MAX_PIECE ? len : ZIP_MAX_PIECE;

		z->plain_bytes += n;
		if (z->plain_bytes >= UINT32_MAX) {
			z->err = -EFBIG;
			break;
		}
		z->crc = (uint32_t)crc32(z->crc, from, (uInt)n);
		z->err = gzip__write(&z->deflate, from, n);
		from += n;
		len -= n;
	}
	return z->err;
}

static void zip_put_descriptor(struct zip *z)
{
	struct zip_record r = {.len = 0};

	zip_u32(&r, ZIP_DESCRIPTOR_MAGIC);
	zip_u32(&r, z->crc);
	zip_u32(&r, (uint32_t)z->packed_bytes);
	zip_u32(&r, (uint32_t)z->plain_bytes);
	zip_put(z, r.data, r.len);
}

static void zip_put_directory(struct zip *z)
{
	struct zip_record r = {.len = 0};

	zip_u32(&r, ZIP_DIRECTORY_MAGIC);
	zip_u16(&r, ZIP_VERSION); /* made by, on a system without attributes */
	zip_about_entry(z, &r);
	zip_u16(&r, 0); /* comment */
	zip_u16(&r, 0); /* disk */
	zip_u16(&r, 0); /* attributes, internal */
	zip_u32(&r, 0); /* and external */
	zip_u32(&r, 0); /* where the entry begins */
	zip_put(z, r.data, r.len);
	zip_put(z, z->name, strlen(z->name));
}

static void zip_put_end(struct zip *z)
{
	uint32_t name_len = (uint32_t)strlen(z->name);
	struct zip_record r = {.len = 0};

	zip_u32(&r, ZIP_END_MAGIC);
	zip_u16(&r, 0); /* this disk */
	zip_u16(&r, 0); /* the directory's disk */
	zip_u16(&r, 1); /* entries on this disk */
	zip_u16(&r, 1); /* and in all */
	zip_u32(&r, ZIP_DIRECTORY_BYTES + name_len);
	zip_u32(&r, ZIP_LOCAL_BYTES + name_len + (uint32_t)z->packed_bytes + ZIP_DESCRIPTOR_BYTES);
	zip_u16(&r, 0); /* comment */
	zip_put(z, r.data, r.len);
}

int zip__finish(struct zip *z)
{
	if (!z->err)
		z->err = gzip__finish(&z->deflate);
	/* What can't be packed grows a little; the directory has to begin below 4 GiB, too. */
	if (!z->err && z->packed_bytes >= UINT32_MAX - (1u << 16))
		z->err = -EFBIG;
	zip_put_descriptor(z);
	zip_put_directory(z);
	zip_put_end(z);
	return z->err;
}
