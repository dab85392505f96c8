/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The code of a Go program that runs: addresses as the process has them. */
#ifndef FORMAT_GO_CODE_H
#define FORMAT_GO_CODE_H

#include "format/elf.h"
#include "format/go_memory.h"
#include "format/gopclntab.h"

struct go_code {
	const struct elf *elf;		/* of its file */
	const struct gopclntab *table;	/* of its file */
	const struct go_memory *memory; /* of the process */
	uint64_t bias;			/* address in the process - address in the file */
};

/* The function that has @pc. 0, -ENOENT or -EBADMSG. Its addresses are those of the file. */
static inline int go_code__find(const struct go_code *c, uint64_t pc, struct gopclntab_func *ret)
{
	return gopclntab__find(c->table, pc - c->bias, ret);
}

/* Does a function begin at @pc? */
bool go_code__is_entry(const struct go_code *c, uint64_t pc);

/* A part of the data that a program may write to. */
struct go_chunk {
	uint64_t addr; /* of the first byte */
	const uint8_t *bytes;
	size_t len;  /* of what may be looked at */
	size_t step; /* of what is to be looked at; the next chunk begins behind it */
};

#define GO_MAX_SCAN_BYTES (256u << 20)

/* 0 to go on, else the end. */
typedef int (*go_chunk_fn)(void *arg, const struct go_chunk *c);
/*
 * Calls @fn for all data that the program may write to, GO_MAX_SCAN_BYTES at most; what can't be read is left out. Chunks
 * begin at multiples of 16. 0, -ENOMEM, or the first return of @fn that is not 0.
 */
int go_code__each_chunk(const struct go_code *c, go_chunk_fn fn, void *arg);

#endif
