/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Who names the frames of what is loaded: the recording itself and, for modules of Windows, files along a symbol path. A PDB that is a
 * module's comes first, since it knows more than what was recorded; exports come last, since they guess.
 */
#ifndef TOOLS_LOAD_NAMES_H
#define TOOLS_LOAD_NAMES_H

#include "model/module.h"
#include "model/profile.h"
#include "symbol/lines.h"
#include "symbol/pdb_symbols.h"
#include "symbol/recorded.h"
#include "symbol/symtab.h"

#define LOAD_HINT_BYTES 512

/* A row of an option table: a string, NULL if it isn't given. */
#define LOAD_SYMBOL_PATH_OPTION(cfg, member)                                                       \
	{                                                                                          \
		.name = "symbol-path", .arg = "LIST", .type = OPTION_STRING,                       \
		.offset = offsetof(cfg, member), .value = {.kind = VALUE_DIRECTORY},               \
		.help = "where PDBs and binaries of Windows' modules are, as in _NT_SYMBOL_PATH, " \
			"the default: directories and srv*DIR*URL, with ';' between them; "        \
			"nothing "                                                                 \
			"is fetched"                                                               \
	}

struct load_names {
	struct pdb_symbols *pdb;
	struct resolver recorded, by_pdb, by_binary;
	struct line_reader recorded_reader, pdb_reader;
	const struct resolver *resolvers[4];  /* NULL-terminated */
	const struct line_reader *readers[3]; /* likewise */
};

/* @recorded stays the caller's. @symbol_path: NULL: that of the environment. 0 or -errno with error_set(). */
int load_names__init(struct load_names *n, struct recorded_symbols *recorded,
		     const char *symbol_path);
/* After the symbolizer that used it. Accepts a zeroed one. */
void load_names__fini(struct load_names *n);
/* Logs what was wrong with files along the symbol path. */
void load_names__warn(const struct load_names *n);
/*
 * What to do about modules of Windows whose frames in @p have no names: the one with most time, and what names it. "" if all have
 * some.
 */
void load_names_hint(const struct module_table *modules, const struct profile *p,
		     char to[LOAD_HINT_BYTES]);

#endif
