/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a PDB names: public symbols, as the linker knows them, and procedures, static ones too, as their authors wrote them; and the
 * units (object files) that they came from. What is damaged is left out and counted.
 */
#ifndef FORMAT_PDB_SYMBOLS_H
#define FORMAT_PDB_SYMBOLS_H

#include "format/pdb.h"

enum pdb_symbol_kind {
	PDB_PUBLIC, /* its name is decorated, its size not known */
	PDB_GLOBAL_PROCEDURE,
	PDB_LOCAL_PROCEDURE,
	PDB_THUNK, /* a jump that the compiler or linker made */
};

struct pdb_symbol {
	enum pdb_symbol_kind kind;
	const char *name; /* for the call only; @name_len bytes and a NUL, never empty */
	size_t name_len;
	uint16_t segment; /* of the linked image, as is the offset: pdb__rva() */
	uint32_t off;
	uint32_t bytes; /* 0: not known */
	bool is_code;	/* of a public symbol: the linker says that it is a function */
};

/* Takes a symbol. 0, or an error that ends it. */
typedef int (*pdb_symbol_fn)(void *arg, const struct pdb_symbol *s);

/* How much was left out. */
struct pdb_symbol_counts {
	uint64_t bad_unit_cnt, bad_record_cnt;
};

/* Each public symbol. 0, that of @fn, -ENOMEM, or -errno of reading. */
int pdb__each_public(const struct pdb *p, struct pdb_symbol_counts *counts, pdb_symbol_fn fn,
		     void *arg);
/* Each procedure and thunk of all units, likewise. */
int pdb__each_procedure(const struct pdb *p, struct pdb_symbol_counts *counts, pdb_symbol_fn fn,
			void *arg);

/* One object file, as the linker had it. */
struct pdb_unit {
	uint16_t stream; /* PDB_NO_STREAM: nothing is known of it */
	/* Parts of the stream: symbols; an old form of lines; lines. */
	uint32_t symbol_bytes, c11_bytes, c13_bytes;
	const char *name;
};
/* Takes a unit, the first one is number 0. 0, or something that ends it. */
typedef int (*pdb_unit_fn)(void *arg, uint32_t number, const struct pdb_unit *u);
/* Each unit. 0, that of @fn, -EBADMSG: the list is damaged from there on; -E2BIG; -ENOMEM; -errno. */
int pdb__each_unit(const struct pdb *p, pdb_unit_fn fn, void *arg);

#endif
