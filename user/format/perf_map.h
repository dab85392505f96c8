/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The text of a perf map, /tmp/perf-PID.map: what just-in-time compilers say of the code that they made, a line for each
 * piece: "START SIZE NAME", both numbers in hex (tools/perf/Documentation/jit-interface.txt in the kernel's tree). Pieces
 * may overlap; the later line is the newer one. No I/O.
 */
#ifndef FORMAT_PERF_MAP_H
#define FORMAT_PERF_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PERF_MAP_MAX_LINE_BYTES 16384 /* longer ones are left out */

/* Takes one line; @name has no NUL. 0 to go on, another value to end the parse. */
typedef int (*perf_map_fn)(void *arg, uint64_t start, uint64_t size, const char *name, size_t len);

/*
 * Calls @fn for each line in @len bytes of @text that has the form and a size and a name. *@ret_used is where the last whole
 * line ends: what is behind it was cut, or is still being written; begin with it when there is more. 0 or the value of @fn.
 */
int perf_map_parse(const char *text, size_t len, perf_map_fn fn, void *arg, size_t *ret_used);

#endif
