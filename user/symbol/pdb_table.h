/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Symbol tables out of PDBs and binaries of Windows. */
#ifndef SYMBOL_PDB_TABLE_H
#define SYMBOL_PDB_TABLE_H

#include "format/pdb.h"
#include "symbol/symtab.h"

/* From RVAs to offsets of frames, which are return addresses: see pdb_symbols.h. */
#define PDB_FRAME_SHIFT 1

/* Adds all functions. 0 and the number of damaged parts that were left out; -ENOMEM; -errno of reading. */
int pdb_table_add(const struct pdb *p, struct symtab *t, uint64_t *ret_bad_cnt);
/* Adds a binary's COFF symbols or, if it has none, its exports. 1; 0: it has neither; -ENOMEM; -errno. */
int pe_table_add(const struct pe *p, struct symtab *t);

#endif
