/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "format/dwarf.h"

#define MAGIC	     "\xff Go buildinf:"
#define MAGIC_BYTES  14
#define HEADER_BYTES 32 /* magic, size of pointers, flags, two pointers up to 1.17 */
#define ALIGN	     16
#define FLAG_INLINE  2 /* the texts are behind the header, from 1.18 on */

unsigned int go_version_minor(const char *version)
{
	unsigned int minor;

	return sscanf(version, "go1.%3u", &minor) == 1 ? minor : 0;
}

static int go_version_take(const void *text, size_t len, char ret[GO_VERSION_BYTES])
{
	const char *s = text;

	if (!len)
		return -ENOENT;
	if (len > GO_VERSION_BYTES - 1)
		len = GO_VERSION_BYTES - 1;
	for (size_t i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~')
			return -ENOENT;
	memcpy(ret, s, len);
	ret[len] = '\0';
	return 0;
}

/* A Go string at @addr: {address, length}. */
static int go_version_read(const struct go_code *c, uint64_t addr, char ret[GO_VERSION_BYTES])
{
	char text[GO_VERSION_BYTES];
	uint64_t header[2];
	size_t len;

	if (!go_memory__read(c->memory, addr, header, sizeof(header)))
		return -ENOENT;
	len = header[1] < sizeof(text) ? (size_t)header[1] : sizeof(text);
	if (!go_memory__read(c->memory, header[0], text, len))
		return -ENOENT;
	return go_version_take(text, len, ret);
}

static int go_version_parse(const struct go_code *c, const uint8_t *at, size_t len,
			    char ret[GO_VERSION_BYTES])
{
	struct cursor cur = cursor_over(at, len);
	const void *text;
	uint64_t bytes;
	uint8_t flags;

	cursor__skip(&cur, MAGIC_BYTES + 1);
	flags = cursor__u8(&cur);
	if (!(flags & FLAG_INLINE))
		return go_version_read(c, cursor__u64(&cur), ret);
	cursor__skip(&cur, 16);
	bytes = dwarf_uleb(&cur);
	text = bytes <= cursor__left(&cur) ? cursor__bytes(&cur, (size_t)bytes) : NULL;
	return text ? go_version_take(text, (size_t)bytes, ret) : -ENOENT;
}

struct go_version_search {
	const struct go_code *code;
	char *found;
};

static int go_version_scan(void *arg, const struct go_chunk *c)
{
	const struct go_version_search *s = arg;

	for (size_t at = 0; at < c->step && c->len - at >= HEADER_BYTES; at += ALIGN)
		if (!memcmp(c->bytes + at, MAGIC, MAGIC_BYTES) &&
		    !go_version_parse(s->code, c->bytes + at, c->len - at, s->found))
			return 1;
	return 0;
}

int go_version_find(const struct go_code *c, char ret[GO_VERSION_BYTES])
{
	const struct elf_section *section = elf__find_section(c->elf, ".go.buildinfo");
	struct go_version_search s = {c, ret};
	uint8_t bytes[HEADER_BYTES + GO_VERSION_BYTES];
	int err;

	/* It may lie in memory that can't be written to; that is known only where there are sections. */
	if (section && go_memory__read(c->memory, section->addr + c->bias, bytes, sizeof(bytes)) &&
	    !memcmp(bytes, MAGIC, MAGIC_BYTES) && !go_version_parse(c, bytes, sizeof(bytes), ret))
		return 0;
	err = go_code__each_chunk(c, go_version_scan, &s);
	if (err < 0)
		return err;
	return err ? 0 : -ENOENT;
}
