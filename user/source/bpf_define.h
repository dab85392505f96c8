/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Stacks that user space walked, defined as the probes define theirs: by the same hash, so that one stack has one id. */
#ifndef SOURCE_BPF_DEFINE_H
#define SOURCE_BPF_DEFINE_H

#include <stdint.h>

#include "model/event.h"
#include "python_frames.h"

/*
 * Delivers a WIRE_STACK of @n addresses, innermost first, at most WIRE_MAX_FRAMES, and behind them the frames of @python
 * (NULL: none), as far as there is room; @flags as in struct wire_stack. 0 and *@ret_id, which is left alone when there
 * are none, or the error of @fn.
 */
int define_user_stack(const struct wire_image *image, const __u64 *ips, uint32_t n, uint32_t flags,
		      const struct python_frames *python, event_fn fn, void *arg, uint64_t *ret_id);
/* The same for a stack that the probes gave the id @id. One without addresses is defined, too. */
int define_stack_as(uint64_t id, const struct wire_image *image, const __u64 *ips, uint32_t n,
		    uint32_t flags, event_fn fn, void *arg);
/* The same for a kernel stack, cut at @max_frames as the probes cut it. */
int define_kernel_stack(const __u64 *ips, uint32_t n, uint32_t max_frames, event_fn fn, void *arg,
			uint64_t *ret_id);

#endif
