/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A PE file: its PDB, exports and COFF symbols, and a symbol table of it. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "symbol/pdb_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int fuzz_take(void *arg, const struct pe_symbol *s)
{
	const struct pe *p = arg;

	if (!*s->name || strlen(s->name) >= PE_MAX_NAME_BYTES || p->section_cnt > PE_MAX_SECTIONS)
		__builtin_trap();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct file_input in;
	struct pe_pdb pdb;
	struct symtab t;
	struct pe p;

	file_input__open_memory(&in, data, len);
	if (pe__open(&p, &in))
		return 0;
	if (!pe__pdb(&p, &pdb) && strnlen(pdb.name, sizeof(pdb.name)) == sizeof(pdb.name))
		__builtin_trap();
	pe__each_export(&p, fuzz_take, &p);
	pe__each_symbol(&p, fuzz_take, &p);
	symtab__init(&t);
	pe_table_add(&p, &t);
	symtab__finish(&t, UINT64_MAX);
	symtab__fini(&t);
	return 0;
}
