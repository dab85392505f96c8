/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where in the source a frame is, and which functions were inlined there: readers of debug information, asked frame by
 * frame. Who a function is, when nothing was inlined, is said by symbol tables (symtab.h).
 */
#ifndef SYMBOL_LINES_H
#define SYMBOL_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "model/module.h"
#include "model/profile.h"

#define LINES_MAX_DEPTH 64 /* functions at one frame: more are left out */

/* One function at a frame. The texts need to last for the call only. */
struct symbol_line {
	const char
		*name; /* as the linker knows it, or for people; NULL: as the symbol table says */
	const char *file; /* NULL: not known */
	uint32_t line;	  /* in it; 0: not known */
	uint8_t kind;	  /* enum frame_kind; FRAME_KIND_INLINED for all but the last */
};

/* Takes one function of a frame. 0, or an error that ends the work. */
typedef int (*line_fn)(void *arg, const struct symbol_line *line);

struct line_reader {
	const char *name;
	bool always; /* is asked also when neither lines nor inlined functions are wanted: it costs nothing */
	/*
	 * Calls @fn for the functions at @offset (as in struct frame) of @m, the innermost first; the last one is the one
	 * that the symbol table knows too. 1; 0 when nothing is known of the place; -ENOMEM; any other error counts as 0.
	 */
	int (*find)(void *ctx, const struct module *m, uint64_t offset, line_fn fn, void *arg);
	void *ctx;
};

#endif
