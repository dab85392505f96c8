/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Go programs: their functions, and what was inlined where, from the table that Go's runtime uses itself
 * (format/gopclntab.h). go_resolver (symtab.h) takes charge of ELF files that have one, with C's functions from the symbol
 * tables; the reader tells the rest.
 *
 *   new -> reader, used by a symbolizer -> free, after the symbolizer
 *
 * Names are whole: what Go's tracebacks shorten to "pkg.F[...]" is "pkg.F[go.shape.int]" here.
 */
#ifndef SYMBOL_GO_SYMBOLS_H
#define SYMBOL_GO_SYMBOLS_H

#include "symbol/lines.h"

#define GO_LINES_MAX_VIEWS 16
#define GO_LINES_MAX_BYTES (512u << 20) /* of all their tables */

/* The tables of the modules that were asked for last. */
struct go_lines;

/* NULL + errno. */
struct go_lines *go_lines__new(void);
void go_lines__free(struct go_lines *g);
/* Makes *@ret a reader over @g, which stays the caller's. */
void go_lines__reader(struct go_lines *g, struct line_reader *ret);

#endif
