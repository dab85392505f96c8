/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where a probe goes into the functions of Go's runtime through which goroutines come to wait, are woken, and run again
 * (src/runtime/proc.go).
 *
 * A probe takes the place of an instruction. Most of them the kernel then runs alone, step by step, at 10 to 20 times the cost of
 * those few that it knows to do itself (arch/x86/kernel/uprobes.c: branch_setup_xol_ops(), push_setup_xol_ops()): jumps, and pushes
 * of registers. So a probe goes to one of these near the function's beginning, or nowhere; never to its first instruction if that is
 * another one. Arguments are all in place there still.
 *
 * With a profile (-pgo) the compiler inlines runtime.gopark where it is called most, and a probe there sees nothing of it. park_m, which
 * it goes through to the scheduler's stack, is called by way of a pointer; execute may not be inlined (go:yeswritebarrierrec). Of a ready
 * that is inlined, waits miss when they could have run.
 */
#ifndef FORMAT_GO_PROBE_H
#define FORMAT_GO_PROBE_H

#include "format/go_code.h"

#define GO_PROBE_CODE_BYTES 32 /* that are looked at */

/* What happens at a probe; with arguments in registers as from Go 1.17 on (src/cmd/compile/abi-internal.md). */
enum go_probe_kind {
	GO_PROBE_PARK,	/* runtime.park_m: goroutine RAX begins to wait, and has said why */
	GO_PROBE_READY, /* runtime.ready: goroutine RAX may run */
	GO_PROBE_RUN,	/* runtime.execute: goroutine RAX runs */
	GO_PROBE_CNT
};

struct go_probe {
	const char *function; /* its name */
	uint64_t vaddr;	      /* of the instruction, in the file's numbering */
	uint64_t off;	      /* where it is in the file */
};

struct go_probes {
	struct go_probe at[GO_PROBE_CNT];
};

/*
 * Where in a function whose code begins with @code a probe may go, in bytes from there. @len: what is known of the code; @size:
 * of the whole function. 0; -ENOTSUP: it begins as functions did before Go 1.17, which have their arguments on the stack; -ENOEXEC:
 * as none that is known.
 */
int go_probe_place(const uint8_t *code, size_t len, uint64_t size, uint32_t *ret_skip);
/*
 * Finds the probes of a program made by Go 1.@minor (0: not known). 0; -ENOTSUP with error_set(): it can't be probed; -EBADMSG
 * with error_set(): its file is damaged.
 */
int go_probes__find(struct go_probes *p, const struct go_code *c, unsigned int minor);

#endif
