/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The Python frames of a thread that sleeps, walked from outside: the lines that walk in the kernel (python_walk.h), over
 * process_vm_readv(2).
 */
#ifndef SOURCE_OS_PYTHON_H
#define SOURCE_OS_PYTHON_H

#include <stdbool.h>
#include <stdint.h>

#include "format/python_code.h"
#include "python_frames.h"

/*
 * The frames of a thread of process @pid, whose own number for it is @own_tid, at most @max. False: Python does not know
 * the thread, or it runs none.
 */
bool os_python_walk(uint32_t pid, uint32_t own_tid, const struct python_process *process,
		    uint32_t max, struct python_frames *ret);

/* A python_memory over the process *@ctx, a uint32_t. */
bool os_python_read(void *ctx, uint64_t addr, void *to, size_t len);

#endif
