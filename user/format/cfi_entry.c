/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/cfi_entry.h"

#include "format/dwarf.h"

#define DWARF_LENGTH_64 0xffffffffu

/*
 * What follows the length says what the entry is. In .eh_frame 0 is a CIE, else it is the distance
 * back to the CIE; it has 4 bytes also after a 64-bit length (LSB core, 10.6.1). In .debug_frame
 * all ones are a CIE, else it is the CIE's position.
 */
static void cfi_entry_identify(const struct elf_cfi *s, struct cfi_entry *entry)
{
	struct cursor *c = &entry->body;
	size_t at = cursor__offset(c);
	uint64_t id;

	if (!s->is_debug) {
		id = cursor__u32(c);
		entry->is_cie = !id;
		entry->cie_pos = at - id;
	} else if (entry->is_64) {
		id = cursor__u64(c);
		entry->is_cie = id == UINT64_MAX;
		entry->cie_pos = id;
	} else {
		id = cursor__u32(c);
		entry->is_cie = id == UINT32_MAX;
		entry->cie_pos = id;
	}
}

int cfi_entry__next(const struct elf_cfi *s, size_t *pos, struct cfi_entry *ret)
{
	struct cursor c = cursor_over(s->bytes.data, s->bytes.len);
	struct cfi_entry entry = {0};
	uint64_t len = 0;

	if (*pos >= s->bytes.len)
		return 0;
	cursor__skip(&c, *pos);
	/* A zero ends the list; in a section they also stand between the lists of joined files. */
	while (!len) {
		if (!cursor__left(&c))
			return 0;
		entry.pos = cursor__offset(&c);
		len = cursor__u32(&c);
		if (!len && s->is_unsized)
			return 0;
	}
	if (len == DWARF_LENGTH_64) {
		entry.is_64 = true;
		len = cursor__u64(&c);
	}
	entry.body = c;
	cursor__skip(&c, len);
	if (c.err)
		return -EBADMSG;
	entry.body.end = c.pos;
	cfi_entry_identify(s, &entry);
	*pos = cursor__offset(&c);
	*ret = entry;
	return 1;
}

/* The personality routine: of no interest, but it has to be stepped over. */
static void cfi_skip_pointer(const struct elf_cfi *s, struct cursor *c, uint8_t encoding)
{
	if (encoding != DW_EH_PE_omit)
		elf_cfi__pointer(s, c, encoding & DW_EH_PE_format_mask);
}

/*
 * The data that the letters after "z" describe. It has a length of its own, so that what follows
 * the first unknown letter can be left out.
 */
static void cfi_parse_augmentation(const char *letters, const struct elf_cfi *s, struct cursor *c,
				   struct cfi_cie *cie)
{
	uint64_t len = dwarf_uleb(c);
	struct cursor data = *c;

	cursor__skip(c, len);
	if (c->err)
		return;
	data.end = c->pos;
	for (; *letters && !data.err; letters++) {
		switch (*letters) {
		case 'R':
			cie->encoding = cursor__u8(&data);
			break;
		case 'P':
			cfi_skip_pointer(s, &data, cursor__u8(&data));
			break;
		case 'L':
			cursor__u8(&data);
			break;
		case 'S':
			cie->is_signal = true;
			break;
		case 'B': /* arm64: which key signs; says nothing about what to strip */
		case 'G': /* arm64: memory tags */
			break;
		default:
			return;
		}
	}
	if (data.err)
		c->err = data.err;
}

int cfi_entry__parse_cie(const struct cfi_entry *entry, const struct elf_cfi *s,
			 enum elf_cfi_arch arch, struct cfi_cie *ret)
{
	struct cursor c = entry->body;
	uint8_t version = cursor__u8(&c);
	const char *letters = cursor__cstr(&c);
	struct cfi_cie cie = {.pos = (uint32_t)entry->pos, .encoding = DW_EH_PE_absptr};
	uint64_t ra_reg;

	if (c.err || (version != 1 && version != 3 && version != 4))
		return -EBADMSG;
	/* Addresses of 8 bytes and no segments: nothing else exists on the machines we know. */
	if (version == 4) {
		uint8_t address_bytes = cursor__u8(&c), segment_bytes = cursor__u8(&c);

		if (address_bytes != 8 || segment_bytes != 0)
			return -EBADMSG;
	}
	if (!strcmp(letters, "eh")) {
		cursor__skip(&c, 8); /* of gcc 2: a pointer */
		letters += 2;
	}
	cie.code_align = dwarf_uleb(&c);
	cie.data_align = dwarf_sleb(&c);
	ra_reg = version == 1 ? cursor__u8(&c) : dwarf_uleb(&c);
	cie.ra_reg = ra_reg < CFI_NO_REG ? (uint16_t)ra_reg : CFI_NO_REG;
	cie.has_lengths = *letters == 'z';
	if (cie.has_lengths)
		cfi_parse_augmentation(letters + 1, s, &c, &cie);
	else if (*letters)
		return -EBADMSG;
	if (c.err || cfi_program_init_cie(&cie, arch, s, c))
		return -EBADMSG;
	*ret = cie;
	return 0;
}

int cfi_entry__parse_fde(struct cfi_entry *entry, const struct elf_cfi *s,
			 const struct cfi_cie *cie, uint64_t *ret_vaddr, uint64_t *ret_bytes)
{
	static const struct elf_cfi absolute;
	struct cursor *c = &entry->body;
	/* Lengths are never negative: without the sign, as other readers take them. */
	uint8_t unsigned_format = cie->encoding & DW_EH_PE_format_mask & ~0x08;
	uint64_t vaddr = elf_cfi__pointer(s, c, cie->encoding), bytes;

	bytes = elf_cfi__pointer(&absolute, c, unsigned_format);
	if (cie->has_lengths)
		cursor__skip(c, dwarf_uleb(c));
	if (c->err)
		return -EBADMSG;
	*ret_vaddr = vaddr;
	*ret_bytes = bytes;
	return 0;
}
