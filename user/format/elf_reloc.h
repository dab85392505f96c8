/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Words of an ELF file that the dynamic linker fills in: a position independent file has nothing in their place. Here they
 * get the addresses of the file's own numbering, as if it were loaded at 0.
 *
 * Only R_*_RELATIVE of 64-bit files (generic ABI, "Relocation"): those of 32 bit and of DT_RELR have the address in place.
 */
#ifndef FORMAT_ELF_RELOC_H
#define FORMAT_ELF_RELOC_H

#include "format/elf.h"

/* Takes the word at the address @place, that becomes @value. 0 to go on, else the end. */
typedef int (*elf_reloc_fn)(void *arg, uint64_t place, uint64_t value);
/*
 * Calls @fn for each such word, in file order, found by PT_DYNAMIC. 0 also when there are none or they are damaged;
 * -ENOMEM, or the first return of @fn that is not 0. Looks through ELF_MAX_TABLE_BYTES at most.
 */
int elf_reloc__each(const struct elf *e, elf_reloc_fn fn, void *arg);
/*
 * Reads @len bytes from the address @vaddr on, filled in. 0 and *@ret, then owned by the caller; -ENOENT when they don't lie
 * in the file, in one segment; -E2BIG past @max_bytes, -EBADMSG, -ENOMEM, -errno.
 */
int elf_reloc__read(const struct elf *e, uint64_t vaddr, uint64_t len, size_t max_bytes,
		    struct buf *ret);

#endif
