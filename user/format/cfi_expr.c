/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/cfi_expr.h"

#include "format/dwarf.h"
#include <unwind_table.h> /* of bpf/ */

#define X86_64_RIP 16

/* "register + offset"; false for another operation. */
static bool cfi_take_breg(struct cursor *c, uint64_t *ret_reg, int64_t *ret_off)
{
	uint8_t op = cursor__u8(c);

	if (op == DW_OP_bregx)
		*ret_reg = dwarf_uleb(c);
	else if (op >= DW_OP_breg0 && op <= DW_OP_breg31)
		*ret_reg = op - DW_OP_breg0;
	else
		return false;
	*ret_off = dwarf_sleb(c);
	return !c->err;
}

bool cfi_expr_breg(struct cursor *c, uint64_t *ret_reg, int64_t *ret_off)
{
	uint64_t reg;
	int64_t off;

	if (!cfi_take_breg(c, &reg, &off) || cursor__left(c))
		return false;
	*ret_reg = reg;
	*ret_off = off;
	return true;
}

/*
 * What follows "breg" in the PLT's form; the number that the low bits of pc are compared with, or
 * -1.
 */
static int cfi_take_plt(struct cursor *c)
{
	uint64_t reg = 0;
	int64_t off = 0;
	const uint8_t *op;

	if (!cfi_take_breg(c, &reg, &off) || reg != X86_64_RIP || off)
		return -1;
	op = cursor__bytes(c, 7);
	if (!op || cursor__left(c))
		return -1;
	if (op[0] != DW_OP_lit0 + 15 || op[1] != DW_OP_and || op[2] < DW_OP_lit0 ||
	    op[2] > DW_OP_lit31 || op[3] != DW_OP_ge || op[4] != DW_OP_lit0 + 3 ||
	    op[5] != DW_OP_shl || op[6] != DW_OP_plus)
		return -1;
	return op[2] - DW_OP_lit0;
}

/* What follows "breg, deref": nothing, or a small number to add; else -1. */
static int cfi_take_add(struct cursor *c)
{
	uint64_t add;

	if (!cursor__left(c))
		return 0;
	if (cursor__u8(c) != DW_OP_plus_uconst)
		return -1;
	add = dwarf_uleb(c);
	return c->err || cursor__left(c) || add > INT16_MAX ? -1 : (int)add;
}

struct cfi_cfa_form cfi_expr_cfa(struct cursor *c)
{
	const struct cfi_cfa_form unsupported = {.cfa = UNWIND_CFA_UNSUPPORTED};
	struct cfi_cfa_form f = {.cfa = UNWIND_CFA_REG};
	uint64_t reg;
	int64_t off;
	int add = 0;

	if (!cfi_take_breg(c, &reg, &off) || reg > UINT8_MAX || off != (int32_t)off)
		return unsupported;
	f.reg = (uint8_t)reg;
	f.off = (int32_t)off;
	if (cursor__left(c) && *c->pos == DW_OP_deref) {
		cursor__skip(c, 1);
		f.cfa = UNWIND_CFA_DEREF;
		add = cfi_take_add(c);
	} else if (cursor__left(c)) {
		f.cfa = UNWIND_CFA_PLT;
		add = cfi_take_plt(c);
	}
	if (add < 0)
		return unsupported;
	f.add = (int16_t)add;
	return f;
}
