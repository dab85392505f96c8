/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* For what a thread of a Go program is off its CPU: the closed set of metrics. */
#ifndef ANALYZE_GO_THREAD_CLASS_H
#define ANALYZE_GO_THREAD_CLASS_H

#include "model/reason.h"
#include "wire.h"

enum go_thread_class {
	GO_THREAD_SYSCALL, /* a goroutine has called the system, and waits in it */
	GO_THREAD_FAULT,   /* a goroutine's memory was not there */
	GO_THREAD_PREEMPT, /* it could run, and another thread did */
	GO_THREAD_RUNTIME, /* on the thread's own stack: the runtime's work, or C */
	GO_THREAD_IDLE,	   /* the thread has no goroutine */
	GO_THREAD_CLASS_CNT
};

/* Of a wait with a stack of @go, an enum wire_go_class; GO_THREAD_CLASS_CNT: nobody knows, or it is no thread of a Go program. */
static inline enum go_thread_class go_thread_class_of(uint8_t go, enum reason reason)
{
	if (go == WIRE_GO_IDLE)
		return GO_THREAD_IDLE;
	if (go != WIRE_GO_USER && go != WIRE_GO_SYSTEM)
		return GO_THREAD_CLASS_CNT;
	if (reason == REASON_PREEMPTED)
		return GO_THREAD_PREEMPT;
	if (go == WIRE_GO_SYSTEM)
		return GO_THREAD_RUNTIME;
	return reason == REASON_MEMORY ? GO_THREAD_FAULT : GO_THREAD_SYSCALL;
}

#endif
