/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Why goroutines don't run: one fixed set for all versions of Go, whose own words change. */
#ifndef MODEL_GO_REASON_H
#define MODEL_GO_REASON_H

#include "model/reason.h"

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
/* By Go's own word for what it waits for, or for its state when it doesn't: "runnable", "syscall"; GO_REASON_OTHER. */
enum go_reason go_reason_of_word(const char *text);
/* The reason that all systems have (model/reason.h); REASON_OTHER for a system call: its thread's wait tells. */
enum reason go_reason_common(enum go_reason reason);

#endif
