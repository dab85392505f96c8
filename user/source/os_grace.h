/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Waiting for the kernel to let go of what was taken away from it. */
#ifndef SOURCE_OS_GRACE_H
#define SOURCE_OS_GRACE_H

/*
 * Returns when every BPF program that runs now, on any CPU, has ended; ten milliseconds or so. The kernel side of
 * membarrier(2)'s MEMBARRIER_CMD_GLOBAL is synchronize_rcu() (kernel/sched/membarrier.c), and programs on tracepoints
 * run inside of RCU's read side.
 */
void os_grace_wait(void);

#endif
