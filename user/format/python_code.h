/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a frame of CPython runs, read from the memory of its process: names and line of a code object. That memory may
 * hold anything, and may have been freed and used again since the address was seen: types are compared, each read is
 * bounded, texts and tables have caps.
 */
#ifndef FORMAT_PYTHON_CODE_H
#define FORMAT_PYTHON_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "format/python.h"

#define PYTHON_MAX_CHARS      4096	 /* of a name or a path: more are left out */
#define PYTHON_MAX_LINE_BYTES (1u << 20) /* of a table of lines: none of a longer one */

/* Copies @len bytes at @addr of the process. False: not readable, also in part. */
struct python_memory {
	bool (*read)(void *ctx, uint64_t addr, void *to, size_t len);
	void *ctx;
};

/* Where in a program a frame is. */
struct python_place {
	struct buf name, file; /* UTF-8 without NULs, owned */
	uint32_t line;	       /* 0: not known */
};

void python_place__fini(struct python_place *p);

/*
 * Reads the code object at @code and looks up instruction @instr (as in python.h). @bias is what was added to the
 * addresses of @l when it was mapped. The name is co_qualname. 0 and *@ret, overwritten; -EFAULT: memory that can't be
 * read; -EBADMSG: no code object, or not any more; -ENOMEM.
 */
int python_code_read(const struct python_layout *l, uint64_t bias, const struct python_memory *m,
		     uint64_t code, uint32_t instr, struct python_place *ret);

/*
 * The line of instruction @instr by a table of locations (co_linetable, Objects/locations.md in CPython's source), for
 * code that begins at line @first. 0: none.
 */
uint32_t python_line(const void *table, size_t len, uint32_t first, uint32_t instr);

#endif
