/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Debug files in the root of a traced process (a container has its own /usr/lib/debug), opened while it lives: when symbols
 * are looked up it may be gone, and its root with it. What is not there is looked for later (symbol/debug_file.h).
 */
#ifndef SOURCE_OS_DEBUG_H
#define SOURCE_OS_DEBUG_H

#include "model/module.h"

/*
 * Sets debug_fd and alt_fd of @m, whose file is open and which process @pid maps. Costs a few openat2(); nothing when the file
 * has its debug information itself. Files whose build id is another one are not taken; a CRC is left to be checked,
 * so without build ids a wrong file may hide the right one in a place that is looked at later.
 */
void os_debug_open(unsigned int pid, struct module *m);
/* The same in any root. */
void os_debug_open_below(int root_fd, struct module *m);

#endif
