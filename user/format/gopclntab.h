/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A read-only view of the table of functions that every Go program carries, stripped or not, because its own runtime needs
 * it (pclntab): names, inlined functions, files and lines. Go 1.15 to 1.27.
 *
 *   gopclntab__open -> gopclntab__func, __find, __locate -> gopclntab__close
 *
 * Addresses are those of the file's own numbering. The whole table is read, nothing else of the file but a few words and,
 * at each lookup, the inline trees it needs. Files are hostile: reads are bounded, and a lookup's steps are counted.
 *
 * Where code addresses count from (from Go 1.18 on) is in the header, or in moduledata, a struct of the runtime (src/runtime/
 * symtab.go); so is what inline trees count from. Its members have moved: the latter is the word that makes sense.
 */
#ifndef FORMAT_GOPCLNTAB_H
#define FORMAT_GOPCLNTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "format/elf.h"
#include "format/gopclntab_header.h"

#define GOPCLNTAB_MAX_BYTES (512u << 20)
#define GOPCLNTAB_MAX_TEXT  16384 /* longer names are taken for damage */
#define GOPCLNTAB_MAX_DEPTH 64	  /* functions at one address */
#define GOPCLNTAB_MAX_STEPS \
	(1u << 18) /* values looked at for one lookup; real ones take a twentieth */

struct gopclntab {
	const struct elf *elf; /* not owned */
	struct gopclntab_header h;
	struct buf bytes; /* from the header on */
	uint64_t vaddr;	  /* of the header */
	uint64_t text;	  /* what addresses in the list of functions count from */
	uint64_t
		gofunc; /* what offsets of inline trees count from; up to 1.17 0: they are addresses */
	bool has_trees; /* else inlined functions aren't known */
	int wrapper_id; /* func_id of wrappers, whose numbers differ between versions; -1: not known */
};

enum gopclntab_flags {
	GOPCLNTAB_TOP_FRAME = 1 << 0, /* stacks end in it */
};

/* A function as the list of functions has it. */
struct gopclntab_func {
	uint64_t entry, end; /* addresses; the end may be padding */
	uint64_t name;	     /* its offset, see gopclntab__name() */
	bool is_go;	     /* it has files: Go or Go's assembly, not C */
	uint8_t func_id;     /* says of a few what they are for */
	uint8_t flags;	     /* enum gopclntab_flags, from 1.17 on */
	uint32_t frames;     /* tables of values, see gopclntab_header.values_off */
	uint32_t files, lines;
	uint32_t cu;		   /* position of the first of its compilation unit's files */
	uint32_t pcdata_cnt;	   /* further tables of values */
	uint8_t funcdata_cnt;	   /* further data */
	uint64_t pcdata, funcdata; /* offsets of their lists */
};

/* One function at an address. Texts are valid until gopclntab__close(). */
struct gopclntab_line {
	const char *name; /* "": damaged */
	const char *file; /* NULL: not known */
	uint32_t line;	  /* 0: not known */
	uint8_t func_id;
};

/*
 * Opens the view of @e, which must outlive it and stay open. 0; -ENOENT when there is no table (no Go program); -EBADMSG when
 * it is damaged, or the address of its code can't be found out; -E2BIG, -ENOMEM, -errno.
 */
int gopclntab__open(struct gopclntab *t, const struct elf *e);
/* Frees the table. Accepts a zeroed struct. */
void gopclntab__close(struct gopclntab *t);

/* Function @i of t->h.func_cnt, in the order of addresses. 0, or -EBADMSG: damaged. */
int gopclntab__func(const struct gopclntab *t, uint32_t i, struct gopclntab_func *ret);
/* Its name in full, with type arguments; "" when that is damaged. Valid until gopclntab__close(). */
const char *gopclntab__name(const struct gopclntab *t, const struct gopclntab_func *f);
/*
 * How many bytes of stack lie between the stack pointer and the return address when the code at @vaddr, in @f, runs. False:
 * the table doesn't say, or says nonsense.
 */
bool gopclntab__frame_bytes(const struct gopclntab *t, const struct gopclntab_func *f,
			    uint64_t vaddr, uint32_t *ret_bytes);
/* The one that covers @vaddr. 0, -ENOENT or -EBADMSG. */
int gopclntab__find(const struct gopclntab *t, uint64_t vaddr, struct gopclntab_func *ret);
/*
 * The functions at @vaddr, innermost first; all but the last are inlined into the one behind. Wrappers that the compiler
 * made around an inlined method are left out, as in what runtime.Callers() and CallersFrames() tell; where a wrapper is the
 * innermost function, it stays. Their number, 0 when Go knows nothing of the place: no function, or one of C.
 */
int gopclntab__locate(const struct gopclntab *t, uint64_t vaddr,
		      struct gopclntab_line ret_lines[GOPCLNTAB_MAX_DEPTH]);

#endif
