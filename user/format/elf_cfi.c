/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/elf_cfi.h"

#include <elf.h>
#include <errno.h>

#include "format/dwarf.h"

#define EH_FRAME_HDR_MAX_BYTES 32 /* of its beginning, before the search table */

int elf_cfi_arch(const struct elf *e)
{
	if (!e->is_64)
		return -ENOTSUP;
	switch (e->machine) {
	case EM_X86_64:
		return ELF_CFI_X86_64;
	case EM_AARCH64:
		return ELF_CFI_AARCH64;
	default:
		return -ENOTSUP;
	}
}

void elf_cfi__fini(struct elf_cfi *s)
{
	buf__fini(&s->bytes);
}

/* An address, offset or length in one of the formats; signed ones are extended. */
static uint64_t elf_cfi_number(struct cursor *c, uint8_t format)
{
	switch (format) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		return cursor__u64(c);
	case DW_EH_PE_uleb128:
		return dwarf_uleb(c);
	case DW_EH_PE_sleb128:
		return (uint64_t)dwarf_sleb(c);
	case DW_EH_PE_udata2:
		return cursor__u16(c);
	case DW_EH_PE_udata4:
		return cursor__u32(c);
	case DW_EH_PE_sdata2:
		return (uint64_t)(int16_t)cursor__u16(c);
	case DW_EH_PE_sdata4:
		return (uint64_t)(int32_t)cursor__u32(c);
	default:
		c->err = -EBADMSG;
		return 0;
	}
}

uint64_t elf_cfi__pointer(const struct elf_cfi *s, struct cursor *c, uint8_t encoding)
{
	uint64_t base = 0;

	switch (encoding & ~DW_EH_PE_format_mask) {
	case 0:
		break;
	case DW_EH_PE_pcrel:
		base = s->vaddr + cursor__offset(c);
		break;
	case DW_EH_PE_datarel:
		base = s->data_vaddr;
		if (base)
			break;
		/* fall through */
	default:
		c->err = -EBADMSG;
	}
	return base + elf_cfi_number(c, encoding & DW_EH_PE_format_mask);
}

/*
 * The global offset table, by the name that its machine's linker gives to the part with the symbol.
 */
static uint64_t elf_cfi_got(const struct elf *e)
{
	const struct elf_section *s = elf__find_section(e, ".got.plt");

	if (!s)
		s = elf__find_section(e, ".got");
	return s ? s->addr : 0;
}

/* The segment that holds @vaddr and so many bytes from there to its end. */
static int elf_cfi_find_bytes(const struct elf *e, uint64_t vaddr, uint64_t *ret_off,
			      uint64_t *ret_bytes)
{
	for (size_t i = 0; i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->type != PT_LOAD || vaddr - s->vaddr >= s->file_bytes)
			continue;
		*ret_off = s->off + (vaddr - s->vaddr);
		*ret_bytes = s->file_bytes - (vaddr - s->vaddr);
		return 0;
	}
	return -ENOENT;
}

/* eh_frame_ptr of .eh_frame_hdr: version, three encodings, the pointer (LSB core, 10.6.2). */
static int elf_cfi_read_header(const struct elf *e, const struct elf_segment *segment,
			       uint64_t *ret_vaddr)
{
	_cleanup_elf_cfi_ struct elf_cfi header = {.vaddr = segment->vaddr,
						   .data_vaddr = segment->vaddr};
	uint64_t len = segment->file_bytes, vaddr;
	uint8_t version, encoding;
	struct cursor c;
	int err;

	if (len > EH_FRAME_HDR_MAX_BYTES)
		len = EH_FRAME_HDR_MAX_BYTES;
	err = elf__read_range(e, segment->off, len, EH_FRAME_HDR_MAX_BYTES, &header.bytes);
	if (err)
		return err;
	c = cursor_over(header.bytes.data, header.bytes.len);
	version = cursor__u8(&c);
	encoding = cursor__u8(&c);
	cursor__skip(&c, 2); /* of the count and of the table */
	vaddr = elf_cfi__pointer(&header, &c, encoding);
	if (c.err || version != 1)
		return -EBADMSG;
	*ret_vaddr = vaddr;
	return 0;
}

static int elf_cfi_load_by_segment(const struct elf *e, size_t max_bytes, struct elf_cfi *ret)
{
	struct elf_cfi s = {.is_unsized = true};
	uint64_t off, len;
	int err;

	for (size_t i = 0; i < e->segment_cnt; i++) {
		if (e->segments[i].type != PT_GNU_EH_FRAME)
			continue;
		err = elf_cfi_read_header(e, &e->segments[i], &s.vaddr);
		if (!err && elf_cfi_find_bytes(e, s.vaddr, &off, &len))
			err = -EBADMSG;
		if (err)
			return err;
		if (len > max_bytes)
			len = max_bytes;
		s.data_vaddr = elf_cfi_got(e);
		err = elf__read_range(e, off, len, max_bytes, &s.bytes);
		if (!err)
			*ret = s;
		return err;
	}
	return -ENODATA;
}

/*
 * By name, and with bytes: a file of debug information names sections that lie in the program's
 * file.
 */
static const struct elf_section *elf_cfi_section(const struct elf *e, const char *name)
{
	for (size_t i = 0; i < e->section_cnt; i++) {
		const struct elf_section *s = &e->sections[i];

		if (s->type != SHT_NOBITS && !strcmp(elf__section_name(e, s), name))
			return s;
	}
	return NULL;
}

int elf_cfi__load_eh(const struct elf *e, size_t max_bytes, struct elf_cfi *ret)
{
	const struct elf_section *section = elf_cfi_section(e, ".eh_frame");
	struct elf_cfi s = {0};
	int err;

	if (!section)
		return elf_cfi_load_by_segment(e, max_bytes, ret);
	s.vaddr = section->addr;
	s.data_vaddr = elf_cfi_got(e);
	err = elf__read_section(e, section, max_bytes, &s.bytes);
	if (!err)
		*ret = s;
	return err;
}

int elf_cfi__load_debug(const struct elf *e, size_t max_bytes, struct elf_cfi *ret)
{
	const struct elf_section *section = elf_cfi_section(e, ".debug_frame");
	struct elf_cfi s = {.is_debug = true};
	int err;

	if (!section)
		section = elf_cfi_section(e, ".zdebug_frame");
	if (!section)
		return -ENODATA;
	err = elf__unpack_section(e, section, max_bytes, &s.bytes);
	if (!err)
		*ret = s;
	return err;
}

static bool elf_cfi_code_at(const struct elf *e, size_t i, uint64_t vaddr, uint64_t *ret_off,
			    uint64_t *ret_bytes)
{
	const struct elf_segment *s = &e->segments[i];
	uint64_t at = vaddr - s->vaddr, bytes = s->file_bytes;

	if (s->type != PT_LOAD || !(s->flags & PF_X) || s->off >= e->file_bytes)
		return false;
	if (bytes > e->file_bytes - s->off)
		bytes = e->file_bytes - s->off;
	if (at >= bytes)
		return false;
	*ret_off = s->off + at;
	*ret_bytes = bytes - at;
	return true;
}

int elf_cfi__find_code(const struct elf *e, uint64_t vaddr, size_t *hint, uint64_t *ret_off,
		       uint64_t *ret_bytes)
{
	if (*hint < e->segment_cnt && elf_cfi_code_at(e, *hint, vaddr, ret_off, ret_bytes))
		return 0;
	for (size_t i = 0; i < e->segment_cnt; i++)
		if (elf_cfi_code_at(e, i, vaddr, ret_off, ret_bytes)) {
			*hint = i;
			return 0;
		}
	return -ENOENT;
}
