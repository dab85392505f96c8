/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One file's debug information, open in libdw: finds the compilation unit of an address, and in that (symbol/dwarf_unit.h) the
 * functions. Only for user/symbol/dwarf_*.c.
 */
#ifndef SYMBOL_DWARF_FILE_H
#define SYMBOL_DWARF_FILE_H

#include "format/dwarf_image.h"
#include "format/elf.h"
#include "model/module.h"
#include "symbol/dwarf_unit.h"
#include "symbol/lines.h"

#define DWARF_FILE_MAX_BYTES \
	(1u << 30) /* of debug information; Chromium has more, and goes without */
#define DWARF_FILE_MAX_UNITS  (1u << 20)
#define DWARF_FILE_MAX_RANGES (1u << 22)
#define DWARF_FILE_MAX_LINE_BYTES \
	(64u << 20) /* of line programs: libdw keeps some 15 times that of each it has run */
#define DWARF_FILE_MAX_INDEX_BYTES (256ull << 20)
#define DWARF_FILE_TIME_NS	   10000000000ull /* for one lookup; a unit of 30 MB takes 0.5 s */

struct dwarf_range {
	uint64_t start, end; /* addresses as linked */
	uint32_t unit;	     /* position */
};

struct dwarf_file {
	struct elf main;	     /* segments only, of the module's own file */
	struct dwarf_image own, alt; /* alt: its dwz file's, if it has one */
	struct dwarf_unit *units;
	size_t unit_cnt, unit_cap;
	struct dwarf_range *ranges; /* sorted by start */
	size_t range_cnt, range_cap;
	uint64_t index_bytes; /* of the units that were looked into */
	uint64_t line_bytes;
	unsigned int timeouts;
};

/*
 * Opens what there is for @m. 0; -ENODATA: nothing; -E2BIG, -EBADMSG, -ETIMEDOUT: nothing that could be used; -ENOMEM.
 */
int dwarf_file__open(struct dwarf_file *f, const struct module *m);
/* The same of a file in memory that is its own debug file; @alt, which may be NULL, is its dwz file. For tests. */
int dwarf_file__open_memory(struct dwarf_file *f, const struct buf *file, const struct buf *alt);
void dwarf_file__close(struct dwarf_file *f);

/* As line_reader.find() (symbol/lines.h). */
int dwarf_file__find(struct dwarf_file *f, uint64_t offset, line_fn fn, void *arg);
/* Has it grown so much that it should be closed, and opened again at the next need? */
bool dwarf_file__is_full(const struct dwarf_file *f);

#endif
