/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Names for code that programs make while they run, from what they tell: perf maps (the open file of the module,
 * put there by source/os_jit.h) and jitdumps (a module among the mappings of the same image).
 *
 *   new -> resolver and reader, used by a symbolizer -> free, after the symbolizer
 *
 * A perf map has no times: its newest line for an address is believed at all times. A jitdump has: its newest record is
 * believed, as of the time of the stack, over the perf map.
 */
#ifndef SYMBOL_JIT_SYMBOLS_H
#define SYMBOL_JIT_SYMBOLS_H

#include "model/image.h"
#include "symbol/lines.h"
#include "symbol/symtab.h"

struct jit_symbols;

/* Images and modules are those of the model (not owned). NULL + errno. */
struct jit_symbols *jit_symbols__new(const struct module_table *modules,
				     const struct image_table *images);
void jit_symbols__free(struct jit_symbols *j);
/* Makes *@ret a resolver over @j, which stays the caller's: for memory without a file, of images that tell of it. */
void jit_symbols__resolver(struct jit_symbols *j, struct resolver *ret);
/* And a reader of the lines: where a JavaScript function begins, or what a jitdump's debug information says. */
void jit_symbols__reader(struct jit_symbols *j, struct line_reader *ret);
/* What is to be said about it after the last lookup; NULL: nothing. */
const char *jit_symbols__warning(const struct jit_symbols *j);

#endif
