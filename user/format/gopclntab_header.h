/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The first bytes of a Go program's table of functions (pclntab), which say what the rest looks like. Its form changed
 * three times; the facts are in Go's own sources: src/cmd/link/internal/ld/pcln.go writes it, src/runtime/symtab.go and
 * src/debug/gosym/pclntab.go read it.
 */
#ifndef FORMAT_GOPCLNTAB_HEADER_H
#define FORMAT_GOPCLNTAB_HEADER_H

#include <stddef.h>
#include <stdint.h>

#define GOPCLNTAB_HEADER_BYTES 72	  /* the longest one */
#define GOPCLNTAB_MAX_FUNCS    (1u << 23) /* the largest programs have a tenth of it */

/* By the Go that wrote it first. */
enum gopclntab_form {
	GOPCLNTAB_1_2,	/* up to 1.15 */
	GOPCLNTAB_1_16, /* 1.17 too */
	GOPCLNTAB_1_18, /* 1.19 too */
	GOPCLNTAB_1_20, /* up to 1.27 at least */
};

/* All offsets are relative to the header. */
struct gopclntab_header {
	enum gopclntab_form form;
	uint8_t quantum;   /* bytes: what code addresses are a multiple of */
	uint8_t ptr_bytes; /* 4 or 8 */
	uint8_t entry_bytes; /* of a number in the list of functions and in a function's first member */
	uint32_t func_cnt;
	uint64_t
		text_start; /* what functions' addresses count from; 0 up to 1.17, and from 1.26 on */
	uint64_t names_off;   /* names of functions */
	uint64_t cus_off;     /* lists of a compilation unit's files; from 1.16 on */
	uint64_t files_off;   /* names of files; from 1.16 on */
	uint64_t values_off;  /* tables of values by code address */
	uint64_t functab_off; /* the list of functions: pairs of address and record, then an end */
	uint64_t records_off; /* what the records count from */
};

/*
 * Parses the @len bytes at @data, the first of a table of at most @table_bytes. 0; -EBADMSG when they are no header, or of
 * one that can't be whole in so many bytes.
 */
int gopclntab_header__parse(const void *data, size_t len, uint64_t table_bytes,
			    struct gopclntab_header *ret);

#endif
