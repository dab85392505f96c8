/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The symbols that a recording brought along:
 *
 *   new -> add for each WIRE_SYMBOL, add_line for each WIRE_LINE, add_code for each WIRE_CODE -> resolver and reader, used
 *     by a symbolizer -> free, after the symbolizer
 *
 * Its resolver takes charge of every module, known or not, so that a replay never names a frame
 * after what this machine happens to have; but for modules of Windows without a recorded name, as
 * their symbols are proven to be theirs (pdb_symbols.h). All symbols must have been added before the first
 * lookup.
 */
#ifndef SYMBOL_RECORDED_H
#define SYMBOL_RECORDED_H

#include "symbol/lines.h"
#include "symbol/symtab.h"
#include "wire.h"

struct recorded_symbols;

/* NULL + errno. */
struct recorded_symbols *recorded_symbols__new(void);
void recorded_symbols__free(struct recorded_symbols *r);
/*
 * Adds a validated record (as format/record.h delivers it); its module is the id in the module
 * table of the replay. 0; -ENOMEM; -E2BIG; -EBADMSG for an id no module can have.
 */
int recorded_symbols__add(struct recorded_symbols *r, const struct wire_symbol *s);
/* The same for one function of a frame. */
int recorded_symbols__add_line(struct recorded_symbols *r, const struct wire_line *l);
/* The same for code that was made while its program ran. */
int recorded_symbols__add_code(struct recorded_symbols *r, const struct wire_code *rec);
/* For runs without an end: forgets the symbols of modules that are not in @modules any more: their ids will be others'. */
void recorded_symbols__sweep(struct recorded_symbols *r, const struct module_table *modules);
/* Makes *@ret a resolver over @r, which stays the caller's. */
void recorded_symbols__resolver(struct recorded_symbols *r, struct resolver *ret);
/* And a reader of the lines. */
void recorded_symbols__reader(struct recorded_symbols *r, struct line_reader *ret);

#endif
