/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Source files and lines of a PDB, in the form that compilers write since Visual C++ 2005 (C13). Contributions of the units to the
 * sections say which unit code is of; the lines of the units that were asked for last stay in memory.
 */
#ifndef FORMAT_PDB_LINES_H
#define FORMAT_PDB_LINES_H

#include "format/pdb.h"

#define PDB_LINES_MAX_VIEWS	    16
#define PDB_LINES_MAX_BYTES	    (64u << 20) /* of one unit; others have no lines */
#define PDB_LINES_MAX_CONTRIBUTIONS (1u << 23)
#define PDB_LINES_FILE_BYTES	    1024

struct pdb_lines;

struct pdb_place {
	char file[PDB_LINES_FILE_BYTES]; /* as the compiler was told it; cut to what fits */
	uint32_t line;
};

/* Of @p, which stays the caller's and has to stay open. NULL + errno: EBADMSG: they are damaged; E2BIG; ENOMEM. */
struct pdb_lines *pdb_lines__new(const struct pdb *p);
void pdb_lines__free(struct pdb_lines *l);
/* The place of the code at @rva of the image. 1; 0: not known; -ENOMEM; -errno of reading. */
int pdb_lines__find(struct pdb_lines *l, uint32_t rva, struct pdb_place *ret);

#endif
