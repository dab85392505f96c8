/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_grace.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GRACE_FALLBACK_US 100000

void os_grace_wait(void)
{
	/* Kernels with nohz_full don't have the call; then by the clock: a program runs for microseconds. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(GRACE_FALLBACK_US);
}
