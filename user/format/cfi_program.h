/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The interpreter of call frame instructions (DWARF 5, section 6.4.2): from the instructions of a
 * CIE and an FDE to the rows of the virtual unwinding table. Only three registers are followed: the
 * return address, the frame pointer and, on x86-64, rbx.
 */
#ifndef FORMAT_CFI_PROGRAM_H
#define FORMAT_CFI_PROGRAM_H

#include "format/cfi_expr.h"
#include "format/elf_cfi.h"

#define CFI_MAX_REMEMBERED 64
#define CFI_NO_REG	   UINT16_MAX

/* Where the caller's value of a register is. */
struct cfi_reg {
	uint8_t how;   /* enum cfi_how */
	uint8_t base;  /* of CFI_AT_REG and CFI_IN_REG */
	int16_t words; /* of 8 bytes */
};

enum cfi_how {
	CFI_SAME, /* in the register: also what no instruction said */
	CFI_UNDEFINED,
	CFI_AT_CFA, /* in memory, at CFA + words */
	CFI_AT_REG, /* in memory, at base + words */
	CFI_IN_REG, /* in register number base */
	CFI_OTHER,  /* anything else: by an expression, out of range */
};

/* The registers that are followed. */
enum cfi_reg_id {
	CFI_RA,	     /* the return address's column */
	CFI_FP,	     /* rbp, x29 */
	CFI_BX,	     /* rbx; x86-64 only */
	CFI_IGNORED, /* all others: written, never read */
	CFI_REG_CNT,
};

/* A row, but for the code it holds for. */
struct cfi_state {
	int64_t cfa_off;
	uint16_t cfa_reg; /* CFI_NO_REG: not said, or too large a number */
	bool cfa_by_expr; /* then the CFA is @expr, else cfa_reg + cfa_off */
	bool ra_signed;	  /* arm64 */
	struct cfi_cfa_form expr;
	struct cfi_reg regs[CFI_REG_CNT];
};

/* What a CIE says to its FDEs. */
struct cfi_cie {
	uint32_t pos;	  /* in its section */
	uint16_t ra_reg;  /* the return address's column */
	uint8_t encoding; /* of addresses in FDEs: DW_EH_PE_* */
	bool has_lengths; /* "z": FDEs have augmentation data, led by its length */
	bool is_signal;	  /* "S" */
	uint64_t code_align;
	int64_t data_align;
	struct cfi_state initial;
};

struct cfi_program {
	enum elf_cfi_arch arch;
	const struct elf_cfi *section;
	const struct cfi_cie *cie;
	struct cursor c;   /* over the section: the instructions left */
	uint64_t vaddr;	   /* of the function */
	uint64_t bytes;	   /* of its code */
	uint64_t loc, end; /* the row last returned: [loc, end), from the function's start */
	struct cfi_state now;
	size_t remembered_cnt;
	struct cfi_state remembered[CFI_MAX_REMEMBERED];
};

/*
 * Runs the instructions at @c of the CIE @cie, whose alignments, column and encoding are set, and
 * stores what they leave in @cie->initial. 0 or -EBADMSG.
 */
int cfi_program_init_cie(struct cfi_cie *cie, enum elf_cfi_arch arch, const struct elf_cfi *section,
			 struct cursor c);
/* Begins an FDE: instructions at @c for the code of @bytes bytes at @vaddr. */
void cfi_program__begin(struct cfi_program *p, const struct cfi_cie *cie, struct cursor c,
			uint64_t vaddr, uint64_t bytes);
/* The next row, never empty: 1, and p->loc, p->end and p->now; 0 at the end; -EBADMSG. */
int cfi_program__next(struct cfi_program *p);

#endif
