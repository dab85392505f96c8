/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Why a thread waited, by the rules of the system that it ran on: Linux' (reason_rules.h), or those that came with the events. */
#ifndef ANALYZE_WAIT_WHY_H
#define ANALYZE_WAIT_WHY_H

#include "analyze/stack_names.h"
#include "model/wait_reason.h"

#define WAIT_WHY_USER_FRAMES \
	8 /* so many innermost ones are asked; inlined functions are no frames */

/*
 * Why a wait in these stacks was; 0: no stack, or not to be named yet. @date_ns is of the user stack, as for stack_names__get().
 * A wait that never blocked is "preempted" on every system. 0 and *@ret, whose name lives as long as the model's table; or
 * -errno.
 */
int wait_why_get(struct stack_names *names, const struct wire_wait *wait, uint64_t kernel_stack,
		 uint64_t user_stack, uint64_t date_ns, struct wait_why *ret);

#endif
