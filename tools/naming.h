/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Who names the frames of a live run: the resolvers and line readers, in the order in which they are asked. */
#ifndef TOOLS_NAMING_H
#define TOOLS_NAMING_H

#include "analyze/offcpu.h"
#include "model/model.h"
#include "symbol/lines.h"
#include "symbol/recorded.h"
#include "symbol/symbolizer.h"
#include "symbol/symtab.h"

#define NAMING_MAX 8

struct naming {
	struct load_names *files; /* on Windows, instead of the others */
	struct jit_symbols *jit;
	struct go_lines *go;
	struct dwarf_lines *dwarf; /* NULL: neither --inlines nor --lines */
	struct resolver jit_resolver;
	struct line_reader told_reader, jit_reader, go_reader, dwarf_reader;
	const struct resolver *resolvers[NAMING_MAX]; /* NULL-terminated, as are the readers */
	const struct line_reader *readers[NAMING_MAX];
};

/*
 * After the run: what it saw is in @model, and in @told the names that the source itself told. Both stay the caller's.
 * @symbol_path: of Windows: as load_names__init(). 0, -ENOMEM, or another -errno with error_set().
 */
int naming__init(struct naming *n, const struct model *model, struct recorded_symbols *told,
		 const struct offcpu_view *view, const char *symbol_path);
/*
 * For runs without an end: what was read of files that grow is read again; with @all, of others too. The symbolizer forgets
 * likewise. 0 or -ENOMEM.
 */
int naming__renew(struct naming *n, const struct model *model, bool all);
/* After the symbolizer that used it. Accepts a zeroed struct. */
void naming__fini(struct naming *n);
/* Logs what went wrong while frames were named, by @symbols. */
void naming__warn(const struct naming *n, const struct symbolizer *symbols);

#endif
