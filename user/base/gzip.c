/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/gzip.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16) /* the largest window, and a gzip header around it */
#define GZIP_RAW_BITS	 (-15)	   /* the largest window, and nothing around it */
#define GZIP_CHUNK_BYTES 16384
#define GZIP_MAX_INPUT	 (1u << 30) /* at once: zlib counts in unsigned int */

struct gzip_state {
	z_stream z;
	gz_header header;
	uint8_t out[GZIP_CHUNK_BYTES];
};

static int gzip_error(int zlib)
{
	return zlib == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

static void gzip_init(struct gzip *z, int window_bits, gzip_put_fn put, void *arg)
{
	struct gzip_state *s = calloc(1, sizeof(*s));

	*z = (struct gzip){.put = put, .arg = arg};
	if (!s || deflateInit2(&s->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8,
			       Z_DEFAULT_STRATEGY) != Z_OK) {
		free(s);
		z->err = -ENOMEM;
		return;
	}
	z->state = s;
}

void gzip__init(struct gzip *z, gzip_put_fn put, void *arg)
{
	gzip_init(z, GZIP_WINDOW_BITS, put, arg);
	if (z->err)
		return;
	z->state->header.os = 255; /* unknown: the same bytes on every system */
	deflateSetHeader(&z->state->z, &z->state->header);
}

void gzip__init_raw(struct gzip *z, gzip_put_fn put, void *arg)
{
	gzip_init(z, GZIP_RAW_BITS, put, arg);
}

void gzip__fini(struct gzip *z)
{
	if (z->state)
		deflateEnd(&z->state->z);
	free(z->state);
	z->state = NULL;
}

/* Packs what the stream was given, and with Z_FINISH all that it holds back. */
static void gzip_deflate(struct gzip *z, int flush)
{
	struct gzip_state *s = z->state;
	size_t len;

	do {
		s->z.next_out = s->out;
		s->z.avail_out = sizeof(s->out);
		deflate(&s->z, flush); /* fails only for a stream that is no stream */
		len = sizeof(s->out) - s->z.avail_out;
		if (len)
			z->err = z->put(z->arg, s->out, len);
	} while (!z->err && !s->z.avail_out);
}

int gzip__write(struct gzip *z, const void *data, size_t len)
{
	const uint8_t *from = data;

	while (!z->err && len) {
		size_t n = len < GZIP_MAX_INPUT ? len : GZIP_MAX_INPUT;

		z->state->z.next_in = (Bytef *)from;
		z->state->z.avail_in = (uInt)n;
		gzip_deflate(z, Z_NO_FLUSH);
		from += n;
		len -= n;
	}
	return z->err;
}

int gzip__finish(struct gzip *z)
{
	if (!z->err)
		gzip_deflate(z, Z_FINISH);
	return z->err;
}

static int gzip_put_buf(void *arg, const void *data, size_t len)
{
	return buf__append(arg, data, len);
}

int gzip_pack(const void *data, size_t len, struct buf *to)
{
	_cleanup_(gzip__fini) struct gzip z;

	gzip__init(&z, gzip_put_buf, to);
	gzip__write(&z, data, len);
	return gzip__finish(&z);
}

/* Unpacks to the end of a member. 0, or -errno. */
static int gzip_inflate(z_stream *z, struct buf *to)
{
	uint8_t out[GZIP_CHUNK_BYTES];
	int ret, err = 0;

	do {
		z->next_out = out;
		z->avail_out = sizeof(out);
		ret = inflate(z, Z_NO_FLUSH);
		if (ret != Z_OK && ret != Z_STREAM_END)
			return gzip_error(ret); /* Z_BUF_ERROR: the input ends too early */
		err = buf__append(to, out, sizeof(out) - z->avail_out);
	} while (!err && ret != Z_STREAM_END);
	return err;
}

int gzip_unpack(const void *data, size_t len, struct buf *to)
{
	z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};
	int err;

	if (len > GZIP_MAX_INPUT)
		return -E2BIG;
	if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
		return -ENOMEM;
	do
		err = gzip_inflate(&z, to);
	while (!err && z.avail_in && inflateReset(&z) == Z_OK);
	inflateEnd(&z);
	return err;
}

/* From @z's input to the end of one member. */
static int gzip_check_member(z_stream *z, uint64_t max_bytes, uint64_t *bytes)
{
	unsigned char out[16384];
	int status;

	do {
		z->next_out = out;
		z->avail_out = sizeof(out);
		status = inflate(z, Z_NO_FLUSH);
		*bytes += sizeof(out) - z->avail_out;
		if (*bytes > max_bytes)
			return -E2BIG;
	} while (status == Z_OK);
	if (status == Z_MEM_ERROR)
		return -ENOMEM;
	return status == Z_STREAM_END ? 0 : -EBADMSG;
}

int gzip_check(const void *data, size_t len, uint64_t max_bytes)
{
	z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};
	uint64_t bytes = 0;
	int err;

	if (len > GZIP_MAX_INPUT)
		return -E2BIG;
	if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
		return -ENOMEM;
	do
		err = gzip_check_member(&z, max_bytes, &bytes);
	while (!err && z.avail_in && inflateReset(&z) == Z_OK);
	inflateEnd(&z);
	return err;
}
