/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Compressed sections: debug information, mostly. */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/cursor.h"
#include "format/elf.h"

#define ZDEBUG_MAGIC_BYTES 4

/*
 * Unpacks all that is left of @c into exactly @len bytes; the count in the file is only believed up
 * to the cap.
 */
static int elf_inflate(struct cursor *c, uint64_t len, size_t max_bytes, struct buf *ret)
{
	_cleanup_buf_ struct buf b;
	size_t packed = cursor__left(c);
	uLongf got = (uLongf)len;
	void *to;
	int err;

	buf__init(&b, max_bytes);
	if (len > max_bytes)
		return -E2BIG;
	/*
	 * zlib packs at most 1032 : 1 (its technical notes), so memory is asked for only if the
	 * file is large enough.
	 */
	if (len / 1032 > packed)
		return -EBADMSG;
	to = buf__reserve(&b, (size_t)len);
	if (!to)
		return b.err;
	err = uncompress(to, &got, cursor__bytes(c, packed), (uLong)packed);
	if (err == Z_MEM_ERROR)
		return -ENOMEM;
	if (err != Z_OK || got != len)
		return -EBADMSG;
	buf__advance(&b, (size_t)len);
	*ret = b;
	b = (struct buf){0};
	return 0;
}

/* A section that begins with an Elf64_Chdr or Elf32_Chdr. */
static int elf_unpack_chdr(const struct elf *e, struct cursor *c, size_t max_bytes, struct buf *ret)
{
	uint32_t type = cursor__u32(c);
	uint64_t len;

	if (e->is_64)
		cursor__skip(c, 4); /* ch_reserved */
	len = e->is_64 ? cursor__u64(c) : cursor__u32(c);
	cursor__skip(c, e->is_64 ? 8 : 4); /* ch_addralign */
	if (c->err)
		return c->err;
	return type == ELFCOMPRESS_ZLIB ? elf_inflate(c, len, max_bytes, ret) : -ENOTSUP;
}

/* A section .zdebug_*: "ZLIB", the size in big endian, the stream. */
static int elf_unpack_zdebug(struct cursor *c, size_t max_bytes, struct buf *ret)
{
	const void *magic = cursor__bytes(c, ZDEBUG_MAGIC_BYTES);
	uint64_t len = __builtin_bswap64(cursor__u64(c));

	if (c->err || !magic || memcmp(magic, "ZLIB", ZDEBUG_MAGIC_BYTES) != 0)
		return -EBADMSG;
	return elf_inflate(c, len, max_bytes, ret);
}

int elf__unpack_section(const struct elf *e, const struct elf_section *s, size_t max_bytes,
			struct buf *ret)
{
	bool zdebug = !strncmp(elf__section_name(e, s), ".zdebug_", strlen(".zdebug_"));
	_cleanup_buf_ struct buf packed = {0};
	struct elf_section plain = *s;
	struct cursor c;
	int err;

	plain.flags &= ~(uint64_t)SHF_COMPRESSED;
	if (plain.flags == s->flags && !zdebug)
		return elf__read_section(e, s, max_bytes, ret);
	err = elf__read_section(e, &plain, max_bytes, &packed);
	if (err)
		return err;
	c = cursor_over(packed.data, packed.len);
	return zdebug ? elf_unpack_zdebug(&c, max_bytes, ret)
		      : elf_unpack_chdr(e, &c, max_bytes, ret);
}
