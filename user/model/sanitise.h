/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The one place where names from outside become names that no reader stumbles over. */
#ifndef MODEL_SANITISE_H
#define MODEL_SANITISE_H

#include "base/buf.h"

/*
 * Appends @name (arbitrary bytes up to the NUL) to @to as a frame name: valid UTF-8 without characters
 * that XML 1.0 forbids (each bad byte becomes U+FFFD), no control characters, ';' -> ':', no leading or
 * trailing space, never ending in space + digits (flamegraph.pl and inferno would read a diff column),
 * at most 4096 bytes; "[unknown]" when empty. 0 or the buffer's error.
 */
int sanitise_frame(const char *name, struct buf *to);
/* The same for other text (notes, titles): bad bytes and control characters, at most 4096 bytes; no more. */
int sanitise_text(const char *text, struct buf *to);

#endif
