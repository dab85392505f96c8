/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/elf_reloc.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cursor.h"

#define ELF_RELOC_DYNAMIC_MAX_BYTES 65536
#define ELF_RELOC_CHUNK_BYTES	    (32768 * sizeof(Elf64_Rela)) /* read at once */

/* The relocations with an addend, as DT_RELA and DT_RELASZ say. */
struct elf_reloc_table {
	uint64_t vaddr, bytes;
};

/* The type whose value is base + addend; 0: of this machine we know none. */
static uint32_t elf_reloc_relative(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return R_X86_64_RELATIVE;
	case EM_AARCH64:
		return R_AARCH64_RELATIVE;
	case EM_RISCV:
		return R_RISCV_RELATIVE;
	default:
		return 0;
	}
}

static void elf_reloc_parse_dynamic(const struct buf *dynamic, struct elf_reloc_table *ret)
{
	struct cursor c = cursor_over(dynamic->data, dynamic->len);

	while (cursor__left(&c) >= sizeof(Elf64_Dyn)) {
		uint64_t tag = cursor__u64(&c), value = cursor__u64(&c);

		if (tag == DT_NULL)
			break;
		if (tag == DT_RELA)
			ret->vaddr = value;
		if (tag == DT_RELASZ)
			ret->bytes = value;
	}
}

static int elf_reloc_find(const struct elf *e, struct elf_reloc_table *ret)
{
	for (size_t i = 0; i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];
		_cleanup_buf_ struct buf dynamic = {0};
		int err;

		if (s->type != PT_DYNAMIC)
			continue;
		err = elf__read_range(e, s->off, s->file_bytes, ELF_RELOC_DYNAMIC_MAX_BYTES,
				      &dynamic);
		if (!err)
			elf_reloc_parse_dynamic(&dynamic, ret);
		return err == -ENOMEM ? err : 0;
	}
	return 0;
}

static int elf_reloc_each_in(const struct buf *chunk, uint32_t relative, elf_reloc_fn fn, void *arg)
{
	struct cursor c = cursor_over(chunk->data, chunk->len);
	int ret = 0;

	while (!ret && cursor__left(&c) >= sizeof(Elf64_Rela)) {
		uint64_t place = cursor__u64(&c), info = cursor__u64(&c), addend = cursor__u64(&c);

		if (ELF64_R_TYPE(info) == relative)
			ret = fn(arg, place, addend);
	}
	return ret;
}

int elf_reloc__each(const struct elf *e, elf_reloc_fn fn, void *arg)
{
	uint32_t relative = e->is_64 ? elf_reloc_relative(e->machine) : 0;
	struct elf_reloc_table t = {0};
	uint64_t off, at = 0;
	int ret = relative ? elf_reloc_find(e, &t) : 0;

	if (ret || !t.bytes || elf__vaddr_to_off(e, t.vaddr, &off))
		return ret;
	if (t.bytes > ELF_MAX_TABLE_BYTES)
		return 0;
	while (!ret && at < t.bytes) {
		_cleanup_buf_ struct buf chunk = {0};
		uint64_t len = t.bytes - at;

		if (len > ELF_RELOC_CHUNK_BYTES)
			len = ELF_RELOC_CHUNK_BYTES;
		ret = elf__read_range(e, off + at, len, ELF_RELOC_CHUNK_BYTES, &chunk);
		if (ret)
			return ret == -ENOMEM ? ret : 0;
		ret = elf_reloc_each_in(&chunk, relative, fn, arg);
		at += len;
	}
	return ret;
}

/* A stretch that is being filled in. */
struct elf_reloc_patch {
	uint64_t vaddr;
	struct buf *bytes;
};

static int elf_reloc_apply(void *arg, uint64_t place, uint64_t value)
{
	const struct elf_reloc_patch *p = arg;
	uint64_t at = place - p->vaddr;

	if (at < p->bytes->len && p->bytes->len - at >= sizeof(value))
		memcpy(p->bytes->data + at, &value, sizeof(value));
	return 0;
}

int elf_reloc__read(const struct elf *e, uint64_t vaddr, uint64_t len, size_t max_bytes,
		    struct buf *ret)
{
	_cleanup_buf_ struct buf bytes = {0};
	struct elf_reloc_patch patch = {vaddr, &bytes};
	uint64_t off, last;
	int err;

	if (!len || elf__vaddr_to_off(e, vaddr, &off) ||
	    elf__vaddr_to_off(e, vaddr + (len - 1), &last) || last - off != len - 1)
		return -ENOENT;
	err = elf__read_range(e, off, len, max_bytes, &bytes);
	if (!err)
		err = elf_reloc__each(e, elf_reloc_apply, &patch);
	if (err)
		return err;
	*ret = bytes;
	bytes = (struct buf){0};
	return 0;
}
