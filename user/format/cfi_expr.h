/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * DWARF expressions of call frame information, recognised by their form: compilers, assemblers and
 * linkers write a handful. None is evaluated.
 */
#ifndef FORMAT_CFI_EXPR_H
#define FORMAT_CFI_EXPR_H

#include <stdbool.h>

#include "base/cursor.h"

/* Members of struct unwind_rule. */
struct cfi_cfa_form {
	uint8_t cfa; /* enum unwind_cfa */
	uint8_t reg;
	int16_t add;
	int32_t off;
};

/*
 * The form of an expression that yields the CFA:
 *   breg                        UNWIND_CFA_REG
 *   breg, deref [, plus_uconst] UNWIND_CFA_DEREF: stacks realigned or switched
 *   breg, breg16 0, lit15, and, litN, ge, lit3, shl, plus
 *                               UNWIND_CFA_PLT: ld's x86-64 PLT
 * Any other is UNWIND_CFA_UNSUPPORTED, with zeros. @c is at its end then.
 */
struct cfi_cfa_form cfi_expr_cfa(struct cursor *c);
/* Whether an expression for where a register is saved is "@ret_reg + @ret_off". */
bool cfi_expr_breg(struct cursor *c, uint64_t *ret_reg, int64_t *ret_off);

#endif
