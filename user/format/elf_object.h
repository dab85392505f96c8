/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Variables of a program, by the names in its symbol table. */
#ifndef FORMAT_ELF_OBJECT_H
#define FORMAT_ELF_OBJECT_H

#include "format/elf.h"

struct elf_object {
	const char *name;
	uint64_t vaddr; /* 0: there is none of that name */
	uint64_t size;	/* 0: not said */
};

/*
 * Looks for those @cnt names in .symtab, in one pass, and fills in the rest of each. 0, also when none is there, or no such
 * table, or a damaged one; -ENOMEM. 64-bit files only.
 */
int elf_objects_find(const struct elf *e, struct elf_object *objects, size_t cnt);

#endif
