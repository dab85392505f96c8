/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A live process that runs Go, opened to look for its goroutines. It is neither stopped nor written to: its memory is read by
 * process_vm_readv(2), its code is in its file. Where that is refused, BPF reads its memory, also for what the file has.
 */
#ifndef SOURCE_OS_GO_H
#define SOURCE_OS_GO_H

#include <stdbool.h>
#include <stdint.h>

#include "format/go_runtime.h"
#include "source/bpf_memory.h"
#include "source/os_go_image.h"
#include "source/os_process.h"

struct os_go {
	struct os_process process;
	uint64_t auxv_hash; /* of the program that it runs */
	int fd;		    /* its file */
	struct elf elf;
	struct gopclntab table;
	struct go_memory memory;
	struct bpf_memory *bpf;	  /* NULL: process_vm_readv() reads it */
	struct os_go_image image; /* for its file then */
	struct go_runtime runtime;
};

/*
 * @from: who is asked first for the layout of its structs. NULL and errno, with error_set() that says
 * what to do: ESRCH; EACCES: may not be read; ENOTSUP: what it runs is no Go, or none that is known; ENOENT: it has no
 * goroutines yet; ENOMEM.
 */
struct os_go *os_go_open(uint32_t pid, enum go_layout_from from);
/* Is what it runs made by Go, by the sections of its file? Cheap; false also where that may not be asked. */
bool os_go_is_likely(uint32_t pid);
void os_go__close(struct os_go *p);
/*
 * What opening and reading programs that come later takes, as a mask of OS_CAP(): CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH; or, where
 * this process has not the former, or the kernel lets nobody read memory (kernel.yama.ptrace_scope 3), CAP_BPF and CAP_PERFMON.
 */
uint64_t os_go_capabilities(void);
/* How the goroutines of a process are laid out, by one look at its memory. @from as above. 0 or -errno as above. */
int os_go_read_layout(uint32_t pid, enum go_layout_from from, struct go_layout *ret);
/* Does the process still run that program, and has not begun another one? */
bool os_go__is_same(const struct os_go *p);

#endif
