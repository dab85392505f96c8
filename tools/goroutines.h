/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the views of dwell goroutines have in common. */
#ifndef TOOLS_GOROUTINES_H
#define TOOLS_GOROUTINES_H

#include "app/go_process.h"

/* NULL + errno, with error_set(). */
struct go_process *goroutines_process(uint32_t pid);
/* Says what the last look could not see, also with -q. */
void goroutines_warn(const struct go_process *p);
/* Until CLOCK_MONOTONIC shows @until_ns, or the command is to stop. */
void goroutines_sleep(uint64_t until_ns);

#endif
