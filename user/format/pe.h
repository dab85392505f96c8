/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Programs, libraries and drivers of Windows (PE files), of others and so perhaps hostile: every number is checked, and no table
 * is longer than a cap. Addresses are RVAs: bytes from the beginning of the image in memory.
 */
#ifndef FORMAT_PE_H
#define FORMAT_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/file_input.h"

#define PE_MAX_SECTIONS	  96 /* Windows loads no file with more */
#define PE_MAX_EXPORTS	  (1u << 17)
#define PE_MAX_NAME_BYTES 4096
#define PE_GUID_BYTES	  16

enum pe_machine {
	PE_MACHINE_I386 = 0x14c,
	PE_MACHINE_AMD64 = 0x8664,
	PE_MACHINE_ARM64 = 0xaa64,
};

enum pe_section_flags {
	PE_SECTION_CODE = 0x20,
	PE_SECTION_EXECUTE = 0x20000000,
};

/* A section header, as it stands in a file and in a PDB. */
#define PE_SECTION_BYTES 40
struct pe_section {
	char name[9];
	uint32_t rva, bytes;	  /* in memory */
	uint32_t off, file_bytes; /* in the file */
	uint32_t flags;
};

/* Takes a header of PE_SECTION_BYTES apart. */
void pe_section_parse(const uint8_t *data, struct pe_section *ret);
bool pe_section__is_code(const struct pe_section *s);

struct pe_part {
	uint32_t rva, bytes;
};

struct pe {
	struct file_input in;
	bool is_64bit;
	uint16_t machine;
	uint32_t time_stamp, image_bytes; /* what tells files of one name apart */
	uint32_t header_bytes;
	struct pe_part exports, debug;
	uint32_t symbol_off, symbol_cnt; /* of COFF, as gcc and ld of mingw-w64 write them */
	uint32_t section_cnt;
	struct pe_section sections[PE_MAX_SECTIONS];
};

/*
 * Reads the headers. Owns nothing. 0; -EBADMSG: it is no PE file, or a damaged one; -errno of reading. error_set() says more, as
 * the end of a sentence that begins with the file's name.
 */
int pe__open(struct pe *p, const struct file_input *in);
/* The section of an RVA; NULL: none. */
const struct pe_section *pe__section(const struct pe *p, uint32_t rva);
/* Exactly @len bytes of the file that are at @rva in memory. 0; -EBADMSG: they aren't in the file; -errno. */
int pe__read(const struct pe *p, uint32_t rva, void *to, size_t len);
/* The string at @rva, cut to @cap - 1 bytes. 0, or as pe__read(). */
int pe__string(const struct pe *p, uint32_t rva, char *to, size_t cap);

/* Which PDB is the file's. */
struct pe_pdb {
	uint8_t guid[PE_GUID_BYTES]; /* as it stands in the file */
	uint32_t age;
	char name[1024]; /* as the linker wrote it, often with a path; cut */
};
/* 0; -ENOENT: it names none; -EBADMSG; -errno. */
int pe__pdb(const struct pe *p, struct pe_pdb *ret);

struct pe_symbol {
	const char *name; /* for the call only; never empty */
	uint32_t rva;
	bool is_global;
};
/* Takes a symbol. 0, or an error that ends it. */
typedef int (*pe_symbol_fn)(void *arg, const struct pe_symbol *s);
/*
 * Each function that the file exports by name, in no order; those that another file has (forwarders) are left out. 0, that of
 * @fn, or as pe__read(). What is damaged is left out.
 */
int pe__each_export(const struct pe *p, pe_symbol_fn fn, void *arg);
/* Each function of its COFF symbol table, likewise. */
int pe__each_symbol(const struct pe *p, pe_symbol_fn fn, void *arg);

#endif
