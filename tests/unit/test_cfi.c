/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Call frame instructions: what each of them does to the rows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixtures/cfi_text.h"
#include "fixtures/mkcfi.h"
#include "format/cfi_rule.h"
#include "format/dwarf.h"

#define LOW(v)	     ((v)&0xff)
#define BYTES_4(v)   LOW(v), LOW((v) >> 8), LOW((v) >> 16), LOW((v) >> 24)
#define BYTES_8(v)   BYTES_4((v)&0xffffffff), BYTES_4((uint64_t)(v) >> 32)
#define ADVANCE(n)   (DW_CFA_advance_loc | (n))
#define OFFSET(reg)  (DW_CFA_offset | (reg))
#define RESTORE(reg) (DW_CFA_restore | (reg))
#define BREG(reg)    (DW_OP_breg0 + (reg))
#define MINUS(n)     (0x80 - (n)) /* sleb128, up to 64 */
#define CIE_OPS(...) (&(struct mkcfi_cie){MKCFI_OPS(__VA_ARGS__)})
#define USUAL	     (&(struct mkcfi_cie){0})
#define ARM64_OPS    MKCFI_OPS(DW_CFA_def_cfa, 31, 0)
#define ARM64	     (&(struct mkcfi_cie){.ra_reg = 30, .code_align = 4, ARM64_OPS})

/* The rows of one function of 0x100 bytes, whose instructions are the arguments after its CIE. */
#define assert_x86(expect, cie, ...)                                            \
	assert_function(expect, EM_X86_64, cie, (const uint8_t[]){__VA_ARGS__}, \
			sizeof((const uint8_t[]){__VA_ARGS__}))
#define assert_arm64(expect, cie, ...)                                           \
	assert_function(expect, EM_AARCH64, cie, (const uint8_t[]){__VA_ARGS__}, \
			sizeof((const uint8_t[]){__VA_ARGS__}))

static void assert_function(const char *expect, uint16_t machine, const struct mkcfi_cie *cie,
			    const uint8_t *ops, size_t len)
{
	struct mkcfi_fde fde = {.pc = MKCFI_CODE_VADDR, .bytes = 0x100, .ops = ops, .len = len};
	_cleanup_buf_ struct buf file = {0}, text;
	struct cfi_rows rows = {0};
	struct mkcfi m;
	struct mkelf elf;
	struct elf e;

	mkcfi__init(&m, false);
	mkcfi__fde(&m, mkcfi__cie(&m, cie), &fde);
	mkcfi_init_elf(&elf, &m, NULL);
	elf.machine = machine;
	mkelf__write(&elf, &file);
	buf__init(&text, 1 << 20);
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	if (!cfi_compile(&e, &rows))
		cfi_text_rows(&rows, &text);
	else
		buf__puts(&text, "none");
	assert_string_equal(buf__str(&text), expect);
	cfi_rows__fini(&rows);
	elf__close(&e);
	mkelf__fini(&elf);
	mkcfi__fini(&m);
}

static void test_usual_function(void **state)
{
	(void)state;
	assert_x86("1000 r7+8 ra-1, 1001 r7+16 ra-1 fp-2, 1004 r6+16 ra-1 fp-2, 1040 r7+8 ra-1 "
		   "fp-2, 1100 -",
		   USUAL, ADVANCE(1), DW_CFA_def_cfa_offset, 16, OFFSET(6), 2, ADVANCE(3),
		   DW_CFA_def_cfa_register, 6, ADVANCE(0x3c), DW_CFA_def_cfa, 7, 8);
	/* Without instructions it has the CIE's row. */
	assert_x86("1000 r7+8 ra-1, 1100 -", USUAL, DW_CFA_nop);
	/* glibc's _dl_runtime_resolve: CFA by rbx. */
	assert_x86("1000 r7+24 ra-1 bx-3, 1004 r3+24 ra-1 bx-3, 1100 -", USUAL,
		   DW_CFA_def_cfa_offset, 24, OFFSET(3), 3, ADVANCE(4), DW_CFA_def_cfa_register, 3);
}

static void test_advances(void **state)
{
	(void)state;
	assert_x86("1000 r7+8 ra-1, 103f r7+9 ra-1, 1041 r7+10 ra-1, 1043 r7+11 ra-1, 1045 r7+12 "
		   "ra-1, 1100 -",
		   USUAL, ADVANCE(0x3f), DW_CFA_def_cfa_offset, 9, DW_CFA_advance_loc1, 2,
		   DW_CFA_def_cfa_offset, 10, DW_CFA_advance_loc2, 2, 0, DW_CFA_def_cfa_offset, 11,
		   DW_CFA_advance_loc4, 2, 0, 0, 0, DW_CFA_def_cfa_offset, 12);
	assert_x86("1000 r7+8 ra-1, 1080 r7+9 ra-1, 1100 -", USUAL, DW_CFA_MIPS_advance_loc8,
		   BYTES_8(0x80ull), DW_CFA_def_cfa_offset, 9);
	/* All four bytes count. */
	assert_x86("1000 r7+8 ra-1, 1100 -", USUAL, DW_CFA_advance_loc4, 2, 0, 1, 0,
		   DW_CFA_def_cfa_offset, 12);
	/* In units of the code's alignment. */
	assert_arm64("1000 r31+0 lr, 1008 r31+16 lr, 1100 -", ARM64, ADVANCE(2),
		     DW_CFA_def_cfa_offset, 16);
	/* Empty rows: the last word about a place holds. */
	assert_x86("1000 r7+24 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_offset, 16, ADVANCE(0),
		   DW_CFA_def_cfa_offset, 24);
	/* Rows that say the same are one. */
	assert_x86("1000 r7+8 ra-1, 1002 r7+16 ra-1, 1100 -", USUAL, ADVANCE(1), OFFSET(12), 2,
		   ADVANCE(1), DW_CFA_def_cfa_offset, 16, ADVANCE(1), DW_CFA_nop);
	/* Beyond the function. */
	assert_x86("1000 r7+8 ra-1, 1100 -", USUAL, DW_CFA_advance_loc2, 0x01, 0x01,
		   DW_CFA_def_cfa_offset, 9);
	assert_x86("1000 r7+8 ra-1, 10ff r7+9 ra-1, 1100 -", USUAL, DW_CFA_advance_loc1, 0xff,
		   DW_CFA_def_cfa_offset, 9, ADVANCE(1), DW_CFA_def_cfa_offset, 10);
}

static void test_set_loc(void **state)
{
	/* The operand is written as the FDE's address is: relative to where it stands. */
	static const struct mkcfi_cie absolute = {.encoding = DW_EH_PE_udata4};

	(void)state;
	assert_x86("1000 r7+8 ra-1, 1020 r7+9 ra-1, 1100 -", &absolute, DW_CFA_set_loc,
		   BYTES_4(MKCFI_CODE_VADDR + 0x20), DW_CFA_def_cfa_offset, 9);
	/* Backwards. */
	assert_x86("none", &absolute, ADVANCE(0x21), DW_CFA_set_loc,
		   BYTES_4(MKCFI_CODE_VADDR + 0x20), DW_CFA_def_cfa_offset, 9);
}

static void test_cfa(void **state)
{
	(void)state;
	assert_x86("1000 r10+0 ra-1, 1100 -", USUAL, DW_CFA_def_cfa, 10, 0);
	/* Offsets that are signed count in units of the data's alignment. */
	assert_x86("1000 r6+16 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_sf, 6, MINUS(2));
	assert_x86("1000 r7-16 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_offset_sf, 2);
	assert_x86("1000 r255+8 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_register, 0xff, 1);
	assert_x86("1000 r7+2147483647 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_offset, 0xff, 0xff,
		   0xff, 0xff, 7);
	/* What doesn't fit a rule, or was never said. */
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_register, 0x80, 2);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_register, 0xff, 0xff, 3);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_offset, 0x80, 0x80, 0x80, 0x80, 8);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_register, 0x87, 0x80, 4);
	assert_x86("1000 ?, 1100 -", CIE_OPS(OFFSET(16), 1), DW_CFA_nop);
	/* GNU_args_size is for exceptions only. */
	assert_x86("1000 r7+8 ra-1, 1100 -", USUAL, DW_CFA_GNU_args_size, 16);
}

static void test_cfa_expressions(void **state)
{
	(void)state;
	/* gcc's realigned stack; OpenSSL's assembly; a plain register. */
	assert_x86("1000 *(r6-8)+0 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_expression, 3, BREG(6),
		   MINUS(8), DW_OP_deref);
	assert_x86("1000 *(r7+152)+8 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_expression, 6, BREG(7),
		   0x98, 1, DW_OP_deref, DW_OP_plus_uconst, 8);
	assert_x86("1000 r12+24 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_expression, 2, BREG(12), 24);
	assert_x86("1000 r33+24 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_expression, 3, DW_OP_bregx, 33,
		   24);
	/* An offset leaves it in force, a register ends it, and the offset is still there. */
	assert_x86("1000 *(r6-8)+0 ra-1, 1001 r6+32 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_expression,
		   3, BREG(6), MINUS(8), DW_OP_deref, DW_CFA_def_cfa_offset, 32, ADVANCE(1),
		   DW_CFA_def_cfa_register, 6);
	assert_x86("1000 *(r6-8)+0 ra-1, 1001 r7+8 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_expression,
		   3, BREG(6), MINUS(8), DW_OP_deref, ADVANCE(1), DW_CFA_def_cfa, 7, 8);
}

static void test_unknown_expressions(void **state)
{
	(void)state;
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 0);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 1, DW_OP_deref);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 1, BREG(7));
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 4, BREG(7), 8, DW_OP_deref,
		   DW_OP_deref);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 4, BREG(7), 8, DW_OP_deref,
		   DW_OP_plus_uconst);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 5, BREG(7), 8, DW_OP_deref,
		   DW_OP_plus, 8);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 6, BREG(7), 8, DW_OP_deref,
		   DW_OP_plus_uconst, 8, DW_OP_deref);
	/* A number to add of 16 bits and more; a register that has no byte. */
	assert_x86("1000 *(r7+8)+32767 ra-1, 1100 -", USUAL, DW_CFA_def_cfa_expression, 7, BREG(7),
		   8, DW_OP_deref, DW_OP_plus_uconst, 0xff, 0xff, 1);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 7, BREG(7), 8, DW_OP_deref,
		   DW_OP_plus_uconst, 0x80, 0x80, 2);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 5, DW_OP_bregx, 0x80, 2, 0,
		   DW_OP_deref);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 7, BREG(7), 0x80, 0x80, 0x80,
		   0x80, 8, DW_OP_deref);
}

/* ld's PLT: the first 11 bytes of an entry push nothing. */
#define PLT(off, reg, reg_off, limit, end)                                                \
	DW_CFA_def_cfa_expression, 11, BREG(7), off, BREG(reg), reg_off, DW_OP_lit0 + 15, \
		DW_OP_and, DW_OP_lit0 + (limit), DW_OP_ge, DW_OP_lit0 + 3, DW_OP_shl, end

static void test_plt(void **state)
{
	(void)state;
	assert_x86("1000 plt(r7+8,11) ra-1, 1100 -", USUAL, PLT(8, 16, 0, 11, DW_OP_plus));
	assert_x86("1000 plt(r7+8,10) ra-1, 1100 -", USUAL, PLT(8, 16, 0, 10, DW_OP_plus));
	assert_x86("1000 plt(r7+8,9) ra-1, 1100 -", USUAL, PLT(8, 16, 0, 9, DW_OP_plus));
	/* Nearly. */
	assert_x86("1000 ?, 1100 -", USUAL, PLT(8, 16, 0, 11, DW_OP_and));
	assert_x86("1000 ?, 1100 -", USUAL, PLT(8, 16, 1, 11, DW_OP_plus));
	assert_x86("1000 ?, 1100 -", USUAL, PLT(8, 15, 0, 11, DW_OP_plus));
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 4, BREG(7), 8, BREG(16), 0);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_def_cfa_expression, 12, BREG(7), 8, BREG(16), 0,
		   DW_OP_lit0 + 15, DW_OP_and, DW_OP_lit0 + 11, DW_OP_ge, DW_OP_lit0 + 3, DW_OP_shl,
		   DW_OP_plus, DW_OP_deref);
}

static void test_saved_registers(void **state)
{
	(void)state;
	assert_x86("1000 r7+8 ra-1 fp-2 bx-3, 1100 -", USUAL, OFFSET(6), 2, OFFSET(3), 3);
	assert_x86("1000 r7+8 ra-1 fp-2, 1100 -", USUAL, DW_CFA_offset_extended, 6, 2);
	assert_x86("1000 r7+8 ra-1 fp+2, 1100 -", USUAL, DW_CFA_offset_extended_sf, 6, MINUS(2));
	assert_x86("1000 r7+8 ra-1 fp+2, 1100 -", USUAL, DW_CFA_GNU_negative_offset_extended, 6, 2);
	assert_x86("1000 r7+8 ra-4, 1100 -", USUAL, DW_CFA_offset_extended, 16, 4);
	/* Words of 16 bits, and nothing between words. */
	assert_x86("1000 r7+8 ra-1 fp-32768, 1100 -", USUAL, OFFSET(6), 0x80, 0x80, 2);
	assert_x86("1000 ?, 1100 -", USUAL, OFFSET(6), 0x81, 0x80, 2);
	assert_x86("1000 ?, 1100 -", &(struct mkcfi_cie){.data_align = -4}, OFFSET(6), 3);
	/* Unchanged: as before any instruction, and back. */
	assert_x86(
		"1000 r7+8 ra-1 fp-2, 1001 r7+8 ra-1, 1002 r7+8 ra-1 bx-2, 1003 r7+8 ra-1, 1100 -",
		USUAL, OFFSET(6), 2, ADVANCE(1), DW_CFA_same_value, 6, ADVANCE(1), OFFSET(3), 2,
		ADVANCE(1), DW_CFA_undefined, 3);
	/* Restored to what the CIE said. */
	assert_x86("1000 r7+8 ra-1 fp-2, 1001 r7+8 ra-1, 1100 -", USUAL, OFFSET(6), 2, ADVANCE(1),
		   RESTORE(6));
	assert_x86("1000 r7+8 ra-2, 1001 r7+8 ra-1, 1100 -", USUAL, OFFSET(16), 2, ADVANCE(1),
		   DW_CFA_restore_extended, 16);
	/* Registers that nobody follows. */
	assert_x86("1000 r7+8 ra-1, 1100 -", USUAL, OFFSET(12), 2, RESTORE(13), DW_CFA_register, 12,
		   13, DW_CFA_val_offset, 7, 0, DW_CFA_val_offset_sf, 7, MINUS(1),
		   DW_CFA_val_expression, 14, 2, BREG(7), 0x3f, DW_CFA_val_expression, 14, 2,
		   BREG(7), 0, DW_CFA_expression, 15, 1, DW_OP_deref, DW_CFA_undefined, 0xff, 0xff,
		   3);
}

static void test_other_rules(void **state)
{
	(void)state;
	assert_x86("1000 ?, 1002 r7+8 ra-1, 1100 -", USUAL, DW_CFA_register, 6, 9, ADVANCE(2),
		   RESTORE(6));
	/* vfork keeps the return address in rdi; a register that nobody can know is none. */
	assert_x86("1000 r7+8 ra+5 lr, 1100 -", USUAL, DW_CFA_register, 16, 5);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_register, 16, 32);
	/* Realigned stacks save rbp and rbx where rbp points. */
	assert_x86("1000 r7+8 ra-1 fp+0 at-fp, 1100 -", USUAL, DW_CFA_expression, 6, 2, BREG(6), 0);
	assert_x86("1000 r7+8 ra-1 fp+0 bx-1 at-fp, 1100 -", USUAL, DW_CFA_expression, 6, 2,
		   BREG(6), 0, DW_CFA_expression, 3, 2, BREG(6), MINUS(8));
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_expression, 6, 2, BREG(6), 0, OFFSET(3), 3);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_expression, 16, 2, BREG(6), 8);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_val_offset, 6, 1);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_val_offset_sf, 3, 1);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_val_expression, 6, 2, BREG(7), 8);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_expression, 6, 1, DW_OP_deref);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_expression, 16, 4, DW_OP_bregx, 0x87, 2, 8);
	/* The return address has no register of its own on x86-64. */
	assert_x86("1000 ?, 1100 -", CIE_OPS(DW_CFA_def_cfa, 7, 8), DW_CFA_nop);
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_same_value, 16);
}

static void test_outermost(void **state)
{
	(void)state;
	assert_x86("1000 end, 1100 -", USUAL, DW_CFA_undefined, 16);
	/* _start: whatever the CFA is. */
	assert_x86("1000 end, 1100 -", USUAL, DW_CFA_undefined, 16, DW_CFA_def_cfa_expression, 0,
		   OFFSET(6), 2);
	assert_x86("1000 r7+8 ra-1, 1004 end, 1008 r7+8 ra-1, 1100 -", USUAL, ADVANCE(4),
		   DW_CFA_undefined, 16, ADVANCE(4), RESTORE(16));
	assert_arm64("1000 end, 1100 -", ARM64, DW_CFA_undefined, 30);
}

/* glibc's __restore_rt; the registers lie in the sigcontext above sp. */
#define AT_SP(reg, off) DW_CFA_expression, reg, 3, BREG(7), 0x80 | ((off)&0x7f), (off) >> 7

static void test_signal_frame(void **state)
{
	static const uint8_t data[] = {DW_EH_PE_pcrel | DW_EH_PE_sdata4};
	struct mkcfi_cie cie = {.augmentation = "zSR", .data = data, .data_len = 1};

	(void)state;
	cie.encoding = data[0];
	assert_x86("1000 *(r7+160)+0 ra+21 fp+15 bx+16 sp signal, 1100 -", &cie,
		   DW_CFA_def_cfa_expression, 4, BREG(7), 0xa0, 1, DW_OP_deref, AT_SP(6, 120),
		   AT_SP(3, 128), AT_SP(16, 168), AT_SP(12, 72));
	assert_x86("1000 r7+8 ra-1 signal, 1100 -", &cie, DW_CFA_nop);
	/* What is not saved is unchanged, in the signal's frame too. */
	assert_x86("1000 r7+8 ra+21 sp, 1100 -", USUAL, AT_SP(16, 168));
	/* Some from the CFA, others from sp; a place between words. */
	assert_x86("1000 ?, 1100 -", USUAL, AT_SP(6, 120));
	assert_x86("1000 ?, 1100 -", USUAL, AT_SP(16, 164));
	assert_x86("1000 ?, 1100 -", USUAL, DW_CFA_expression, 16, 3, BREG(7), 8, DW_OP_deref);
}

static void test_remembered_states(void **state)
{
	uint8_t deep[128];
	size_t n = 0;

	(void)state;
	assert_x86("1000 r7+8 ra-1, 1001 r6+16 ra-1 fp-2, 1002 r7+8 ra-1, 1003 r6+16 ra-1 fp-2, "
		   "1100 -",
		   USUAL, ADVANCE(1), DW_CFA_def_cfa, 6, 16, OFFSET(6), 2, ADVANCE(1),
		   DW_CFA_remember_state, DW_CFA_def_cfa, 7, 8, RESTORE(6), ADVANCE(1),
		   DW_CFA_restore_state);
	assert_x86("none", USUAL, DW_CFA_restore_state);
	/* 64 states can be remembered, not one more. */
	for (int i = 0; i < 64; i++)
		deep[n++] = DW_CFA_remember_state;
	for (int i = 0; i < 64; i++)
		deep[n++] = DW_CFA_restore_state;
	assert_function("1000 r7+8 ra-1, 1100 -", EM_X86_64, USUAL, deep, n);
	deep[64] = DW_CFA_remember_state;
	assert_function("none", EM_X86_64, USUAL, deep, n);
}

static void test_arm64(void **state)
{
	(void)state;
	assert_arm64("1000 r31+0 lr, 1008 r31+32 ra-3 fp-4, 100c r29+32 ra-3 fp-4, 1100 -", ARM64,
		     ADVANCE(2), DW_CFA_def_cfa_offset, 32, OFFSET(29), 4, OFFSET(30), 3,
		     ADVANCE(1), DW_CFA_def_cfa_register, 29);
	assert_arm64("1000 r31+0 lr, 1004 r31+0 lr signed, 1008 r31+16 ra-1 fp-2 signed, 100c "
		     "r31+0 lr, 1100 -",
		     ARM64, ADVANCE(1), DW_CFA_AARCH64_negate_ra_state, ADVANCE(1),
		     DW_CFA_def_cfa_offset, 16, OFFSET(29), 2, OFFSET(30), 1, ADVANCE(1),
		     DW_CFA_AARCH64_negate_ra_state_with_pc, DW_CFA_def_cfa_offset, 0, RESTORE(29),
		     RESTORE(30));
	/* x3 and x6 are no rbx and rbp. */
	assert_arm64("1000 r31+0 lr, 1100 -", ARM64, OFFSET(3), 1, OFFSET(6), 1);
	assert_arm64("1000 r31+0 lr, 1100 -", ARM64, DW_CFA_undefined, 29);
	/* There is no such instruction on x86-64. */
	assert_x86("none", USUAL, DW_CFA_AARCH64_negate_ra_state);
}

static void test_bad_instructions(void **state)
{
	(void)state;
	assert_x86("none", USUAL, 0x3f);
	assert_x86("none", USUAL, 0x17);
	assert_x86("none", USUAL, ADVANCE(4), DW_CFA_def_cfa_offset, 0x80, 0x80, 0x80, 0x80, 0x80,
		   0x80, 0x80, 0x80, 0x80, 0x80, 0);
	/*
	 * Operands that would go on behind the entry: three bytes of instructions need no padding.
	 */
	assert_x86("none", USUAL, DW_CFA_nop, DW_CFA_nop, DW_CFA_def_cfa_offset);
	assert_x86("none", USUAL, DW_CFA_nop, DW_CFA_def_cfa_expression, 1);
	assert_x86("none", USUAL, DW_CFA_expression, 6, 1);
	assert_x86("none", USUAL, DW_CFA_val_expression, 6, 1);
	assert_x86("none", USUAL, DW_CFA_nop, DW_CFA_advance_loc2, 1);
	/* A product past 64 bits. */
	assert_x86("none", &(struct mkcfi_cie){.code_align = 1ull << 62}, ADVANCE(8));
	/* CIEs have no code to move on in. */
	assert_x86("none", CIE_OPS(DW_CFA_def_cfa, 7, 8, OFFSET(16), 1, ADVANCE(1)), DW_CFA_nop);
	assert_x86("none", CIE_OPS(0x3f), DW_CFA_nop);
}

/* As many rules as a table holds, each with its number; those that follow are unsupported. */
static void test_many_rules(void **state)
{
	struct cfi_rule_set t;

	(void)state;
	assert_int_equal(cfi_rule_set__init(&t), 0);
	assert_int_equal(t.cnt, 2);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < UNWIND_MAX_RULES + 1000; i++) {
			struct unwind_rule rule = {.cfa = UNWIND_CFA_REG, .off = i, .ra = -1};
			int expect = i + 2 < UNWIND_MAX_RULES ? i + 2 : CFI_RULE_UNSUPPORTED;

			assert_int_equal(cfi_rule_set__get(&t, &rule), expect);
		}
	assert_int_equal(t.cnt, UNWIND_MAX_RULES);
	assert_int_equal(t.rules[CFI_RULE_UNSUPPORTED].cfa, UNWIND_CFA_UNSUPPORTED);
	cfi_rule_set__fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual_function),
		cmocka_unit_test(test_advances),
		cmocka_unit_test(test_set_loc),
		cmocka_unit_test(test_cfa),
		cmocka_unit_test(test_cfa_expressions),
		cmocka_unit_test(test_unknown_expressions),
		cmocka_unit_test(test_plt),
		cmocka_unit_test(test_saved_registers),
		cmocka_unit_test(test_other_rules),
		cmocka_unit_test(test_outermost),
		cmocka_unit_test(test_signal_frame),
		cmocka_unit_test(test_remembered_states),
		cmocka_unit_test(test_arm64),
		cmocka_unit_test(test_bad_instructions),
		cmocka_unit_test(test_many_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
