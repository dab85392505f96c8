/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a file says about itself, for formats with a place for it: the run, and where every nanosecond went. */
#ifndef OUTPUT_COMMENTS_H
#define OUTPUT_COMMENTS_H

#include "base/buf.h"
#include "model/profile.h"

/* Appends the comments, "KEY: VALUE" each with a NUL behind it. 0 or the buffer's error. */
int profile_comments(const struct profile *p, struct buf *to);

#endif
