/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where CPython keeps what a walk of its frames needs, by version. From 3.13 on the interpreter tells it itself, in
 * _Py_DebugOffsets at the beginning of _PyRuntime (Include/internal/pycore_runtime.h, since 3.14
 * pycore_debug_offsets.h); for 3.11 and 3.12 there is a table of ours, made from their headers.
 */
#ifndef FORMAT_PYTHON_H
#define FORMAT_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/elf.h"
#include "python_frames.h"

#define PYTHON_OFFSETS_BYTES \
	1024 /* at most that many of _PyRuntime are looked at; some 600 are needed */

/* Of objects. Offsets in bytes. */
struct python_objects {
	uint32_t ob_type; /* PyObject */
	uint32_t code_filename, code_name, code_qualname, code_linetable, code_firstlineno;
	uint32_t bytes_length, bytes_data;
	uint32_t str_length, str_state;
	uint32_t str_ascii, str_other; /* where the characters begin, compact forms */
};

/* Addresses from @start up to @end; equal: none. */
struct python_range {
	uint64_t start, end;
};

#define PYTHON_LOOP_PARTS 2

/* An executable or library that is CPython. Addresses are in its own numbering. */
struct python_layout {
	uint16_t version;	       /* 0x030b: 3.11 */
	struct python_process process; /* process.interpreters is an address, too */
	struct python_objects objects;
	uint64_t code_type, str_type, bytes_type; /* PyCode_Type, PyUnicode_Type, PyBytes_Type */
	/* The interpreter's loop, _PyEval_EvalFrameDefault(), in one part or two. */
	struct python_range loop[PYTHON_LOOP_PARTS];
	uint64_t text_off, text_bytes, text_vaddr; /* the segment it lies in, in the file */
};

/*
 * Fills in the offsets of @version, and process.interpreters as an offset in _PyRuntime, of which @bytes are the first
 * @len; they count from 3.13 on. 0; -ENOTSUP: a version, or a build of it, that is not known here, error_set() says
 * which.
 */
int python_offsets(uint16_t version, const void *bytes, size_t len, struct python_layout *ret);

/*
 * What @e has. 0; -ENOENT: it is no CPython, or one that does not show it; -ENOTSUP as above; -ENOMEM.
 */
int elf_python_layout(const struct elf *e, struct python_layout *ret);

/* Can a file of that name be CPython, or hold it: python3.11, libpython3.13.so.1.0? Others are not looked into. */
bool python_is_name(const char *name);

#endif
