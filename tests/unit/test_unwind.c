/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The walk by unwind tables over stacks made by hand. test_unwind_arm64.c compiles the same tests with the rules of
 * that machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/compiler.h"
#include "fixtures/unwind_host.h"

#define SP   UNWIND_REG_SP
#define FP   UNWIND_REG_FP
#define BX   UNWIND_REG_BX
#define REGS host.regs.reg

/* A module of functions of 64 bytes, and code that a just-in-time compiler made. */
#define MODULE	       3
#define CODE	       0x400000ull
#define CODE_BYTES     0x4000ull
#define CODE_OFF       0x7000ull
#define JIT	       0x900000ull
#define FUNCTION_BYTES 0x40
#define MAX_FUNCTIONS  128

#define STACK	    0x7ffe00000000ull
#define STACK_WORDS 4096

static uint64_t stack[STACK_WORDS];
static struct unwind_rule functions[MAX_FUNCTIONS]; /* by number; cfa 0: no CFI */
static uint32_t function_cnt;

/* An address inside of function @n. */
static uint64_t in(uint32_t n)
{
	return CODE + n * FUNCTION_BYTES + 0x21;
}

/* The address of a word of the stack. */
static uint64_t at(uint32_t i)
{
	return STACK + i * 8ull;
}

static int setup(void **state _unused_)
{
	memset(stack, 0, sizeof(stack));
	memset(functions, 0, sizeof(functions));
	function_cnt = 0;
	host_reset();
	host_map(CODE, CODE + CODE_BYTES, CODE_OFF, MODULE);
	host_map(JIT, JIT + 0x10000, 0, 0);
	host_add_memory(STACK, stack, sizeof(stack), false);
	return 0;
}

static int teardown(void **state _unused_)
{
	host_reset();
	return 0;
}

/* A new function; its number. */
static uint32_t function(struct unwind_rule rule)
{
	assert_true(function_cnt < MAX_FUNCTIONS);
	functions[function_cnt] = rule;
	return function_cnt++;
}

#define RULE(...) ((struct unwind_rule){.ra = -1, __VA_ARGS__})
/* The CFA by sp; the frame pointer saved below the return address; by the frame pointer. */
#define BY_SP(bytes) RULE(.cfa = UNWIND_CFA_REG, .reg = SP, .off = (bytes))
#define BY_SP_FP_SAVED(bytes) \
	RULE(.cfa = UNWIND_CFA_REG, .reg = SP, .off = (bytes), .fp = -2, .flags = UNWIND_FP_SAVED)
#define BY_FP	  RULE(.cfa = UNWIND_CFA_REG, .reg = FP, .off = 16, .fp = -2, .flags = UNWIND_FP_SAVED)
#define OUTERMOST ((struct unwind_rule){.cfa = UNWIND_CFA_END})
#define NO_CFI	  ((struct unwind_rule){0})

/* Makes the table; a function's row says the same as the one before only if it has to. */
static void make_table(void)
{
	struct cfi_row rows[MAX_FUNCTIONS + 1];
	struct unwind_rule rules[MAX_FUNCTIONS + 1] = {0};
	struct cfi_rows r = {.rows = rows, .rules = rules, .rule_cnt = function_cnt + 1u};

	for (uint32_t i = 0; i < function_cnt; i++) {
		rules[i + 1] = functions[i];
		rows[r.cnt++] = (struct cfi_row){.off = CODE_OFF + i * FUNCTION_BYTES,
						 .rule = functions[i].cfa ? i + 1 : 0};
	}
	rows[r.cnt++] = (struct cfi_row){.off = CODE_OFF + function_cnt * FUNCTION_BYTES};
	host_add_table(MODULE, &r);
}

/* The walk found just @cnt addresses. */
static void assert_ips(const uint64_t *want, uint32_t cnt)
{
	assert_int_equal(host.walk.frame_cnt, cnt);
	for (uint32_t i = 0; i < cnt; i++)
		if (host.ips[i] != want[i])
			fail_msg("frame %u is %llx and not %jx", i, host.ips[i],
				 (uintmax_t)want[i]);
	for (uint32_t i = cnt; i < WIRE_MAX_FRAMES; i++)
		assert_int_equal(host.ips[i], 0x0101010101010101ull * HOST_RUBBISH);
}

/* The hash is that of the addresses, without marks. */
static void assert_hash(void)
{
	uint64_t hash = intern_seed(WIRE_STACK_USER, &(struct wire_image){42, 1, 4711});

	for (uint32_t i = 0; i < host.walk.frame_cnt; i++)
		hash = intern_mix(hash, host.ips[i] & ~WIRE_IP_EXACT);
	assert_int_equal(host.walk.hash, hash);
}

#define assert_walk(end, ...)                                                      \
	assert_walk_with(WIRE_MAX_FRAMES, 0, end, (const uint64_t[]){__VA_ARGS__}, \
			 ARRAY_SIZE(((const uint64_t[]){__VA_ARGS__})))

static void assert_walk_with(uint32_t max_frames, uint32_t flags, uint32_t end,
			     const uint64_t *want, uint32_t cnt)
{
	uint32_t got = host_walk(max_frames, flags);

	if (got != end)
		fail_msg("the walk of %u frames ended with %u and not %u", host.walk.frame_cnt, got,
			 end);
	assert_ips(want, cnt);
	assert_hash();
	assert_true(host.walk.flags & UNWIND_W_DONE);
}

/* ---- CFAs ---- */

static void test_frames_are_left_by_sp(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(8)), mid = function(BY_SP(40)), end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	stack[0] = in(mid);
	stack[5] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(mid), in(end));
	assert_int_equal(host.walk.sp, at(6));
}

/* A return address lies behind its call, which may be the last instruction of the function. */
static void test_a_call_at_the_end_of_a_function_belongs_to_it(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(8)), mid = function(BY_SP(24)), other = function(BY_SP(8)),
		 end = function(OUTERMOST);

	make_table();
	host.regs.pc = CODE + mid * FUNCTION_BYTES; /* and an instruction at its beginning */
	REGS[SP] = at(0);
	stack[2] = CODE + other * FUNCTION_BYTES; /* of mid, not of other */
	stack[5] = CODE + (end + 1) * FUNCTION_BYTES;
	assert_walk(WIRE_END_OUTERMOST, host.regs.pc, stack[2], stack[5]);
	(void)leaf;
}

static void test_the_frame_pointer_is_followed_where_it_is_saved(void **state _unused_)
{
	uint32_t leaf = function(BY_SP_FP_SAVED(32)), mid = function(BY_SP(16)),
		 by_fp = function(BY_FP), end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	REGS[FP] = 12345; /* the leaf's own */
	stack[3] = in(mid);
	stack[2] = at(20); /* mid doesn't touch it */
	stack[5] = in(by_fp);
	stack[20] = at(30);
	stack[21] = in(by_fp);
	stack[30] = 77;
	stack[31] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(mid), in(by_fp), in(by_fp), in(end));
	assert_int_equal(host.walk.fp, 77);
	assert_int_equal(host.walk.fp_at, at(30));
}

static void test_the_innermost_frame_pointer_is_that_of_the_registers(void **state _unused_)
{
	uint32_t by_fp = function(BY_FP), end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(by_fp);
	REGS[SP] = at(0);
	REGS[FP] = at(8);
	stack[9] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(by_fp), in(end));
	assert_true(host.walk.notes.flags & MEMO_USES_FP);
}

static void test_a_cfa_may_be_kept_on_the_stack(void **state _unused_)
{
	uint32_t by_sp = function(RULE(.cfa = UNWIND_CFA_DEREF, .reg = SP, .off = 24, .add = 16)),
		 by_fp = function(RULE(.cfa = UNWIND_CFA_DEREF, .reg = FP, .off = -8, .add = -8,
				       .fp = -2, .flags = UNWIND_FP_SAVED)),
		 end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(by_sp);
	REGS[SP] = at(0);
	REGS[FP] = at(20);
	stack[3] = at(8); /* CFA at(10) */
	stack[9] = in(by_fp);
	stack[19] = at(31); /* CFA at(30) */
	stack[29] = in(end);
	stack[28] = 99;
	assert_walk(WIRE_END_OUTERMOST, in(by_sp), in(by_fp), in(end));
	assert_int_equal(host.walk.sp, at(30));
	assert_int_equal(host.walk.fp, 99);
}

/* A slot of the PLT: behind its push, 11 bytes in, the CFA is a word further away. */
static void test_in_the_plt_the_address_decides(void **state _unused_)
{
	uint32_t plt = function(RULE(.cfa = UNWIND_CFA_PLT, .reg = SP, .off = 8, .add = 11)),
		 end = function(OUTERMOST);

	make_table();
	REGS[SP] = at(0);
	for (uint32_t i = 0; i < 32; i++) {
		bool pushed = (i & 15) >= 11;

		host.regs.pc = CODE + plt * FUNCTION_BYTES + i;
		stack[0] = pushed ? 5 : in(end);
		stack[1] = pushed ? in(end) : 5;
		assert_walk(WIRE_END_OUTERMOST, host.regs.pc, in(end));
	}
}

#if UNWIND_REG_BX < 32

static void test_rbx_is_followed_where_it_is_saved(void **state _unused_)
{
	uint32_t by_bx = function(RULE(.cfa = UNWIND_CFA_REG, .reg = BX, .off = 32, .bx = -3,
				       .flags = UNWIND_BX_SAVED)),
		 mid = function(BY_SP(16)), end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(by_bx);
	REGS[SP] = at(0);
	REGS[BX] = at(6);
	stack[9] = in(mid);
	stack[7] = at(16); /* the caller's */
	stack[11] = in(by_bx);
	stack[19] = in(end);
	stack[17] = 88;
	assert_walk(WIRE_END_OUTERMOST, in(by_bx), in(mid), in(by_bx), in(end));
	assert_int_equal(host.walk.bx, 88);
	assert_true(host.walk.notes.flags & MEMO_USES_BX);
}

/* As vfork() has it: the child's return would overwrite it on the stack. */
static void test_a_return_address_may_be_in_any_register(void **state _unused_)
{
	struct unwind_rule rule = {
		.cfa = UNWIND_CFA_REG, .reg = SP, .ra = 5, .flags = UNWIND_RA_IN_REG};
	uint32_t leaf = function(rule), mid = function(BY_SP(8)), end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(leaf);
	host.regs.lr = in(end); /* there is none */
	REGS[SP] = at(0);
	REGS[5] = in(mid);
	stack[0] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(mid), in(end));
	assert_true(host.walk.notes.flags & MEMO_IMPOSSIBLE);
	stack[0] = in(leaf);
	assert_walk(WIRE_END_NO_REGISTERS, in(leaf), in(mid), in(leaf));
	assert_walk_with(WIRE_MAX_FRAMES, UNWIND_W_NO_REGS, WIRE_END_NO_REGISTERS,
			 &(const uint64_t){in(leaf)}, 1);
}

static void test_rbx_and_the_frame_pointer_may_be_saved_together(void **state _unused_)
{
	uint32_t saves = function(RULE(.cfa = UNWIND_CFA_REG, .reg = SP, .off = 64, .fp = -2,
				       .bx = -7, .flags = UNWIND_FP_SAVED | UNWIND_BX_SAVED)),
		 deref = function(RULE(.cfa = UNWIND_CFA_DEREF, .reg = BX, .off = 16, .add = 8)),
		 by_fp = function(BY_FP), end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(saves);
	REGS[SP] = at(0);
	stack[7] = in(deref);
	stack[6] = at(40);
	stack[1] = at(20); /* rbx */
	stack[22] = at(29);
	stack[29] = in(by_fp);
	stack[41] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(saves), in(deref), in(by_fp), in(end));
}

#endif

/* Only of the innermost frame all registers are known. */
static void test_other_registers_are_known_only_at_the_beginning(void **state _unused_)
{
	uint32_t by_r10 = function(RULE(.cfa = UNWIND_CFA_REG, .reg = 10, .off = 0)),
		 deref = function(RULE(.cfa = UNWIND_CFA_DEREF, .reg = 10, .off = 8, .add = 0)),
		 end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(by_r10);
	REGS[SP] = at(0);
	REGS[10] = at(6);
	stack[5] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(by_r10), in(end));
	assert_true(host.walk.notes.flags & MEMO_IMPOSSIBLE);
	stack[5] = in(by_r10);
	assert_walk(WIRE_END_NO_REGISTERS, in(by_r10), in(by_r10));
	host.regs.pc = in(deref);
	stack[7] = at(10);
	stack[9] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(deref), in(end));
	stack[9] = in(deref);
	assert_walk(WIRE_END_NO_REGISTERS, in(deref), in(deref));
}

/* ---- ends ---- */

static void test_a_return_address_of_0_ends_the_walk(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(16)), mid = function(BY_SP(8));

	make_table();
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	stack[1] = in(mid);
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(mid));
}

static void test_what_has_no_form_in_the_table_is_said(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(16)),
		 odd = function((struct unwind_rule){.cfa = UNWIND_CFA_UNSUPPORTED});

	make_table();
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	stack[1] = in(odd);
	assert_walk(WIRE_END_UNSUPPORTED, in(leaf), in(odd));
}

static void test_a_table_for_which_there_was_no_memory_is_said(void **state _unused_)
{
	struct unwind_header refused = {.block_cnt = 1, .flags = UNWIND_TABLE_REFUSED};

	host_add_table_bytes(MODULE, &refused, sizeof(refused));
	host.regs.pc = in(0);
	REGS[SP] = at(0);
	assert_walk(WIRE_END_TABLE_FULL, in(0));
}

static void test_a_module_without_cfi_goes_on_by_the_frame_pointer(void **state _unused_)
{
	struct unwind_header without = {.block_cnt = 1};

	host_add_table_bytes(MODULE, &without, sizeof(without));
	host.regs.pc = in(0);
	REGS[SP] = at(0);
	REGS[FP] = at(4);
	stack[5] = in(1);
	assert_walk(WIRE_END_OUTERMOST, in(0), in(1));
}

static void test_a_table_that_is_not_there_yet_is_waited_for(void **state _unused_)
{
	host.regs.pc = in(0);
	REGS[SP] = at(0);
	assert_walk(WIRE_END_PENDING, in(0));
	assert_walk_with(WIRE_MAX_FRAMES, UNWIND_W_STALE, WIRE_END_PENDING,
			 &(const uint64_t){in(0)}, 1);
}

/* Also one of whose blocks just the first has come. */
static void test_a_table_in_pieces_is_never_left(void **state _unused_)
{
	struct unwind_header h = {
		.block_cnt = 9, .first_page = CODE_OFF >> 10, .page_cnt = 8, .rule_cnt = 8};
	uint64_t table[UNWIND_BLOCK_BYTES / 8] = {0};
	struct unwind_page *pages = (void *)((char *)table + sizeof(h));

	host.regs.pc = CODE;
	REGS[SP] = at(0);
	h.rule_off = 5 * UNWIND_BLOCK_BYTES;
	pages[0].rule = 1; /* whose rule is missing */
	memcpy(table, &h, sizeof(h));
	host_add_table_bytes(MODULE, table, sizeof(table));
	assert_walk(WIRE_END_OUTERMOST, CODE); /* as without CFI: the frame pointer is 0 */
	host.tables[MODULE].cnt = 0;
	free(host.tables[MODULE].blocks[0]);
	pages[0].row = 6 * UNWIND_BLOCK_BYTES / 4; /* and rows */
	pages[0].row_cnt = 3;
	host_add_table_bytes(MODULE, table, sizeof(table));
	assert_walk(WIRE_END_OUTERMOST, CODE);
	host.tables[MODULE].cnt = 0;
	free(host.tables[MODULE].blocks[0]);
	h.first_page -= 4096; /* and pages */
	h.page_cnt = 8192;
	memcpy(table, &h, sizeof(h));
	host_add_table_bytes(MODULE, table, sizeof(table));
	assert_walk(WIRE_END_OUTERMOST, CODE);
}

static void test_an_address_in_no_mapping_is_said(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(16));

	make_table();
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	for (int i = 0; i < 4; i++) {
		stack[1] = (uint64_t[]){CODE, CODE + CODE_BYTES + 1, UINT64_MAX >> 1, 1}[i];
		assert_walk(WIRE_END_PC_UNMAPPED, in(leaf), stack[1]);
		/* Mappings that are out of date may lack it. */
		assert_walk_with(WIRE_MAX_FRAMES, UNWIND_W_STALE, WIRE_END_PENDING,
				 (const uint64_t[]){in(leaf), stack[1]}, 2);
	}
}

static void test_a_cfa_below_or_askew_is_bad(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(16)), down = function(BY_SP(-16)), same = function(BY_SP(0)),
		 odd = function(BY_SP(12)), by_fp = function(BY_FP);

	make_table();
	host.regs.pc = in(leaf);
	REGS[SP] = at(4);
	stack[5] = in(down);
	assert_walk(WIRE_END_BAD_CFA, in(leaf), in(down));
	stack[5] = in(same);
	assert_walk(WIRE_END_BAD_CFA, in(leaf), in(same));
	stack[5] = in(odd);
	assert_walk(WIRE_END_BAD_CFA, in(leaf), in(odd));
	stack[5] = in(by_fp);
	for (int i = 0; i < 5; i++) {
		REGS[FP] = (uint64_t[]){0, at(4), at(3), at(8) + 4, UINT64_MAX - 7}[i];
		assert_walk(WIRE_END_BAD_CFA, in(leaf), in(by_fp));
	}
	REGS[FP] = at(5); /* CFA at(7), just above */
	stack[6] = 0;
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(by_fp));
}

/* Memory that ends before what the walk wants of the frame @depth. */
static void check_fault(uint32_t depth, size_t bytes)
{
	uint64_t want[16];

	host.areas[0].bytes = bytes;
	for (uint32_t i = 0; i <= depth; i++)
		want[i] = in(i ? 0 : 1);
	assert_walk_with(WIRE_MAX_FRAMES, 0, WIRE_END_FAULT, want, depth + 1);
}

static void test_memory_may_end_at_each_depth(void **state _unused_)
{
	uint32_t mid = function(BY_SP_FP_SAVED(32)), leaf = function(BY_SP(8));

	make_table();
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	for (uint32_t i = 0; i < 64; i++)
		stack[i * 4] = in(mid);
	check_fault(0, 0);
	check_fault(0, 7);
	for (uint32_t depth = 1; depth < 15; depth++) {
		check_fault(depth, 8 + 32 * (depth - 1));
		check_fault(depth, 8 + 32 * depth - 1);
		check_fault(depth, 8 + 32 * depth - 8);
	}
}

static void test_each_slot_of_a_frame_may_be_out_of_memory(void **state _unused_)
{
	uint32_t fp = function(RULE(.cfa = UNWIND_CFA_REG, .reg = SP, .off = 16, .fp = 100,
				    .flags = UNWIND_FP_SAVED)),
		 deref = function(RULE(.cfa = UNWIND_CFA_DEREF, .reg = SP, .off = 800)),
		 ra = function((struct unwind_rule){
			 .cfa = UNWIND_CFA_REG, .reg = SP, .off = 8, .ra = 99}),
		 bx = function(RULE(.cfa = UNWIND_CFA_REG, .reg = SP, .off = 16, .bx = 100,
				    .flags = UNWIND_BX_SAVED));

	make_table();
	host.areas[0].bytes = 800;
	stack[1] = in(fp);
	REGS[SP] = at(0);
	for (int i = 0; i < 4; i++) {
		host.regs.pc = in((uint32_t[]){fp, deref, ra, bx}[i]);
		assert_walk(WIRE_END_FAULT, host.regs.pc);
	}
	REGS[SP] = at(0) + 4; /* no word lies there */
	host.regs.pc = in(deref);
	assert_walk(WIRE_END_FAULT, host.regs.pc);
}

/* ---- without CFI ---- */

static void test_code_without_cfi_is_left_by_the_frame_pointer(void **state _unused_)
{
	uint32_t gap = function(NO_CFI), by_sp = function(BY_SP_FP_SAVED(32)),
		 end = function(OUTERMOST);

	make_table();
	host.regs.pc = JIT + 5;
	REGS[SP] = at(0);
	REGS[FP] = at(3);
	stack[3] = at(10);
	stack[4] = in(gap);
	stack[10] = at(12);
	stack[11] = in(by_sp);
	stack[15] = JIT + 0x10000; /* the call is the last of its memory */
	stack[14] = at(20);
	stack[20] = 0;
	stack[21] = in(end);
	assert_walk(WIRE_END_OUTERMOST, JIT + 5, in(gap), in(by_sp), JIT + 0x10000, in(end));
}

static void test_without_cfi_a_frame_pointer_of_0_is_the_outermost(void **state _unused_)
{
	function(BY_SP(8));
	make_table();
	host.regs.pc = JIT + 5;
	REGS[SP] = at(0);
	REGS[FP] = at(0); /* just pushed */
	stack[0] = 0;
	stack[1] = JIT + 9;
	assert_walk(WIRE_END_OUTERMOST, JIT + 5, JIT + 9);
	assert_false(host.walk.notes.flags & MEMO_IMPOSSIBLE);
	stack[1] = 0;
	stack[0] = at(9);
	assert_walk(WIRE_END_OUTERMOST, JIT + 5);
}

static void test_without_cfi_and_frame_pointer_there_are_no_rows(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(16));

	make_table();
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	stack[1] = JIT + 9;
	for (int i = 0; i < 5; i++) {
		REGS[FP] = (uint64_t[]){at(1), 8, at(8) + 1, at(8) + 4, 1}[i];
		assert_walk(WIRE_END_NO_ROWS, in(leaf), JIT + 9);
		assert_true(host.walk.notes.flags & MEMO_IMPOSSIBLE);
	}
	REGS[FP] = UINT64_MAX - 7;
	assert_walk(WIRE_END_BAD_CFA, in(leaf), JIT + 9);
	REGS[FP] = at(STACK_WORDS);
	assert_walk(WIRE_END_FAULT, in(leaf), JIT + 9);
}

/* ---- signals ---- */

/* The kernel's frame: registers count from sp, and the interrupted address is an instruction. */
#define SIGNAL_FRAME                                                                    \
	((struct unwind_rule){.cfa = UNWIND_CFA_DEREF,                                  \
			      .reg = SP,                                                \
			      .off = 160,                                               \
			      .ra = 21,                                                 \
			      .fp = 15,                                                 \
			      .bx = 16,                                                 \
			      .flags = UNWIND_SIGNAL | UNWIND_AT_SP | UNWIND_FP_SAVED | \
				       UNWIND_BX_SAVED})

/* A handler, called on the stack from @handler on, of code interrupted at @pc with sp at @sp. */
static void make_signal(uint32_t handler, uint32_t tramp, uint32_t first, uint64_t pc, uint32_t sp)
{
	host.regs.pc = in(handler);
	REGS[SP] = at(first);
	REGS[FP] = 12345;
	stack[first] = in(tramp);
	stack[first + 1 + 20] = at(sp);
	stack[first + 1 + 21] = pc;
	stack[first + 1 + 15] = at(sp + 3);
	stack[first + 1 + 16] = 4711;
}

static void test_a_signal_frame_has_exact_addresses_on_both_sides(void **state _unused_)
{
	uint32_t handler = function(BY_SP(8)), tramp = function(SIGNAL_FRAME),
		 other = function(BY_SP(800)), by_fp = function(BY_FP), end = function(OUTERMOST);
	uint64_t pc =
		CODE + by_fp * FUNCTION_BYTES; /* its first instruction: a byte before is other's */

	make_table();
	make_signal(handler, tramp, 0, pc, 40);
	stack[44] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(handler), in(tramp) | WIRE_IP_EXACT, pc | WIRE_IP_EXACT,
		    in(end));
	assert_int_equal(host.walk.bx, 4711);
	(void)other;
}

/* sigaltstack(): memory of its own, below or above. */
static void test_a_handler_may_have_a_stack_of_its_own(void **state _unused_)
{
	uint32_t handler = function(BY_SP(8)), tramp = function(SIGNAL_FRAME),
		 leaf = function(BY_SP(16)), end = function(OUTERMOST);

	make_table();
	make_signal(handler, tramp, 200, in(leaf), 40);
	stack[41] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(handler), in(tramp) | WIRE_IP_EXACT,
		    in(leaf) | WIRE_IP_EXACT, in(end));
	/* The memo has no place for what lies below its base. */
	assert_true(host.walk.notes.flags & MEMO_IMPOSSIBLE);
	make_signal(handler, tramp, 0, in(leaf), 300);
	stack[301] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(handler), in(tramp) | WIRE_IP_EXACT,
		    in(leaf) | WIRE_IP_EXACT, in(end));
	assert_false(host.walk.notes.flags & MEMO_IMPOSSIBLE);
	make_signal(handler, tramp, 0, in(leaf), 300);
	stack[21] = at(300) + 4;
	assert_walk(WIRE_END_BAD_CFA, in(handler), in(tramp));
}

/* Of what a signal interrupted, not all registers are known: those of the frame are not looked at. */
static void test_behind_a_signal_frame_few_registers_are_known(void **state _unused_)
{
	uint32_t handler = function(BY_SP(8)), tramp = function(SIGNAL_FRAME),
		 by_r10 = function(RULE(.cfa = UNWIND_CFA_REG, .reg = 10, .off = 0));

	make_table();
	make_signal(handler, tramp, 0, in(by_r10), 40);
	REGS[10] = at(60);
	assert_walk(WIRE_END_NO_REGISTERS, in(handler), in(tramp) | WIRE_IP_EXACT,
		    in(by_r10) | WIRE_IP_EXACT);
}

/* ---- limits ---- */

/* @cnt frames, the last one the outermost. */
static void make_deep(uint32_t leaf, uint32_t mid, uint32_t end, uint32_t cnt, uint64_t *want)
{
	host.regs.pc = want[0] = in(leaf);
	REGS[SP] = at(0);
	for (uint32_t i = 1; i < cnt; i++)
		stack[i - 1] = want[i] = in(i == cnt - 1 ? end : mid);
}

static void test_the_limit_is_met_by_what_is_deeper(void **state _unused_)
{
	static const uint32_t limits[] = {3, 4, 5, 33, 127, 128, 255, 256};
	uint32_t leaf = function(BY_SP(8)), end = function(OUTERMOST);
	uint64_t want[WIRE_MAX_FRAMES + 1];

	make_table();
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		uint32_t max = limits[i];

		make_deep(leaf, leaf, end, max, want);
		assert_walk_with(max, 0, WIRE_END_OUTERMOST, want, max);
		make_deep(leaf, leaf, end, max - 1, want);
		assert_walk_with(max, 0, WIRE_END_OUTERMOST, want, max - 1);
		make_deep(leaf, leaf, end, max + 1, want);
		assert_walk_with(max, 0, WIRE_END_DEPTH_LIMIT, want, max);
	}
	make_deep(leaf, leaf, end, 5, want);
	assert_walk_with(1, 0, WIRE_END_DEPTH_LIMIT, want, 1);
	host.regs.pc = in(end);
	assert_walk_with(1, 0, WIRE_END_OUTERMOST, &(const uint64_t){in(end)}, 1);
}

/* As from /proc/PID/task/TID/syscall: pc and sp, nothing else. */
static void test_with_sp_alone_what_needs_more_ends_the_walk(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(8)), saves = function(BY_SP_FP_SAVED(16)),
		 by_fp = function(BY_FP), end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	REGS[FP] = at(3); /* rubbish: must not be looked at */
	stack[0] = in(by_fp);
	stack[4] = in(end);
	assert_walk_with(WIRE_MAX_FRAMES, UNWIND_W_NO_REGS, WIRE_END_NO_REGISTERS,
			 (const uint64_t[]){in(leaf), in(by_fp)}, 2);
	stack[0] = JIT + 8;
	assert_walk_with(WIRE_MAX_FRAMES, UNWIND_W_NO_REGS, WIRE_END_NO_REGISTERS,
			 (const uint64_t[]){in(leaf), JIT + 8}, 2);
	/* Once it was loaded, it is known. */
	stack[0] = in(saves);
	stack[1] = at(6);
	stack[2] = in(by_fp);
	stack[6] = at(8);
	stack[7] = JIT + 8;
	stack[9] = in(end);
	assert_walk_with(WIRE_MAX_FRAMES, UNWIND_W_NO_REGS, WIRE_END_OUTERMOST,
			 (const uint64_t[]){in(leaf), in(saves), in(by_fp), JIT + 8, in(end)}, 5);
}

static void test_with_sp_alone_no_other_register_is_believed(void **state _unused_)
{
	uint32_t by_r10 = function(RULE(.cfa = UNWIND_CFA_REG, .reg = 10, .off = 0));

	make_table();
	host.regs.pc = in(by_r10);
	REGS[SP] = at(0);
	REGS[10] = at(5);
	assert_walk_with(WIRE_MAX_FRAMES, UNWIND_W_NO_REGS, WIRE_END_NO_REGISTERS,
			 &(const uint64_t){in(by_r10)}, 1);
}

#if UNWIND_REG_BX < 32
static void test_with_sp_alone_rbx_is_not_known(void **state _unused_)
{
	uint32_t by_bx = function(RULE(.cfa = UNWIND_CFA_REG, .reg = BX, .off = 0)),
		 saves = function(RULE(.cfa = UNWIND_CFA_REG, .reg = SP, .off = 16, .bx = -2,
				       .flags = UNWIND_BX_SAVED)),
		 end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(by_bx);
	REGS[SP] = at(0);
	REGS[BX] = at(5);
	assert_walk_with(WIRE_MAX_FRAMES, UNWIND_W_NO_REGS, WIRE_END_NO_REGISTERS,
			 &(const uint64_t){in(by_bx)}, 1);
	host.regs.pc = in(saves);
	stack[0] = at(9);
	stack[1] = in(by_bx);
	stack[8] = in(end);
	assert_walk_with(WIRE_MAX_FRAMES, UNWIND_W_NO_REGS, WIRE_END_OUTERMOST,
			 (const uint64_t[]){in(saves), in(by_bx), in(end)}, 3);
}
#endif

/* ---- the window ---- */

static void test_frames_may_be_larger_than_the_window(void **state _unused_)
{
	uint32_t small = function(BY_SP(8)), large = function(BY_SP(WINDOW_BYTES + 8)),
		 edge = function(BY_SP(WINDOW_BYTES)), end = function(OUTERMOST);
	const uint32_t words = WINDOW_BYTES / 8;

	make_table();
	for (uint32_t first = 0; first < 2 * words + 6; first++) {
		memset(stack, 0, sizeof(stack));
		host.regs.pc = in(large);
		REGS[SP] = at(first);
		stack[first + words] = in(edge);
		stack[first + 2 * words] = in(small);
		stack[first + 2 * words + 1] = in(large);
		stack[first + 3 * words + 2] = in(end);
		assert_walk(WIRE_END_OUTERMOST, in(large), in(edge), in(small), in(large), in(end));
	}
}

/* Slots in the order of their addresses and against it, in and around a window. */
static void test_the_window_gives_what_lies_there(void **state _unused_)
{
	struct window w = {0};
	__u64 value = 4711;

	for (uint64_t i = 0; i < 200; i++)
		stack[i] = 1000 + i;
	host.areas[0].bytes = 200 * 8;
	for (uint32_t a = 0; a < 210; a++)
		for (uint32_t b = 0; b < 210; b++) {
			w.len = 0;
			assert_int_equal(window_read(&w, false, at(a), &value), a < 200);
			assert_int_equal(window_read(&w, false, at(b), &value), b < 200);
			if (b < 200)
				assert_int_equal(value, 1000 + b);
		}
	value = 4711;
	assert_false(window_read(&w, false, at(5) + 4, &value));
	assert_false(window_read(&w, false, at(0) - 8, &value));
	assert_false(window_read(&w, true, at(100), &value)); /* not the kernel's */
	assert_int_equal(value, 4711);
}

/* Of the kernel's stack nothing is read from its top on, which would cost a fault. */
static void test_the_kernels_window_ends_at_its_limit(void **state _unused_)
{
	struct window w = {.limit = at(300)};
	__u64 value;

	for (uint64_t i = 0; i < STACK_WORDS; i++)
		stack[i] = 1000 + i;
	host.areas[0].kernel = true;
	host.areas[0].bytes = 300 * 8;
	for (uint32_t a = 0; a < 300; a++)
		for (uint32_t b = 0; b < 300; b++) {
			w.len = 0;
			host.copy_cnt = 0;
			assert_true(window_read(&w, true, at(a), &value));
			assert_int_equal(value, 1000 + a);
			assert_int_equal(host.copy_cnt, 1);
			assert_true(window_read(&w, true, at(b), &value));
			assert_int_equal(value, 1000 + b);
		}
	assert_false(window_read(&w, true, at(300), &value));
	assert_false(window_read(&w, true, at(310), &value));
}

/* What an entry needs is read in one go. */
static void test_the_window_reaches_as_far_as_a_slot(void **state _unused_)
{
	struct window w = {0};
	__u64 value;

	for (uint64_t i = 0; i < STACK_WORDS; i++)
		stack[i] = 1000 + i;
	host.areas[0].bytes = 40 * 8;
	for (uint32_t slot = 0; slot < 60; slot++) {
		host.copy_cnt = 0;
		assert_int_equal(window_reach(&w, at(3), slot | MEMO_SLOT_PLACED), slot < 37);
		assert_int_equal(host.copy_cnt, 1);
		if (slot >= 37) {
			assert_int_equal(w.len, 0);
			continue;
		}
		assert_true(window_read(&w, false, at(3), &value) && value == 1003);
		assert_true(window_read(&w, false, at(3 + slot), &value) && value == 1003 + slot);
		assert_int_equal(host.copy_cnt, 1);
	}
	host.areas[0].bytes = STACK_WORDS * 8;
	assert_true(window_reach(&w, at(0), MEMO_SLOT_PLACE));
	assert_int_equal(w.len, WINDOW_BYTES);
}

/* Where memory ends less than a window away, word by word. */
static void test_a_stack_may_end_within_the_window(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(16)), end = function(OUTERMOST);
	uint64_t want[WINDOW_BYTES / 8];

	make_table();
	host.regs.pc = want[0] = in(leaf);
	REGS[SP] = at(0);
	for (uint32_t cnt = 1; cnt < ARRAY_SIZE(want); cnt++) {
		for (uint32_t i = 0; i < cnt; i++)
			stack[2 * i + 1] = want[i + 1] = in(i == cnt - 1 ? end : leaf);
		host.areas[0].bytes = 16 * cnt;
		assert_walk_with(WIRE_MAX_FRAMES, 0, WIRE_END_OUTERMOST, want, cnt + 1);
	}
}

static void test_a_window_is_read_once(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(8)), end = function(OUTERMOST);
	uint32_t below = WINDOW_BEHIND_BYTES / 8;

	make_table();
	host.regs.pc = in(leaf);
	/* It begins a little below the word that is wanted first, and that counts too. */
	REGS[SP] = at(below);
	for (uint32_t i = 0; i < 31; i++)
		stack[below + i] = in(leaf);
	stack[below + 31] = in(end);
	assert_int_equal(host_walk(WIRE_MAX_FRAMES, 0), WIRE_END_OUTERMOST);
	assert_int_equal(host.walk.frame_cnt, 33);
	assert_int_equal(host.copy_cnt, 1);
	assert_int_equal(host.walk.window.addr, at(0));
}

/* ---- mappings and tables ---- */

/* Addresses next to each other are looked up once; a mapping that is another's is never used. */
static void test_mappings_are_looked_up_as_often_as_they_change(void **state _unused_)
{
	uint32_t leaf = function(BY_SP(8)), end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	for (uint32_t i = 0; i < 9; i++)
		stack[i] = in(leaf);
	stack[9] = in(end);
	assert_int_equal(host_walk(WIRE_MAX_FRAMES, 0), WIRE_END_OUTERMOST);
	assert_int_equal(host.find_cnt, 1);
	/* A second mapping of the same file, from its next page on. */
	host.find_cnt = 0;
	host_map(0x10000000, 0x10001000, CODE_OFF, MODULE);
	stack[4] = in(leaf)-CODE + 0x10000000;
	stack[9] = in(end)-CODE + 0x10000000;
	assert_int_equal(host_walk(WIRE_MAX_FRAMES, 0), WIRE_END_OUTERMOST);
	assert_int_equal(host.walk.frame_cnt, 11);
	assert_int_equal(host.find_cnt, 4);
}

/* A page full of rows, and addresses at all of their edges. */
static void test_rows_are_found_at_their_edges(void **state _unused_)
{
	static struct cfi_row rows[2048];
	static struct unwind_rule rules[2048];
	struct cfi_rows r = {.rows = rows, .rules = rules, .rule_cnt = 601};

	for (uint32_t i = 1; i <= 600; i++)
		rules[i] = (struct unwind_rule){
			.cfa = UNWIND_CFA_REG, .reg = SP, .off = (int32_t)i * 8, .ra = -1};
	for (uint32_t i = 0; i < 1500; i++)
		rows[r.cnt++] = (struct cfi_row){.off = CODE_OFF + 100 + i + (i > 1000 ? 500 : 0),
						 .rule = i % 7 == 6 ? 0 : 1 + i % 600};
	rows[r.cnt++] = (struct cfi_row){.off = CODE_OFF + 3000};
	host_add_table(MODULE, &r);
	REGS[SP] = at(0);
	for (uint32_t i = 1; i <= 600; i++)
		stack[i - 1] = JIT + i;
	for (uint64_t off = 0; off < 4000; off++) {
		size_t i = 0;
		uint32_t rule = 0;

		while (i < r.cnt && rows[i].off <= CODE_OFF + off)
			rule = rows[i++].rule;
		host.regs.pc = CODE + off;
		assert_int_equal(host_walk(WIRE_MAX_FRAMES, 0), WIRE_END_OUTERMOST);
		assert_int_equal(host.walk.frame_cnt, rule ? 2 : 1);
		if (rule)
			assert_int_equal(host.ips[1], JIT + rule);
	}
}

/* ---- remembered rules ---- */

static void test_rules_are_searched_once(void **state _unused_)
{
	static struct unwind_cached cache[64];
	uint32_t leaf = function(BY_SP(8)), end = function(OUTERMOST);

	make_table();
	memset(cache, 0, sizeof(cache));
	host.cache = cache;
	host.cache_mask = 63;
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	stack[0] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(end));
	assert_int_equal(host.search_cnt, 2);
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(end));
	assert_int_equal(host.search_cnt, 2);
	/* Of another set they are not believed. */
	host_begin(WIRE_MAX_FRAMES, 0);
	host.walk.set.id = 8;
	assert_int_equal(host_finish(), WIRE_END_OUTERMOST);
	assert_int_equal(host.search_cnt, 4);
}

/* Tables come: what was found without them must not stay. */
static void test_what_is_pending_is_not_remembered(void **state _unused_)
{
	static struct unwind_cached cache[64];
	uint32_t leaf = function(BY_SP(8)), end = function(OUTERMOST);

	memset(cache, 0, sizeof(cache));
	host.cache = cache;
	host.cache_mask = 63;
	host.regs.pc = in(leaf);
	REGS[SP] = at(0);
	stack[0] = in(end);
	assert_walk(WIRE_END_PENDING, in(leaf));
	make_table();
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(end));
}

/* Nor where nothing is: mappings may turn out to be out of date. */
static void test_what_is_unmapped_is_not_remembered(void **state _unused_)
{
	static struct unwind_cached cache[64];
	const uint64_t nowhere = CODE + CODE_BYTES + 64;

	memset(cache, 0, sizeof(cache));
	host.cache = cache;
	host.cache_mask = 63;
	host.regs.pc = nowhere;
	REGS[SP] = at(0);
	assert_walk(WIRE_END_PC_UNMAPPED, nowhere);
	assert_walk_with(WIRE_MAX_FRAMES, UNWIND_W_STALE, WIRE_END_PENDING, &nowhere, 1);
}

/* Two walks that write to one place at once leave a word of one and a word of the other. */
static void test_a_rule_of_two_halves_is_not_believed(void **state _unused_)
{
	struct unwind_cached one, two, torn, cache = {0};
	uint32_t leaf = function(BY_SP(8)), other = function(BY_SP_FP_SAVED(48)),
		 same = function(BY_SP(8)), end = function(OUTERMOST);
	const uint64_t pcs[] = {in(leaf), in(other), in(same)};
	uint32_t checked = 0;

	make_table();
	host.cache = &cache;
	REGS[SP] = at(0);
	stack[0] = stack[5] = in(end);
	for (uint32_t pair = 0; pair < 9; pair++)
		for (uint32_t mix = 0; mix < 1u << (sizeof(one) / 8); mix++) {
			/* Of two sets, in which the same address means something else. */
			for (int i = 0; i < 2; i++) {
				memset(&cache, 0, sizeof(cache));
				host.regs.pc = pcs[i ? pair % 3 : pair / 3];
				host_begin(WIRE_MAX_FRAMES, 0);
				host.walk.set.id = 7 + (uint32_t)i;
				unwind_step(&host.walk, host.ips);
				*(i ? &two : &one) = cache;
			}
			torn = one;
			for (size_t k = 0; k < sizeof(one) / 8; k++)
				if (mix >> k & 1)
					((uint64_t *)&torn)[k] = ((uint64_t *)&two)[k];
			for (int i = 0; i < 6; i++) {
				uint64_t pc = pcs[i / 2];
				uint32_t set = 7 + i % 2u;
				bool is_one = !memcmp(&torn, &one, sizeof(torn)) &&
					      pc == pcs[pair / 3] && set == 7;
				bool is_two = !memcmp(&torn, &two, sizeof(torn)) &&
					      pc == pcs[pair % 3] && set == 8;

				cache = torn;
				host.regs.pc = pc;
				host_begin(WIRE_MAX_FRAMES, 0);
				host.walk.set.id = set;
				host.search_cnt = 0;
				unwind_step(&host.walk, host.ips);
				assert_int_equal(host.search_cnt, !(is_one || is_two));
				checked++;
			}
		}
	assert_int_equal(checked, 9 * 6 << (sizeof(one) / 8));
}

/* ---- arm64 ---- */

#if UNWIND_REG_BX >= 32

#define PAC 0x00a5000000000000ull /* what signs a pointer stands in its upper bits */

static void test_a_leafs_return_address_is_in_its_register(void **state _unused_)
{
	uint32_t leaf = function((struct unwind_rule){
			 .cfa = UNWIND_CFA_REG, .reg = SP, .flags = UNWIND_RA_IN_REG}),
		 deep = function((struct unwind_rule){
			 .cfa = UNWIND_CFA_REG, .reg = SP, .off = 32, .flags = UNWIND_RA_IN_REG}),
		 mid = function(BY_SP(16)), end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(leaf);
	host.regs.lr = in(mid);
	REGS[SP] = at(0);
	stack[1] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(mid), in(end));
	assert_int_equal(host.walk.notes.flags & (MEMO_IMPOSSIBLE | MEMO_USES_LR), MEMO_USES_LR);
	host.regs.pc = in(deep);
	stack[5] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(deep), in(mid), in(end));
	stack[5] = in(leaf); /* who called has saved it */
	assert_walk(WIRE_END_NO_REGISTERS, in(deep), in(mid), in(leaf));
	host.regs.lr = 0;
	assert_walk(WIRE_END_OUTERMOST, in(deep));
}

static void test_frame_records_are_followed(void **state _unused_)
{
	uint32_t leaf = function((struct unwind_rule){
			 .cfa = UNWIND_CFA_REG, .reg = SP, .flags = UNWIND_RA_IN_REG}),
		 record = function((struct unwind_rule){.cfa = UNWIND_CFA_REG,
							.reg = FP,
							.off = 48,
							.ra = -5,
							.fp = -6,
							.flags = UNWIND_FP_SAVED}),
		 end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(leaf);
	host.regs.lr = in(record);
	REGS[SP] = REGS[FP] = at(0);
	stack[0] = at(6);
	stack[1] = in(record);
	stack[6] = at(12);
	stack[7] = JIT + 0x44;
	stack[12] = at(20);
	stack[13] = in(end);
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(record), in(record), JIT + 0x44, in(end));
}

static void test_signed_return_addresses_are_stripped(void **state _unused_)
{
	uint32_t leaf = function(
			 (struct unwind_rule){.cfa = UNWIND_CFA_REG,
					      .reg = SP,
					      .flags = UNWIND_RA_IN_REG | UNWIND_RA_SIGNED}),
		 is_signed = function(RULE(.cfa = UNWIND_CFA_REG, .reg = SP, .off = 16,
					   .flags = UNWIND_RA_SIGNED)),
		 plain = function(BY_SP(16)), end = function(OUTERMOST);

	make_table();
	host.regs.pc = in(leaf);
	host.regs.lr = in(is_signed) | PAC;
	REGS[SP] = at(0);
	REGS[FP] = at(4);
	stack[1] = (JIT + 4) | PAC;
	stack[5] = in(end) | PAC; /* code without CFI may sign, too */
	assert_walk(WIRE_END_OUTERMOST, in(leaf), in(is_signed), JIT + 4, in(end));
	/* Where the table doesn't say so, the address is taken as it is. */
	stack[1] = in(plain);
	stack[3] = in(end) | PAC;
	assert_walk(WIRE_END_PC_UNMAPPED, in(leaf), in(is_signed), in(plain), in(end) | PAC);
}

#endif

#define UNWIND_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNWIND_TEST(test_frames_are_left_by_sp),
		UNWIND_TEST(test_a_call_at_the_end_of_a_function_belongs_to_it),
		UNWIND_TEST(test_the_frame_pointer_is_followed_where_it_is_saved),
		UNWIND_TEST(test_the_innermost_frame_pointer_is_that_of_the_registers),
		UNWIND_TEST(test_a_cfa_may_be_kept_on_the_stack),
		UNWIND_TEST(test_in_the_plt_the_address_decides),
#if UNWIND_REG_BX < 32
		UNWIND_TEST(test_a_return_address_may_be_in_any_register),
		UNWIND_TEST(test_rbx_is_followed_where_it_is_saved),
		UNWIND_TEST(test_rbx_and_the_frame_pointer_may_be_saved_together),
		UNWIND_TEST(test_with_sp_alone_rbx_is_not_known),
#else
		UNWIND_TEST(test_a_leafs_return_address_is_in_its_register),
		UNWIND_TEST(test_frame_records_are_followed),
		UNWIND_TEST(test_signed_return_addresses_are_stripped),
#endif
		UNWIND_TEST(test_other_registers_are_known_only_at_the_beginning),
		UNWIND_TEST(test_a_return_address_of_0_ends_the_walk),
		UNWIND_TEST(test_what_has_no_form_in_the_table_is_said),
		UNWIND_TEST(test_a_table_for_which_there_was_no_memory_is_said),
		UNWIND_TEST(test_a_module_without_cfi_goes_on_by_the_frame_pointer),
		UNWIND_TEST(test_a_table_that_is_not_there_yet_is_waited_for),
		UNWIND_TEST(test_a_table_in_pieces_is_never_left),
		UNWIND_TEST(test_an_address_in_no_mapping_is_said),
		UNWIND_TEST(test_a_cfa_below_or_askew_is_bad),
		UNWIND_TEST(test_memory_may_end_at_each_depth),
		UNWIND_TEST(test_each_slot_of_a_frame_may_be_out_of_memory),
		UNWIND_TEST(test_code_without_cfi_is_left_by_the_frame_pointer),
		UNWIND_TEST(test_without_cfi_a_frame_pointer_of_0_is_the_outermost),
		UNWIND_TEST(test_without_cfi_and_frame_pointer_there_are_no_rows),
		UNWIND_TEST(test_a_signal_frame_has_exact_addresses_on_both_sides),
		UNWIND_TEST(test_a_handler_may_have_a_stack_of_its_own),
		UNWIND_TEST(test_behind_a_signal_frame_few_registers_are_known),
		UNWIND_TEST(test_the_limit_is_met_by_what_is_deeper),
		UNWIND_TEST(test_with_sp_alone_what_needs_more_ends_the_walk),
		UNWIND_TEST(test_with_sp_alone_no_other_register_is_believed),
		UNWIND_TEST(test_frames_may_be_larger_than_the_window),
		UNWIND_TEST(test_the_window_gives_what_lies_there),
		UNWIND_TEST(test_the_kernels_window_ends_at_its_limit),
		UNWIND_TEST(test_a_stack_may_end_within_the_window),
		UNWIND_TEST(test_the_window_reaches_as_far_as_a_slot),
		UNWIND_TEST(test_a_window_is_read_once),
		UNWIND_TEST(test_mappings_are_looked_up_as_often_as_they_change),
		UNWIND_TEST(test_rows_are_found_at_their_edges),
		UNWIND_TEST(test_rules_are_searched_once),
		UNWIND_TEST(test_what_is_pending_is_not_remembered),
		UNWIND_TEST(test_what_is_unmapped_is_not_remembered),
		UNWIND_TEST(test_a_rule_of_two_halves_is_not_believed),
	};

	return cmocka_run_group_tests_name(UNWIND_REG_BX < 32 ? "unwind" : "unwind_arm64", tests,
					   NULL, NULL);
}
