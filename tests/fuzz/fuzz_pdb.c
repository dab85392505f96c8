/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A PDB: its symbols, some of its lines, and a symbol table of it. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format/pdb_lines.h"
#include "format/pdb_symbols.h"
#include "symbol/pdb_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int fuzz_take(void *arg, const struct pdb_symbol *s)
{
	uint64_t *bytes = arg;

	if (!s->name_len || strlen(s->name) != s->name_len)
		__builtin_trap();
	*bytes += s->name_len;
	return 0;
}

static void fuzz_lines(const struct pdb *p)
{
	struct pdb_lines *l = pdb_lines__new(p);
	struct pdb_place place;

	for (uint32_t rva = 0; l && rva < 0x3000; rva += 7)
		if (pdb_lines__find(l, rva, &place) == 1 && (!*place.file || !place.line))
			__builtin_trap();
	pdb_lines__free(l);
}

static void fuzz_table(const struct pdb *p)
{
	struct symtab t;
	uint64_t bad;

	symtab__init(&t);
	pdb_table_add(p, &t, &bad);
	symtab__finish(&t, UINT64_MAX);
	symtab__find(&t, 0x1011);
	symtab__fini(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pdb_symbol_counts counts = {0};
	struct file_input in;
	uint64_t bytes = 0;
	struct pdb p;

	file_input__open_memory(&in, data, len);
	if (pdb__open(&p, &in))
		return 0;
	pdb__each_public(&p, &counts, fuzz_take, &bytes);
	pdb__each_procedure(&p, &counts, fuzz_take, &bytes);
	fuzz_lines(&p);
	fuzz_table(&p);
	pdb__close(&p);
	return 0;
}
