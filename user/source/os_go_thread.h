/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The goroutine of a thread that sleeps, from outside: go_thread.h by process_vm_readv(2). */
#ifndef SOURCE_OS_GO_THREAD_H
#define SOURCE_OS_GO_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "go_frames.h"

/*
 * What the thread of process @pid does whose thread-local variables are at @thread_pointer (0: not known). p->tls is filled in
 * when it was not known. False: no goroutine, and not without one either, can be told.
 */
bool os_go_look(uint32_t pid, struct go_process *p, uint64_t thread_pointer, struct go_thread *ret);

#endif
