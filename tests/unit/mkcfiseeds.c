/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mkcfiseeds DIR: writes the seeds of fuzz_cfi to DIR/cfi. Run by hand when the compiler learns new
 * forms; what it writes is committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures/mkcfi.h"
#include "format/dwarf.h"
#include "format/unwind_table.h"

#define CODE MKCFI_CODE_VADDR

static const char *seed_dir;

static void write_seed(const char *name, const struct buf *head, const struct buf *a,
		       const struct buf *b)
{
	char path[4096];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/cfi/%s", seed_dir, name);
	fp = fopen(path, "wb");
	if (!fp) {
		perror(path);
		exit(1);
	}
	for (int i = 0; i < 3; i++) {
		const struct buf *part = (const struct buf *[]){head, a, b}[i];

		if (part && part->len)
			fwrite(part->data, 1, part->len, fp);
	}
	if (fclose(fp))
		exit(1);
}

/* A seed of two sections; see fuzz_cfi.c. */
static void write_sections(const char *name, uint8_t kind, const struct mkcfi *eh,
			   const struct mkcfi *debug)
{
	uint16_t eh_len = eh ? (uint16_t)eh->bytes.len : 0;
	_cleanup_buf_ struct buf head;

	buf__init(&head, 16);
	buf__append(&head, &kind, 1);
	buf__append(&head, &eh_len, 2);
	write_seed(name, &head, eh ? &eh->bytes : NULL, debug ? &debug->bytes : NULL);
}

static void add_fde(struct mkcfi *m, size_t cie, uint64_t pc, const uint8_t *ops, size_t len)
{
	struct mkcfi_fde fde = {.pc = CODE + pc, .bytes = 0x40, .ops = ops, .len = len};

	mkcfi__fde(m, cie, &fde);
}
#define ADD_FDE(m, cie, pc, ...) \
	add_fde(m, cie, pc, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Each instruction and each form of an expression once. */
static void fill_x86(struct mkcfi *m)
{
	size_t cie = mkcfi__cie(m, &(struct mkcfi_cie){0});

	ADD_FDE(m, cie, 0, DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 16, DW_CFA_offset | 6, 2,
		DW_CFA_advance_loc1, 3, DW_CFA_def_cfa_register, 6, DW_CFA_remember_state,
		DW_CFA_advance_loc2, 4, 0, DW_CFA_restore | 6, DW_CFA_def_cfa, 7, 8,
		DW_CFA_advance_loc4, 1, 0, 0, 0, DW_CFA_restore_state);
	ADD_FDE(m, cie, 0x80, DW_CFA_offset_extended, 3, 4, DW_CFA_advance_loc | 1,
		DW_CFA_restore_extended, 3, DW_CFA_undefined, 16, DW_CFA_advance_loc | 1,
		DW_CFA_same_value, 6, DW_CFA_register, 3, 8, DW_CFA_advance_loc | 1,
		DW_CFA_offset_extended_sf, 6, 0x7e, DW_CFA_def_cfa_sf, 7, 0x7e,
		DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset_sf, 1, DW_CFA_val_offset, 6, 1);
	ADD_FDE(m, cie, 0x40, DW_CFA_val_offset_sf, 12, 1, DW_CFA_val_expression, 12, 2,
		DW_OP_breg0 + 7, 0, DW_CFA_GNU_args_size, 16, DW_CFA_GNU_negative_offset_extended,
		6, 2, DW_CFA_advance_loc | 9, DW_CFA_def_cfa_expression, 3, DW_OP_breg0 + 6, 0x78,
		DW_OP_deref, DW_CFA_MIPS_advance_loc8, 1, 0, 0, 0, 0, 0, 0, 0);
	ADD_FDE(m, cie, 0x100, DW_CFA_def_cfa_expression, 11, DW_OP_breg0 + 7, 8, DW_OP_breg0 + 16,
		0, DW_OP_lit0 + 15, DW_OP_and, DW_OP_lit0 + 11, DW_OP_ge, DW_OP_lit0 + 3, DW_OP_shl,
		DW_OP_plus);
	ADD_FDE(m, cie, 0x140, DW_CFA_def_cfa_expression, 6, DW_OP_breg0 + 7, 0x98, 1, DW_OP_deref,
		DW_OP_plus_uconst, 8, DW_CFA_expression, 6, 2, DW_OP_breg0 + 6, 0);
}

static void fill_forms(struct mkcfi *m)
{
	static const uint8_t plr[] = {0x9b, 1, 2, 3, 4, 0x1b, DW_EH_PE_pcrel | DW_EH_PE_sdata8};
	static const uint8_t leb[] = {DW_EH_PE_uleb128}, signal[] = {DW_EH_PE_udata4};
	size_t cie;

	cie = mkcfi__cie(
		m, &(struct mkcfi_cie){
			   .augmentation = "zPLR", .data = plr, .data_len = 7, .encoding = plr[6]});
	ADD_FDE(m, cie, 0, DW_CFA_nop);
	m->is_64 = true;
	cie = mkcfi__cie(m, &(struct mkcfi_cie){
				    .data = leb, .data_len = 1, .encoding = leb[0], .version = 3});
	ADD_FDE(m, cie, 0x40, DW_CFA_nop);
	m->is_64 = false;
	cie = mkcfi__cie(m, &(struct mkcfi_cie){.augmentation = "zRS",
						.data = signal,
						.data_len = 1,
						.encoding = signal[0]});
	ADD_FDE(m, cie, 0x80, DW_CFA_def_cfa_expression, 4, DW_OP_breg0 + 7, 0xa0, 1, DW_OP_deref,
		DW_CFA_expression, 16, 3, DW_OP_breg0 + 7, 0xa8, 1, DW_CFA_set_loc, 0x90, 0x10,
		0x40, 0);
	mkcfi__cie(m, &(struct mkcfi_cie){.augmentation = "eh"});
}

static void write_table(void)
{
	struct unwind_rule rules[] = {{0}, {.cfa = UNWIND_CFA_REG, .reg = 7, .off = 8, .ra = -1}};
	struct cfi_row rows[] = {{0x410, 1}, {0x420, 0}, {0x810, 1}, {0x820, 0}};
	struct cfi_rows all = {.rows = rows, .cnt = 4, .rules = rules, .rule_cnt = 2};
	_cleanup_buf_ struct buf b;

	buf__init(&b, 1 << 16);
	buf__putc(&b, 3);
	if (unwind_table__build(&all, buf__reserve(&b, UNWIND_BLOCK_BYTES), UNWIND_BLOCK_BYTES))
		exit(1);
	buf__advance(&b, 128);
	write_seed("table", &b, NULL, NULL);
}

/* A whole file, with little in it: the fuzzer needs it short. */
static void write_elf(const struct mkcfi *eh)
{
	_cleanup_buf_ struct buf file = {0}, head;
	struct mkelf elf;
	size_t code_len = 0x200;

	buf__init(&head, 16);
	buf__putc(&head, 2);
	mkelf__init(&elf, 64);
	mkelf__segment(&elf, CODE, 0, code_len, PF_R | PF_X);
	mkcfi__place(eh, &elf, code_len);
	mkelf__write(&elf, &file);
	write_seed("elf", &head, &file, NULL);
	mkelf__fini(&elf);
}

int main(int argc, char **argv)
{
	const struct mkcfi_cie arm64 = {
		.ra_reg = 30, .code_align = 4, MKCFI_OPS(DW_CFA_def_cfa, 31, 0)};
	struct mkcfi x86, forms, arm, debug;

	if (argc != 2) {
		fprintf(stderr, "usage: mkcfiseeds DIR\n");
		return 2;
	}
	seed_dir = argv[1];
	mkcfi__init(&x86, false);
	fill_x86(&x86);
	write_sections("x86", 0, &x86, NULL);
	write_elf(&x86);
	mkcfi__init(&forms, false);
	fill_forms(&forms);
	write_sections("forms", 0, &forms, NULL);
	mkcfi__init(&debug, true);
	mkcfi__cie(&debug, &(struct mkcfi_cie){.version = 4});
	ADD_FDE(&debug, 0, 0x400, DW_CFA_def_cfa_offset, 16);
	ADD_FDE(&debug, 0, 0x40, DW_CFA_def_cfa_offset, 24);
	write_sections("debug", 0, NULL, &debug);
	write_sections("both", 0, &forms, &debug);
	mkcfi__init(&arm, false);
	mkcfi__cie(&arm, &arm64);
	ADD_FDE(&arm, 0, 0, DW_CFA_advance_loc | 1, DW_CFA_AARCH64_negate_ra_state,
		DW_CFA_def_cfa_offset, 32, DW_CFA_offset | 29, 4, DW_CFA_offset | 30, 3);
	write_sections("arm64", 1, &arm, NULL);
	write_table();
	mkcfi__fini(&x86);
	mkcfi__fini(&forms);
	mkcfi__fini(&debug);
	mkcfi__fini(&arm);
	return 0;
}
