/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A look at a table of abbreviations (DWARF 5, section 7.5.3) before a library is let loose on it. Each look at an entry of
 * .debug_info costs as many steps as its abbreviation has attributes, and attributes may take no bytes: one page of
 * abbreviations would make a file of a megabyte cost hours.
 */
#ifndef FORMAT_DWARF_ABBREV_H
#define FORMAT_DWARF_ABBREV_H

#include <stddef.h>
#include <stdint.h>

#define DWARF_ABBREV_MAX_ATTRIBUTES 512 /* compilers give an entry at most some 20 */
#define DWARF_ABBREV_MAX_FREE	    64	/* of those, without bytes of their own in .debug_info */
#define DWARF_ABBREV_MAX_BYTES	    (16u << 20) /* of one table */

/*
 * Reads the table at @off of the @len bytes of .debug_abbrev in @section. 0 when an entry's cost is bounded by its size (times
 * DWARF_ABBREV_MAX_FREE); -EBADMSG when the table is damaged; -E2BIG otherwise.
 */
int dwarf_abbrev_check(const void *section, size_t len, uint64_t off);

#endif
