/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Files that are packed with gzip: pprof, and text. */
#ifndef TOOLS_LOAD_PACKED_H
#define TOOLS_LOAD_PACKED_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"

/* Whether @file begins as a packed one does; it stays at its beginning. */
bool load_is_packed(FILE *file);
/* All of @file, unpacked, at most 1 GiB, to @to, which is to be freed. 0 or -errno with error_set(). */
int load_unpack(FILE *file, const char *name, struct buf *to);
/* Whether what was unpacked is text rather than pprof, whose first bytes hold small numbers. */
bool load_is_text(const struct buf *data);

#endif
