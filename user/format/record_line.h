/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Making records of kind WIRE_LINE. */
#ifndef FORMAT_RECORD_LINE_H
#define FORMAT_RECORD_LINE_H

#include "wire.h"

/*
 * A record with the module, offset, line and kind of @like; of @name and @file (NULL or "": not known) at most 65535 bytes.
 * Freed by the caller; NULL: no memory.
 */
struct wire_line *record_line_new(const struct wire_line *like, const char *name, const char *file);

#endif
