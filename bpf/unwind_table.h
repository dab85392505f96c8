/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The unwind table of one module: what .eh_frame says, in a form that the walk (unwind.h) searches in the
 * kernel. Made by user space (format/unwind_table.c), read by the probes, by the walk from outside and by tests.
 *
 *   header | pages | rules | rows
 *
 * One run of bytes, cut into blocks of UNWIND_BLOCK_BYTES, because the kernel's copy is an array map whose
 * values are blocks. Nothing that is read at once straddles a block: header, pages and rules are aligned to
 * their size, which divides a block's, and the rows of one page lie in one block.
 *
 * Code is addressed by its offset in the file (for the vdso: in its image), as frames are in the model. A page
 * is 1 KiB of code. Its entry says which rule is in force at its beginning, and where the rows are that change
 * it. A row holds from its offset up to the next row; a gap between functions has rows of rule 0.
 */
#ifndef DWELL_UNWIND_TABLE_H
#define DWELL_UNWIND_TABLE_H

#include "wire.h"

#define UNWIND_BLOCK_BYTES 4096
#define UNWIND_MAX_BLOCKS  32768 /* 128 MiB; the largest browsers need a quarter */
#define UNWIND_PAGE_SHIFT  10
#define UNWIND_PAGE_BYTES  (1 << UNWIND_PAGE_SHIFT)
#define UNWIND_MAX_RULES   65536

struct unwind_header {
	__u32 block_cnt;
	__u32 first_page; /* offset >> UNWIND_PAGE_SHIFT of the first page */
	__u32 page_cnt;
	__u32 rule_off; /* of the rules, bytes from the beginning; the pages follow the header */
	__u32 rule_cnt;
	__u32 row_cnt;
	__u32 flags; /* enum unwind_table_flags */
	__u32 _pad;
};

enum unwind_table_flags {
	UNWIND_TABLE_REFUSED =
		1 << 0, /* stands for the table of a module for which there was no memory */
};

struct unwind_page {
	__u32 row; /* its first row: bytes from the beginning / 4 */
	__u16 row_cnt;
	__u16 rule; /* in force where the page begins */
};

/* A row: offset within the page << 16 | rule. Sorted by offset. */
#define UNWIND_ROW_OFF(row)  ((row) >> 16)
#define UNWIND_ROW_RULE(row) ((row)&0xffff)

/* How the canonical frame address (CFA: the caller's stack pointer before the call) is found. */
enum unwind_cfa {
	UNWIND_CFA_NONE = 0,	    /* no row: code that no FDE covers */
	UNWIND_CFA_END = 1,	    /* outermost: the return address is undefined */
	UNWIND_CFA_REG = 2,	    /* reg + off */
	UNWIND_CFA_DEREF = 3,	    /* *(reg + off) + add */
	UNWIND_CFA_PLT = 4,	    /* reg + off + 8 if the low 4 bits of pc >= add */
	UNWIND_CFA_UNSUPPORTED = 5, /* an expression or a register rule that has no form here */
};

enum unwind_rule_flags {
	UNWIND_RA_IN_REG =
		1 << 0, /* in the link register still; x86-64: in register number ra (vfork) */
	UNWIND_FP_SAVED =
		1 << 1, /* the frame pointer (rbp, x29) lies at fp; else it is unchanged */
	UNWIND_BX_SAVED = 1 << 2, /* x86-64: rbx lies at bx */
	UNWIND_AT_SP = 1 << 3,	  /* ra, fp and bx count from the frame's sp, not from the CFA */
	UNWIND_SIGNAL = 1 << 4,	  /* signal frame: the caller's pc is where it was interrupted */
	UNWIND_RA_SIGNED =
		1 << 5, /* arm64: the return address carries a pointer authentication code */
	UNWIND_AT_FP =
		1 << 6, /* fp and bx count from the frame pointer; ra does not (realigned stacks) */
};

/*
 * What one row says. Registers are numbered as in DWARF (x86-64: 7 rsp, 6 rbp, 3 rbx; arm64: 31 sp, 29 fp).
 * ra, fp and bx count words of 8 bytes. Rule 0 of a table is all zero.
 */
struct unwind_rule {
	__u8 cfa; /* enum unwind_cfa */
	__u8 reg;
	__u8 flags; /* enum unwind_rule_flags */
	__u8 _pad;
	__s32 off;
	__s16 add; /* of UNWIND_CFA_DEREF and UNWIND_CFA_PLT */
	__s16 ra;  /* x86-64: -1 nearly everywhere */
	__s16 fp;
	__s16 bx;
};

_Static_assert(sizeof(struct unwind_header) == 32, "unwind_header");
_Static_assert(sizeof(struct unwind_page) == 8, "unwind_page");
_Static_assert(sizeof(struct unwind_rule) == 16, "unwind_rule");

#endif
