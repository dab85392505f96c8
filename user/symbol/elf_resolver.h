/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the resolvers of ELF files and of the vdso, which is an ELF file in memory, share. */
#ifndef SYMBOL_ELF_RESOLVER_H
#define SYMBOL_ELF_RESOLVER_H

#include "format/elf.h"
#include "symbol/symtab.h"

/*
 * Adds the functions of @e by their file offsets. *@ret_limit is the end of what the file loads. A
 * table that is full (-E2BIG) keeps what it has. 0 or -ENOMEM.
 */
int elf_resolver_add(const struct elf *e, struct symtab *t, uint64_t *ret_limit);
/* The same of what .gnu_debugdata of @main holds, if anything. 0 or -ENOMEM. */
int elf_resolver_add_minidebug(const struct elf *main, struct symtab *t);

#endif
