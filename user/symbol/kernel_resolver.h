/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The kernel's symbols as /proc/kallsyms lists them: "address type name[\t[module]]". */
#ifndef SYMBOL_KERNEL_RESOLVER_H
#define SYMBOL_KERNEL_RESOLVER_H

#include "symbol/symtab.h"

struct kallsyms_counts {
	size_t text_cnt;   /* lines with a function */
	size_t hidden_cnt; /* of those, with address 0 */
	uint64_t highest;  /* the largest address of a function */
};

/*
 * Adds the functions (types t, T, w, W) in @len bytes of @text to @t, at their addresses; those
 * with address 0 and lines of another form are left out. Modules' functions keep their plain names;
 * BPF programs are called bpf_prog_TAG_NAME, where TAG is what `bpftool prog show` prints. 0,
 * -ENOMEM, -E2BIG.
 */
int kallsyms_parse(const char *text, size_t len, struct symtab *t,
		   struct kallsyms_counts *ret_counts);

/*
 * Whether this process may not see the kernel's addresses: 1 (and error_set() of -EPERM says what
 * to do about it), 0, or -errno when /proc/kallsyms can't be read.
 */
int kernel_symbols_hidden(void);

#endif
