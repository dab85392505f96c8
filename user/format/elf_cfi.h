/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where an ELF file keeps its call frame information (CFI), and which of its bytes are code.
 */
#ifndef FORMAT_ELF_CFI_H
#define FORMAT_ELF_CFI_H

#include "base/cursor.h"
#include "format/elf.h"

/* One stretch of CFI, in memory. A zeroed struct is empty. */
struct elf_cfi {
	struct buf bytes;
	uint64_t vaddr;	     /* of its first byte */
	uint64_t data_vaddr; /* what pointers "relative to data" count from; 0: unknown */
	bool is_debug;	     /* in the format of .debug_frame, else of .eh_frame */
	bool is_unsized;     /* it goes on for less than the bytes here: up to its terminator */
};

enum elf_cfi_arch {
	ELF_CFI_X86_64,
	ELF_CFI_AARCH64,
};

/* enum elf_cfi_arch, or -ENOTSUP for another machine or a 32-bit file. */
int elf_cfi_arch(const struct elf *e);
/*
 * Reads .eh_frame: the section of that name, else what PT_GNU_EH_FRAME points to. 0 and *@ret, then
 * owned by the caller; -ENODATA if there is none; -E2BIG past @max_bytes, -EBADMSG, -ENOMEM,
 * -errno.
 */
int elf_cfi__load_eh(const struct elf *e, size_t max_bytes, struct elf_cfi *ret);
/* The same for .debug_frame, which may be compressed. */
int elf_cfi__load_debug(const struct elf *e, size_t max_bytes, struct elf_cfi *ret);
void elf_cfi__fini(struct elf_cfi *s);
#define _cleanup_elf_cfi_ _cleanup_(elf_cfi__fini)

/*
 * An encoded pointer (DW_EH_PE_*) at @c, which must be a cursor over @s->bytes. What can't be
 * followed (indirect ones, unknown bases or formats) sets the cursor's error.
 */
uint64_t elf_cfi__pointer(const struct elf_cfi *s, struct cursor *c, uint8_t encoding);

/*
 * Finds the executable segment that @vaddr lies in. 0: its offset in the file, and how many bytes
 * of code the file has from there on; -ENOENT. @hint, 0 at first, makes runs of near addresses
 * fast.
 */
int elf_cfi__find_code(const struct elf *e, uint64_t vaddr, size_t *hint, uint64_t *ret_off,
		       uint64_t *ret_bytes);

#endif
