/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names for frames: loads a module's symbol table at first need, asks the resolvers in order. */
#ifndef SYMBOL_SYMBOLIZER_H
#define SYMBOL_SYMBOLIZER_H

#include "model/module.h"
#include "model/stack.h"
#include "symbol/symtab.h"

struct symbolizer;

/* Uses @resolvers (NULL-terminated, not copied) for the modules of @modules (not owned). NULL + errno. */
struct symbolizer *symbolizer__new(const struct module_table *modules,
				   const struct resolver *const *resolvers);
void symbolizer__free(struct symbolizer *s);

/*
 * Finds the symbol of @f. 0 and the outputs (valid until symbolizer__free()); -ENOENT when no symbol
 * covers it or its module is unknown; -ENOMEM.
 */
int symbolizer__find(struct symbolizer *s, const struct frame *f, const struct symbol **ret_symbol,
		     const char **ret_name);

/*
 * The text of a frame: the symbol's name, else "module+0xoffset" ("[kernel]" alone for the kernel: its addresses
 * differ at each boot); "[unknown]", "[exited]", "[truncated]" for special frames. Writes at most @size
 * bytes with the NUL. 0 or -ENOMEM.
 */
int symbolizer__name(struct symbolizer *s, const struct frame *f, char *text, size_t size);

#endif
