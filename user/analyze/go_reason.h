/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Why goroutines don't run: one fixed set for all versions of Go, whose own words change. */
#ifndef ANALYZE_GO_REASON_H
#define ANALYZE_GO_REASON_H

#include "symbol/go_frames.h"

enum go_reason {
	GO_REASON_CHAN_RECEIVE,
	GO_REASON_CHAN_SEND,
	GO_REASON_SELECT,
	GO_REASON_FOREVER, /* nothing can ever wake it: a nil channel, a select without cases */
	GO_REASON_MUTEX,
	GO_REASON_WAITGROUP,
	GO_REASON_COND,
	GO_REASON_SEMACQUIRE,
	GO_REASON_SLEEP,
	GO_REASON_IO_WAIT,
	GO_REASON_SYSCALL,
	GO_REASON_GC,
	GO_REASON_RUNTIME_IDLE,
	GO_REASON_PREEMPTED,
	GO_REASON_RUNNABLE,
	GO_REASON_OTHER,
	GO_REASON_NONE, /* it runs */
	GO_REASON_CNT
};

/* "chan_receive"; "" for GO_REASON_NONE. */
const char *go_reason_name(enum go_reason reason);
/* Of a goroutine in that state, which Go calls @text if it waits. */
enum go_reason go_reason_of(enum go_status status, const char *text);
/*
 * Up to 1.23 several kinds of locks are all "semacquire": which one it is, by the stack; GO_REASON_SEMACQUIRE when that doesn't
 * tell.
 */
enum go_reason go_reason_by_stack(struct go_frames *f, struct go_stack_view stack);

/* "waiting": Go's own word. */
const char *go_status_name(enum go_status status);

#endif
