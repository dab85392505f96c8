/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The contexts in which a thread is woken: one fixed set, the same in every output. */
#ifndef MODEL_WAKER_H
#define MODEL_WAKER_H

/* Order is the order in outputs; append. X(id, name, help) */
#define WAKER_LIST(X)                                                                   \
	X(NONE, "none", "nothing woke it: it was preempted, or still waits at the end") \
	X(THREAD, "thread", "another thread")                                           \
	X(HARDIRQ, "hardirq", "a device's interrupt")                                   \
	X(SOFTIRQ, "softirq", "deferred work of an interrupt")                          \
	X(TIMER, "timer", "a timer: the wait timed out")                                \
	X(IDLE, "idle", "the kernel's idle loop")                                       \
	X(SELF, "self", "itself, before it slept")

enum waker_kind {
#define X(id, name, help) WAKER_##id,
	WAKER_LIST(X)
#undef X
		WAKER_CNT
};

/* "thread", "hardirq"...; "none" for what is no kind. */
const char *waker_kind_name(enum waker_kind kind);

#endif
