/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Why a goroutine doesn't run, where only its stack tells. */
#ifndef ANALYZE_GO_REASON_STACK_H
#define ANALYZE_GO_REASON_STACK_H

#include "format/go_status.h"
#include "symbol/go_frames.h"

/*
 * Up to 1.23 several kinds of locks are all "semacquire": which one it is, by the stack; GO_REASON_SEMACQUIRE when that doesn't
 * tell.
 */
enum go_reason go_reason_by_stack(struct go_frames *f, struct go_stack_view stack);

#endif
