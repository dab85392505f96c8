/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Whether a process runs Go, by a look at its file alone: cheap enough to ask it of every process of a machine. */
#ifndef SOURCE_OS_GO_DETECT_H
#define SOURCE_OS_GO_DETECT_H

#include <stdint.h>

/*
 * 1: its file says that Go's linker made it (which gccgo's and TinyGo's don't), or has no sections that would say it; 0: it does not;
 * -ESRCH, -EACCES, -ENOMEM.
 */
int os_go_detect(uint32_t pid);

#endif
