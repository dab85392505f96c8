/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A zip file (PKWARE's APPNOTE) of exactly one entry, written from front to back, so to a pipe as well. It holds no time, so
 * that equal input gives equal bytes.
 *
 *   zip__init -> zip__write... -> zip__finish -> zip__fini
 */
#ifndef BASE_ZIP_H
#define BASE_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/gzip.h"

struct zip {
	struct gzip deflate;
	gzip_put_fn put;
	void *arg;
	const char *name;
	uint32_t crc;
	uint64_t plain_bytes;  /* given so far */
	uint64_t packed_bytes; /* that became of them */
	int err;	       /* 0, or the first error */
};

/* Begins a file that goes to @put; its entry is @name (ASCII), which must live until zip__finish(). An error is kept for that one. */
void zip__init(struct zip *z, const char *name, gzip_put_fn put, void *arg);
/* Frees the memory; accepts a zeroed or already finished file. */
void zip__fini(struct zip *z);
/*
 * Packs @len more bytes of the entry. 0, or the first error: -ENOMEM, that of @put, or -EFBIG when the entry reaches the 4 GiB
 * that every reader takes.
 */
int zip__write(struct zip *z, const void *data, size_t len);
/* Ends the entry and the file. 0 or the first error. */
int zip__finish(struct zip *z);

#endif
