/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The user stack of a sleeping thread, walked from outside. */
#ifndef SOURCE_OS_WALK_H
#define SOURCE_OS_WALK_H

#include <stdint.h>

#include "wire.h"

/*
 * Follows the frame pointers of a thread that does not run, from the registers it had when it entered the
 * kernel. Writes at most @max addresses (innermost first) to @ret_ips and returns their number; 1 (just
 * @ip) when the frame pointer leads nowhere; 0 for @ip 0. Never more than @max reads of 16 bytes.
 */
uint32_t os_walk_user(uint32_t pid, uint64_t ip, uint64_t sp, uint64_t bp, __u64 *ret_ips,
		      uint32_t max);

#endif
