/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Program databases of Windows (PDB), as Microsoft's and LLVM's linkers write them: whose they are, and where their sections lie.
 * Addresses are RVAs: bytes from the beginning of the image in memory. What they name is in pdb_symbols.h, their lines in
 * pdb_lines.h.
 */
#ifndef FORMAT_PDB_H
#define FORMAT_PDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/msf.h"
#include "format/pe.h"

#define PDB_MAX_MODULE_BYTES (256u << 20) /* of the list of compilation units */
#define PDB_MAX_OMAP	     (1u << 22)	  /* pieces of an image that was rearranged */
#define PDB_NO_STREAM	     0xffff

/* Code that a tool moved after linking: what lies from @rva on was at @from when it was linked; 0: nowhere. */
struct pdb_omap {
	uint32_t rva, from;
};

/* A part of the stream DBI. */
struct pdb_part {
	uint32_t off, bytes;
};

struct pdb {
	struct msf msf;
	uint8_t guid[PE_GUID_BYTES]; /* as it stands in the file */
	uint32_t age;		     /* that the image has too */
	uint16_t machine;	     /* PE_MACHINE_... */
	uint32_t names;		     /* stream with names of source files; PDB_NO_STREAM: none */
	uint16_t records;	     /* stream with the public symbols; PDB_NO_STREAM: none */
	struct pdb_part units, contributions;
	struct pe_section *sections; /* of the linked image */
	uint32_t section_cnt;
	struct pdb_omap *omap; /* by rva; NULL: the image is as it was linked */
	uint32_t omap_cnt;
};

/*
 * Reads all of the above. 0; -ENOTSUP: a kind of PDB that is not read; -EBADMSG: no PDB, or a damaged one; -ENOMEM; -errno of
 * reading. error_set() says more, as the end of a sentence that begins with the file's name.
 */
int pdb__open(struct pdb *p, const struct file_input *in);
/* Accepts a zeroed one. */
void pdb__close(struct pdb *p);

/* Where @off of section @segment (1...) was linked to. False: there is no such place. */
bool pdb__rva(const struct pdb *p, uint16_t segment, uint32_t off, uint32_t *ret_rva);
/* Where an RVA of the image was when it was linked. False: it was nowhere. */
bool pdb__linked_rva(const struct pdb *p, uint32_t rva, uint32_t *ret_linked);

#endif
