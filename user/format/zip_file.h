/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Zip files (PKWARE's APPNOTE) of others, read by the directory at their end; also those of more than 4 GiB (zip64). Entries that
 * are stored or deflated can be unpacked.
 */
#ifndef FORMAT_ZIP_FILE_H
#define FORMAT_ZIP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/file_input.h"

#define ZIP_FILE_NAME_BYTES 256

struct zip_file {
	struct file_input in;
	uint64_t pos, end; /* in the directory */
};

struct zip_entry {
	char name[ZIP_FILE_NAME_BYTES]; /* cut to what fits */
	uint64_t off, packed_bytes, bytes;
	uint32_t crc;
	uint16_t method, flags;
};

/* Takes the next unpacked bytes. 0, or an error that ends it. */
typedef int (*zip_file_put_fn)(void *arg, const void *data, size_t len);

/* Whether it begins like a zip file. */
bool zip_file_is_one(const struct file_input *in);
/* Finds the directory. 0; -EBADMSG: there is none, or the file is cut; -errno. */
int zip_file__open(struct zip_file *z, const struct file_input *in);
/* The next entry: 1, 0 at the end, -EBADMSG: the directory is damaged, -errno. */
int zip_file__next(struct zip_file *z, struct zip_entry *ret);
/*
 * Unpacks an entry to @put. 0; -EBADMSG: it is damaged, or not as long as the directory says; -ENOTSUP: it is encrypted or packed in
 * another way; -ENOMEM; that of @put; -errno.
 */
int zip_file__unpack(const struct zip_file *z, const struct zip_entry *e, zip_file_put_fn put,
		     void *arg);

#endif
