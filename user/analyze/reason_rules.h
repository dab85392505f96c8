/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Why a thread waited on Linux: a table with one line per rule over state, system call and kernel stack. */
#ifndef ANALYZE_REASON_RULES_H
#define ANALYZE_REASON_RULES_H

#include <stddef.h>

#include "model/reason.h"
#include "wire.h"

/*
 * The reason of a wait. @frames: names of the kernel frames, innermost first (NULL or "" where unknown);
 * @frame_cnt of them.
 *
 *   1. never blocked (preempted, or woken before it slept)      -> preempted
 *   2. stopped or traced                                        -> signal
 *   3. the innermost frame that a rule of the table knows       -> that rule's reason
 *      (in_iowait turns memory, fs and unknown into disk)
 *   4. no rule knows a frame (names hidden, or new): by the system call
 */
enum reason reason_of_wait(const struct wire_wait *wait, const char *const *frames,
			   size_t frame_cnt);

#endif
