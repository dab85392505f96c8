/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The entries of .eh_frame and .debug_frame: common information entries (CIE) and frame description
 * entries (FDE).
 */
#ifndef FORMAT_CFI_ENTRY_H
#define FORMAT_CFI_ENTRY_H

#include "format/cfi_program.h"

struct cfi_entry {
	size_t pos; /* in the section: of its length */
	bool is_cie;
	uint64_t cie_pos;   /* of an FDE's CIE */
	bool is_64;	    /* 64-bit DWARF */
	struct cursor body; /* over the section: behind the id, up to the entry's end */
};

/*
 * The entry at *@pos, which moves to the next. 1; 0 at the end; -EBADMSG when the rest of the
 * section is damaged: where the next one begins is only known from this one's length.
 */
int cfi_entry__next(const struct elf_cfi *s, size_t *pos, struct cfi_entry *ret);
/* Parses a CIE and runs its instructions. 0 or -EBADMSG. */
int cfi_entry__parse_cie(const struct cfi_entry *entry, const struct elf_cfi *s,
			 enum elf_cfi_arch arch, struct cfi_cie *ret);
/* Parses an FDE: the code it is about. @entry->body is left at its instructions. 0 or -EBADMSG. */
int cfi_entry__parse_fde(struct cfi_entry *entry, const struct elf_cfi *s,
			 const struct cfi_cie *cie, uint64_t *ret_vaddr, uint64_t *ret_bytes);

#endif
