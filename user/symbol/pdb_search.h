/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A module's PDB and binary, found along a symbol path and proven to be its by what they say of themselves. */
#ifndef SYMBOL_PDB_SEARCH_H
#define SYMBOL_PDB_SEARCH_H

#include "format/pdb.h"
#include "symbol/pdb_symbols.h"
#include "symbol/symbol_path.h"

#define PDB_SEARCH_WARNING_BYTES 512

struct pdb_search {
	struct symbol_path *path;
	bool here; /* see pdb_symbols__look_here() */
	struct pdb_symbols_counts counts;
	char warning[PDB_SEARCH_WARNING_BYTES]; /* "": none */
};

/* A file that is open. */
struct pdb_found {
	int fd; /* negative: none */
	struct pdb pdb;
};
struct pe_found {
	int fd;
	struct pe pe;
};

/* 1 and the module's PDB, to be closed by the caller; 0: there is none; -ENOMEM. */
int pdb_search__pdb(struct pdb_search *s, const struct module *m, struct pdb_found *ret);
/* The same of its binary. */
int pdb_search__binary(struct pdb_search *s, const struct module *m, struct pe_found *ret);
void pdb_found__close(struct pdb_found *f);
void pe_found__close(struct pe_found *f);

#endif
