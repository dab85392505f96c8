/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * gzip (RFC 1952). The header holds no name and no time, so that equal input gives equal bytes.
 *
 *   gzip__init -> gzip__write... -> gzip__finish -> gzip__fini
 */
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Takes the next packed bytes. 0, or an error that ends the stream. */
typedef int (*gzip_put_fn)(void *arg, const void *data, size_t len);

struct gzip {
	struct gzip_state *state; /* zlib's and a buffer; NULL: no memory for it */
	gzip_put_fn put;
	void *arg;
	int err; /* 0, or the first error */
};

/* A stream that goes to @put. An error is kept for gzip__finish(). */
void gzip__init(struct gzip *z, gzip_put_fn put, void *arg);
/* The same without header and checksum around it (RFC 1951), as it is inside other formats. */
void gzip__init_raw(struct gzip *z, gzip_put_fn put, void *arg);
/* Frees the memory; accepts a zeroed or already finished stream. */
void gzip__fini(struct gzip *z);
/* Packs @len more bytes. 0, or the first error: -ENOMEM, or that of @put. */
int gzip__write(struct gzip *z, const void *data, size_t len);
/* Ends the stream: the last bytes go to @put. 0 or the first error. */
int gzip__finish(struct gzip *z);

/* Appends @data, packed, to @to. 0, -ENOMEM, or the buffer's error. */
int gzip_pack(const void *data, size_t len, struct buf *to);
/*
 * Appends what @data unpacks to, all of its members; never more than @to may hold. 0; -EBADMSG when it is damaged, cut off
 * or no gzip; -E2BIG when it is more, or packed more than 1 GiB; -ENOMEM.
 */
int gzip_unpack(const void *data, size_t len, struct buf *to);
/* The same to nowhere: whether @data is whole, and not more than @max_bytes unpacked. 0, -EBADMSG, -E2BIG, -ENOMEM. */
int gzip_check(const void *data, size_t len, uint64_t max_bytes);

#endif
