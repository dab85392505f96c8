/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The compiler of call frame information: from .eh_frame and .debug_frame of an ELF file to sorted
 * rows, each a place in the code and the number of the rule that holds from there on.
 *
 * Both sections are used: .debug_frame for functions that .eh_frame doesn't cover (Go with cgo,
 * files built without asynchronous unwind tables). Files are hostile: time and memory are linear in
 * the size of the sections, which is capped, and what is damaged is left out and counted.
 */
#ifndef FORMAT_CFI_H
#define FORMAT_CFI_H

#include "format/elf.h"
#include <unwind_table.h> /* of bpf/ */

#define CFI_MAX_SECTION_BYTES (128u << 20)
#define CFI_MAX_CIES	      (1u << 17)
#define CFI_MAX_FDES	      (4u << 20)
#define CFI_MAX_ROWS	      (16u << 20)

struct cfi_row {
	uint64_t off : 48; /* in the file */
	uint64_t rule : 16;
};

/* Sorted by offset. Each row says something else than the one before; the last one is rule 0. */
struct cfi_rows {
	struct cfi_row *rows;
	size_t cnt, cap;
	struct unwind_rule *rules; /* 0 is the one of code without CFI */
	size_t rule_cnt;
	uint64_t fde_cnt;	  /* functions, or parts of them, in the rows */
	uint64_t unsupported_cnt; /* rows whose rule is UNWIND_CFA_UNSUPPORTED */
	uint64_t bad_cnt;	  /* FDEs left out because they, or their CIEs, are damaged */
};

/*
 * Compiles the CFI of @e. 0 and *@ret, then owned by the caller; -ENODATA when the file has none
 * (or none of code); -ENOTSUP for another machine than x86-64 or arm64, or a 32-bit file; -E2BIG
 * past the caps above; -EBADMSG when the sections lie outside of the file; -ENOMEM; an error of
 * reading.
 */
int cfi_compile(const struct elf *e, struct cfi_rows *ret);
/* Frees the memory. Accepts a zeroed struct. */
void cfi_rows__fini(struct cfi_rows *rows);
#define _cleanup_cfi_rows_ _cleanup_(cfi_rows__fini)

_Static_assert(sizeof(struct cfi_row) == 8, "millions of them");

#endif
