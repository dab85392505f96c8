/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where an ELF file keeps what Go's linker wrote about its functions. */
#ifndef FORMAT_ELF_GO_H
#define FORMAT_ELF_GO_H

#include "format/elf.h"

#define ELF_GO_MAX_SCAN_BYTES (1ull << 30) /* of a file that doesn't say where it is */

struct elf_go_table {
	uint64_t vaddr; /* of the header */
	uint64_t
		bytes; /* from there to the end of its section or, where that is not known, its segment */
};

/*
 * Finds the table of functions (format/gopclntab.h): by section; where the linker made it a part of another one
 * (-buildmode=pie with a linker of C, up to Go 1.25) or there are no section headers, by its header. 0; -ENOENT when there
 * is none: nothing tells of Go, or the header is not Go's own (garble changes it); -ENOMEM.
 */
int elf_go__find_table(const struct elf *e, struct elf_go_table *ret);
/*
 * Finds runtime.firstmoduledata, a struct that begins with the address of the table and of the names in it: in .go.module
 * (from Go 1.26 on), else by these words. 0 and its address; -ENOENT; -ENOMEM.
 */
int elf_go__find_module(const struct elf *e, uint64_t table_vaddr, uint64_t names_vaddr,
			uint64_t *ret_vaddr);
/*
 * Where runtime.tlsg lies, the thread-local variable that holds the running goroutine, in bytes from the thread pointer on
 * (x86-64: below it); *@ret_words: of how many words below it the variables of the program are, in one of which it is if the
 * offset is 0, because no symbol tells. 0; -ENOTSUP: there are too many; -ENOMEM.
 */
int elf_go__find_tls(const struct elf *e, uint32_t max_words, int64_t *ret_off,
		     uint32_t *ret_words);
/* The address of the symbol runtime.text. 0; -ENOENT; -ENOMEM. */
int elf_go__find_text(const struct elf *e, uint64_t *ret_vaddr);

#endif
