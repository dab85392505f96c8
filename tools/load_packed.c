/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "load_packed.h"

#include <errno.h>
#include <string.h>

#include "base/gzip.h"
#include "base/log.h"

#define LOAD_CHUNK_BYTES 65536
#define LOAD_MAX_BYTES	 (1u << 30)
#define LOAD_SEEN_BYTES	 256

bool load_is_packed(FILE *file)
{
	int first = getc(file), second = first == EOF ? EOF : getc(file);

	/* The standard promises to take back one byte; both libraries of Linux take what was just read. */
	if (second != EOF)
		ungetc(second, file);
	if (first != EOF)
		ungetc(first, file);
	return first == 0x1f && second == 0x8b;
}

int load_unpack(FILE *file, const char *name, struct buf *to)
{
	_cleanup_buf_ struct buf packed;
	char chunk[LOAD_CHUNK_BYTES];
	int err = 0;
	size_t n;

	buf__init(&packed, LOAD_MAX_BYTES);
	buf__init(to, LOAD_MAX_BYTES);
	while (!err && (n = fread(chunk, 1, sizeof(chunk), file)))
		err = buf__append(&packed, chunk, n);
	if (!err && ferror(file))
		err = -EIO;
	if (!err)
		err = gzip_unpack(packed.data, packed.len, to);
	if (!err)
		return 0;
	buf__fini(to);
	if (err == -E2BIG)
		return error_set(err, "%s: it is more than 1 GiB unpacked", name);
	return error_set(err, "%s: %s", name,
			 err == -EBADMSG ? "it is damaged, or was cut off" : strerror(-err));
}

bool load_is_text(const struct buf *data)
{
	for (size_t i = 0; i < data->len && i < LOAD_SEEN_BYTES; i++)
		if ((unsigned char)data->data[i] < '\t')
			return false;
	return true;
}
