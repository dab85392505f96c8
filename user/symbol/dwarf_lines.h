/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Inlined functions and places in the source, by DWARF: of the module's own file or of its debug file (symbol/debug_file.h),
 * with what dwz moved to a third one. Read by libdw; without it this reader knows nothing.
 *
 *   dwarf_lines__new -> reader, used by a symbolizer -> dwarf_lines__free, after the symbolizer
 *
 * The files may be hostile. Their bytes are copied into memory first, unpacked and with a cap (format/elf_debug_image.h), so
 * libdw opens, maps and unpacks nothing; it checks each read itself. What it can't bound is bounded here: memory by closing
 * files (DWARF_LINES_MAX_*), time by giving up on what takes longer than any compiler's output.
 */
#ifndef SYMBOL_DWARF_LINES_H
#define SYMBOL_DWARF_LINES_H

#include <stdbool.h>

#include "symbol/lines.h"

#define DWARF_LINES_MAX_FILES	 64	      /* open at a time */
#define DWARF_LINES_MAX_BYTES	 (2ull << 30) /* of debug information in memory */
#define DWARF_LINES_MAX_TIMEOUTS 8	      /* then no file is read any more */

struct dwarf_lines;

/* NULL + errno: ENOMEM; ENOTSUP when dwell was built without libdw. */
struct dwarf_lines *dwarf_lines__new(void);
void dwarf_lines__free(struct dwarf_lines *d);
/* Makes *@ret a reader over @d, which stays the caller's. */
void dwarf_lines__reader(struct dwarf_lines *d, struct line_reader *ret);

/* What was left out so far. */
struct dwarf_lines_counts {
	unsigned int too_large; /* files with more debug information than is read */
	unsigned int damaged;	/* or with such that can't be read */
	unsigned int timeouts;	/* units that took too long */
};
void dwarf_lines__counts(const struct dwarf_lines *d, struct dwarf_lines_counts *ret);

/* Was dwell built with libdw? */
bool dwarf_lines_works(void);

#endif
