/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What to do about frames without names, said behind the ledger. */
#ifndef OUTPUT_HINT_H
#define OUTPUT_HINT_H

#include "base/buf.h"
#include "model/profile.h"

/* Appends a line for each runtime whose code has no names in @p. 0 or the buffer's error. */
int hint_write(const struct profile *p, struct buf *to);

#endif
