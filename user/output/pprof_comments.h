/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a pprof file says about itself: every report of pprof begins with it. */
#ifndef OUTPUT_PPROF_COMMENTS_H
#define OUTPUT_PPROF_COMMENTS_H

#include "base/buf.h"
#include "model/profile.h"

/* Appends the comments, each with a NUL behind it. 0 or the buffer's error. */
int pprof_comments(const struct profile *p, struct buf *to);

#endif
