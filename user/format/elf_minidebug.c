/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/elf_minidebug.h"

#include <errno.h>

#ifdef HAVE_LZMA
#include <lzma.h>

#define MINIDEBUG_PACKED_MAX_BYTES  (32u << 20)
#define MINIDEBUG_DECODER_MAX_BYTES (128u << 20) /* xz -9 takes 65 MB */
#define MINIDEBUG_CHUNK_BYTES	    (1u << 20)

static int minidebug_error(lzma_ret ret)
{
	switch (ret) {
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return -E2BIG;
	default:
		return -EBADMSG;
	}
}

/* The size is not said anywhere that could be believed, so memory grows with what comes out. */
static int minidebug_run(lzma_stream *s, struct buf *to)
{
	size_t room = MINIDEBUG_CHUNK_BYTES;
	lzma_ret ret = LZMA_OK;

	while (ret == LZMA_OK) {
		if (to->len + room > to->max_bytes)
			room = to->max_bytes - to->len;
		if (!room)
			return -E2BIG;
		s->next_out = buf__reserve(to, room);
		if (!s->next_out)
			return to->err;
		s->avail_out = room;
		ret = lzma_code(s, LZMA_FINISH);
		buf__advance(to, room - s->avail_out);
	}
	return ret == LZMA_STREAM_END ? 0 : minidebug_error(ret);
}

static int minidebug_unxz(const struct buf *packed, struct buf *ret)
{
	_cleanup_buf_ struct buf b;
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret started = lzma_stream_decoder(&s, MINIDEBUG_DECODER_MAX_BYTES, 0);
	int err;

	buf__init(&b, ELF_MINIDEBUG_MAX_BYTES);
	if (started != LZMA_OK)
		return minidebug_error(started);
	s.next_in = (const uint8_t *)packed->data;
	s.avail_in = packed->len;
	err = minidebug_run(&s, &b);
	lzma_end(&s);
	if (err)
		return err;
	*ret = b;
	b = (struct buf){0};
	return 0;
}

int elf_minidebug_unpack(const struct elf *e, struct buf *ret)
{
	const struct elf_section *s = elf__find_section(e, ".gnu_debugdata");
	_cleanup_buf_ struct buf packed = {0};
	int err;

	if (!s)
		return -ENOENT;
	err = elf__read_section(e, s, MINIDEBUG_PACKED_MAX_BYTES, &packed);
	return err ? err : minidebug_unxz(&packed, ret);
}

bool elf_minidebug_works(void)
{
	return true;
}
#else
int elf_minidebug_unpack(const struct elf *e, struct buf *ret)
{
	(void)ret;
	return elf__find_section(e, ".gnu_debugdata") ? -ENOTSUP : -ENOENT;
}

bool elf_minidebug_works(void)
{
	return false;
}
#endif
