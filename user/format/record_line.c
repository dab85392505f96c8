/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/record_line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct wire_line *record_line_new(const struct wire_line *like, const char *name, const char *file)
{
	size_t name_len = strnlen(name, UINT16_MAX),
	       file_len = file ? strnlen(file, UINT16_MAX) : 0;
	size_t size = (sizeof(*like) + name_len + file_len + 2 + 7) & ~(size_t)7;
	struct wire_line *rec = calloc(1, size);

	if (!rec)
		return NULL;
	*rec = *like;
	rec->h = (struct wire_header){.kind = WIRE_LINE, .size = (__u32)size};
	rec->name_len = (__u16)name_len;
	rec->file_len = (__u16)file_len;
	memcpy(rec->text, name, name_len);
	if (file_len)
		memcpy(rec->text + name_len + 1, file, file_len);
	return rec;
}
