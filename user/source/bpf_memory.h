/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The memory of a process, read by the kernel's task iterator (bpf/go_memory.bpf.c) with CAP_BPF and CAP_PERFMON, where
 * process_vm_readv(2) is refused. Linux 5.18 or later. A process whose first thread has ended can't be read so.
 */
#ifndef SOURCE_BPF_MEMORY_H
#define SOURCE_BPF_MEMORY_H

#include "format/go_memory.h"
#include "go_request.h"

struct bpf_memory;

/* Of process @pid. NULL + errno: EPERM, ESRCH, or what this kernel says. Why, in full, goes to log_debug(). */
struct bpf_memory *bpf_memory__open(uint32_t pid);
/* Accepts NULL. */
void bpf_memory__close(struct bpf_memory *m);
/* Reading it; valid until it is closed. */
struct go_memory bpf_memory__reader(struct bpf_memory *m);
/* What the kernel told the program that it runs when it began, pairs of words (getauxval(3)). 0 or -ESRCH. */
int bpf_memory__auxv(struct bpf_memory *m, uint64_t ret[GO_REQUEST_AUXV_WORDS]);

#endif
