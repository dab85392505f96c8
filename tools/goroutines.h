/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the views of dwell goroutines have in common. */
#ifndef TOOLS_GOROUTINES_H
#define TOOLS_GOROUTINES_H

#include "app/go_process.h"
#include "rights.h"

/* NULL + errno, with error_set(). */
struct go_process *goroutines_process(uint32_t pid);
/* Says what the last look could not see, also with -q; of many looks ten times a minute. */
void goroutines_warn(const struct go_process *p);
/* All programs are open. @by_bpf: there will be more probes, or BPF reads one's memory. 0 or -errno with error_set(). */
int goroutines_settle(struct rights *rights, bool by_bpf);
/* Until CLOCK_MONOTONIC shows @until_ns, or the command is to stop. */
void goroutines_sleep(uint64_t until_ns);

#endif
