/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/cfi_program.h"

#include "format/dwarf.h"

#define X86_64_RBX  3
#define X86_64_RBP  6
#define AARCH64_X29 29

static enum cfi_reg_id cfi_reg_id(const struct cfi_program *p, uint64_t reg)
{
	bool x86 = p->arch == ELF_CFI_X86_64;

	if (reg == p->cie->ra_reg)
		return CFI_RA;
	if (reg == (x86 ? X86_64_RBP : AARCH64_X29))
		return CFI_FP;
	return x86 && reg == X86_64_RBX ? CFI_BX : CFI_IGNORED;
}

#define CFI_MAX_IN_REG 32 /* a register that the walk may know */

static void cfi_set(struct cfi_program *p, uint64_t reg, struct cfi_reg to)
{
	p->now.regs[cfi_reg_id(p, reg)] = to;
}

static struct cfi_reg cfi_saved(enum cfi_how how, uint64_t base, int64_t off)
{
	if (off % 8 || off / 8 != (int16_t)(off / 8) || base > UINT8_MAX)
		return (struct cfi_reg){.how = CFI_OTHER};
	return (struct cfi_reg){.how = how, .base = (uint8_t)base, .words = (int16_t)(off / 8)};
}

/* An offset in units of the data alignment; wraps as the debuggers' do. */
static int64_t cfi_factored(const struct cfi_program *p, uint64_t n)
{
	return (int64_t)(n * (uint64_t)p->cie->data_align);
}

static void cfi_offset(struct cfi_program *p, uint64_t reg, uint64_t n)
{
	cfi_set(p, reg, cfi_saved(CFI_AT_CFA, 0, cfi_factored(p, n)));
}

static void cfi_in_register(struct cfi_program *p, uint64_t reg, uint64_t in)
{
	cfi_set(p, reg,
		(struct cfi_reg){.how = in < CFI_MAX_IN_REG ? CFI_IN_REG : CFI_OTHER,
				 .base = (uint8_t)in});
}

static void cfi_restore(struct cfi_program *p, uint64_t reg)
{
	cfi_set(p, reg, p->cie->initial.regs[cfi_reg_id(p, reg)]);
}

static void cfi_def_cfa(struct cfi_program *p, uint64_t reg, int64_t off)
{
	p->now.cfa_reg = reg < CFI_NO_REG ? (uint16_t)reg : CFI_NO_REG;
	p->now.cfa_off = off;
	p->now.cfa_by_expr = false;
}

/* A block of bytes led by its length. */
static struct cursor cfi_block(struct cfi_program *p)
{
	uint64_t len = dwarf_uleb(&p->c);

	return cursor_over(cursor__bytes(&p->c, len), p->c.err ? 0 : len);
}

static void cfi_expression(struct cfi_program *p)
{
	uint64_t reg = dwarf_uleb(&p->c), base = 0;
	struct cfi_reg r = {.how = CFI_OTHER};
	struct cursor block = cfi_block(p);
	int64_t off = 0;

	if (cfi_expr_breg(&block, &base, &off))
		r = cfi_saved(CFI_AT_REG, base, off);
	cfi_set(p, reg, r);
}

static void cfi_remember(struct cfi_program *p)
{
	if (p->remembered_cnt == CFI_MAX_REMEMBERED) {
		p->c.err = -EBADMSG;
		return;
	}
	p->remembered[p->remembered_cnt++] = p->now;
}

static void cfi_recall(struct cfi_program *p)
{
	if (!p->remembered_cnt) {
		p->c.err = -EBADMSG;
		return;
	}
	p->now = p->remembered[--p->remembered_cnt];
}

/* Instructions that say where a register is. False if @op is none. */
static bool cfi_step_register(struct cfi_program *p, uint8_t op)
{
	const struct cfi_reg other = {.how = CFI_OTHER};
	struct cursor *c = &p->c;
	uint64_t reg;

	switch (op) {
	case DW_CFA_expression:
		cfi_expression(p);
		return true;
	case DW_CFA_offset_extended:
	case DW_CFA_offset_extended_sf:
	case DW_CFA_GNU_negative_offset_extended:
	case DW_CFA_restore_extended:
	case DW_CFA_undefined:
	case DW_CFA_same_value:
	case DW_CFA_register:
	case DW_CFA_val_offset:
	case DW_CFA_val_offset_sf:
	case DW_CFA_val_expression:
		reg = dwarf_uleb(c);
		break;
	default:
		return false;
	}
	if (op == DW_CFA_offset_extended)
		cfi_offset(p, reg, dwarf_uleb(c));
	else if (op == DW_CFA_offset_extended_sf)
		cfi_offset(p, reg, (uint64_t)dwarf_sleb(c));
	else if (op == DW_CFA_GNU_negative_offset_extended)
		cfi_offset(p, reg, -dwarf_uleb(c));
	else if (op == DW_CFA_restore_extended)
		cfi_restore(p, reg);
	else if (op == DW_CFA_undefined)
		cfi_set(p, reg, (struct cfi_reg){.how = CFI_UNDEFINED});
	else if (op == DW_CFA_same_value)
		cfi_set(p, reg, (struct cfi_reg){.how = CFI_SAME});
	else if (op == DW_CFA_register)
		cfi_in_register(p, reg, dwarf_uleb(c));
	else
		cfi_set(p, reg, other);
	if (op == DW_CFA_val_expression)
		cfi_block(p);
	else if (op == DW_CFA_val_offset || op == DW_CFA_val_offset_sf)
		dwarf_uleb(c);
	return true;
}

/* Instructions that say where the CFA is, and those that concern whole rows. */
static void cfi_step_cfa(struct cfi_program *p, uint8_t op)
{
	struct cursor *c = &p->c, block;
	uint64_t reg;

	switch (op) {
	case DW_CFA_nop:
		return;
	case DW_CFA_def_cfa:
		reg = dwarf_uleb(c);
		cfi_def_cfa(p, reg, (int64_t)dwarf_uleb(c));
		return;
	case DW_CFA_def_cfa_sf:
		reg = dwarf_uleb(c);
		cfi_def_cfa(p, reg, cfi_factored(p, (uint64_t)dwarf_sleb(c)));
		return;
	case DW_CFA_def_cfa_register:
		cfi_def_cfa(p, dwarf_uleb(c), p->now.cfa_off);
		return;
	/* These two leave an expression in force, as in libgcc. */
	case DW_CFA_def_cfa_offset:
		p->now.cfa_off = (int64_t)dwarf_uleb(c);
		return;
	case DW_CFA_def_cfa_offset_sf:
		p->now.cfa_off = cfi_factored(p, (uint64_t)dwarf_sleb(c));
		return;
	case DW_CFA_def_cfa_expression:
		block = cfi_block(p);
		p->now.expr = cfi_expr_cfa(&block);
		p->now.cfa_by_expr = true;
		return;
	case DW_CFA_remember_state:
		cfi_remember(p);
		return;
	case DW_CFA_restore_state:
		cfi_recall(p);
		return;
	case DW_CFA_GNU_args_size:
		dwarf_uleb(c);
		return;
	case DW_CFA_AARCH64_negate_ra_state:
	case DW_CFA_AARCH64_negate_ra_state_with_pc:
		if (p->arch == ELF_CFI_AARCH64) {
			p->now.ra_signed = !p->now.ra_signed;
			return;
		}
		/* fall through */
	default:
		c->err = -EBADMSG;
	}
}

/* Where the next row begins, if @op moves on: sets p->end. */
static bool cfi_step_advance(struct cfi_program *p, uint8_t op)
{
	uint64_t delta, to;

	if ((op & 0xc0) == DW_CFA_advance_loc) {
		delta = op & 0x3f;
	} else if (op == DW_CFA_advance_loc1) {
		delta = cursor__u8(&p->c);
	} else if (op == DW_CFA_advance_loc2) {
		delta = cursor__u16(&p->c);
	} else if (op == DW_CFA_advance_loc4) {
		delta = cursor__u32(&p->c);
	} else if (op == DW_CFA_MIPS_advance_loc8) {
		delta = cursor__u64(&p->c);
	} else if (op == DW_CFA_set_loc) {
		p->end = elf_cfi__pointer(p->section, &p->c, p->cie->encoding) - p->vaddr;
		return true;
	} else {
		return false;
	}
	if (__builtin_mul_overflow(delta, p->cie->code_align, &to) ||
	    __builtin_add_overflow(to, p->loc, &p->end))
		p->c.err = -EBADMSG;
	return true;
}

/* All instructions up to one that moves on (true) or to the end. */
static bool cfi_run(struct cfi_program *p)
{
	while (cursor__left(&p->c)) {
		uint8_t op = cursor__u8(&p->c);

		if ((op & 0xc0) == DW_CFA_offset)
			cfi_offset(p, op & 0x3f, dwarf_uleb(&p->c));
		else if ((op & 0xc0) == DW_CFA_restore)
			cfi_restore(p, op & 0x3f);
		else if (cfi_step_advance(p, op))
			return true;
		else if (!cfi_step_register(p, op))
			cfi_step_cfa(p, op);
	}
	return false;
}

int cfi_program_init_cie(struct cfi_cie *cie, enum elf_cfi_arch arch, const struct elf_cfi *section,
			 struct cursor c)
{
	struct cfi_program p;

	cie->initial = (struct cfi_state){.cfa_reg = CFI_NO_REG};
	p.arch = arch;
	p.section = section;
	cfi_program__begin(&p, cie, c, 0, 0);
	/* A CIE has no code to move on in. */
	if (cfi_run(&p) || p.c.err)
		return -EBADMSG;
	cie->initial = p.now;
	return 0;
}

void cfi_program__begin(struct cfi_program *p, const struct cfi_cie *cie, struct cursor c,
			uint64_t vaddr, uint64_t bytes)
{
	p->cie = cie;
	p->c = c;
	p->vaddr = vaddr;
	p->bytes = bytes;
	p->loc = p->end = 0;
	p->now = cie->initial;
	p->remembered_cnt = 0;
}

int cfi_program__next(struct cfi_program *p)
{
	p->loc = p->end;
	/* Rows are never empty: several instructions may move on by nothing. */
	while (p->loc < p->bytes) {
		bool more = cfi_run(p);

		if (p->c.err || (more && p->end < p->loc))
			return -EBADMSG;
		if (!more || p->end > p->bytes)
			p->end = p->bytes;
		if (p->end > p->loc)
			return 1;
	}
	return 0;
}
