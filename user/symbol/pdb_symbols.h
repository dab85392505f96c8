/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Names for modules of Windows (WIRE_MODULE_PE, WIRE_MODULE_DRIVER), from files of a symbol path (symbol_path.h):
 *
 *   new -> resolvers and reader, used by a symbolizer -> what is missing, counts -> free, after the symbolizer
 *
 * A module's build id says which PDB is its: GUID and age, 20 bytes; or which image it is: time stamp and size, 8 bytes. Both are
 * compared always, and what has another one is not used. Without a PDB the binary itself is asked: its COFF symbols, else its
 * exports, of which the nearest before an address is as good a guess as can be had: "~Name".
 *
 * Offsets of such modules' frames are return addresses as they stand (struct frame, model/stack.h). They are inside of a function when
 * the byte before them is: so a function at RVA r covers the offsets from r + 1 on.
 */
#ifndef SYMBOL_PDB_SYMBOLS_H
#define SYMBOL_PDB_SYMBOLS_H

#include "symbol/lines.h"
#include "symbol/symtab.h"

#define PDB_SYMBOLS_MAX_VIEWS 8 /* PDBs that are kept open for lines */
#define PDB_ID_BYTES	      20
#define PDB_IMAGE_ID_BYTES    8
#define PDB_KEY_CHARS	      48

struct pdb_symbols;

/* @path: a list as in _NT_SYMBOL_PATH, NULL: empty. NULL + errno: ENOMEM, E2BIG: too many directories. */
struct pdb_symbols *pdb_symbols__new(const char *path);
void pdb_symbols__free(struct pdb_symbols *s);

/* Modules are of this machine: where the path finds nothing, a module's own file is looked at, and what lies beside it. */
void pdb_symbols__look_here(struct pdb_symbols *s);

/* Makes *@ret a resolver over @s, which stays the caller's: by the PDB, else by the binary. */
void pdb_symbols__resolver(struct pdb_symbols *s, struct resolver *ret);
/* Its halves, for who has other names to put between: by the PDB only, by the binary only. */
void pdb_symbols__pdb_resolver(struct pdb_symbols *s, struct resolver *ret);
void pdb_symbols__binary_resolver(struct pdb_symbols *s, struct resolver *ret);
/* A reader of file and line. Functions that were inlined are not told of. */
void pdb_symbols__reader(struct pdb_symbols *s, struct line_reader *ret);

struct pdb_symbols_counts {
	uint32_t pdb_cnt, binary_cnt; /* modules that have names by them */
	uint32_t mismatch_cnt;	      /* files that are of another build */
	uint32_t bad_cnt;	      /* files that could not be read */
	uint64_t bad_record_cnt;      /* parts of the others */
};
void pdb_symbols__counts(const struct pdb_symbols *s, struct pdb_symbols_counts *ret);
/* What is wrong with the first file that could not be read, for a person; NULL: all could. */
const char *pdb_symbols__warning(const struct pdb_symbols *s);

/* Whose module it is. */
bool pdb_symbols_has(const struct module *m);
/* The name of a module's PDB, a single component; "" if it isn't known. */
const char *pdb_symbols_name(const struct module *m);
/* What its directory in a symbol server's store is called: GUID and age in hex; "" if it isn't known. */
void pdb_symbols_key(const struct module *m, char ret[PDB_KEY_CHARS]);

#endif
