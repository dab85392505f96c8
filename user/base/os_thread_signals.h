/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which threads get signals. */
#ifndef BASE_OS_THREAD_SIGNALS_H
#define BASE_OS_THREAD_SIGNALS_H

#include <signal.h>

/*
 * Signals are the main thread's: none goes to a thread that is started between these, but the one by which privileges are
 * given up (os_privilege.h).
 */
void os_thread_block_signals(sigset_t *ret_old);
/*
 * For what the kernel gives up when a signal is pending, and would give up each time that it is repeated: loading of programs (-EAGAIN of
 * bpf(2), out of do_check() in kernel/bpf/verifier.c). Only what asks the process to end gets through.
 */
void os_thread_hold_signals(sigset_t *ret_old);
void os_thread_restore_signals(const sigset_t *old);
#endif
