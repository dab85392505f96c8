/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* CIEs and FDEs: their forms, their order, damage to them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixtures/cfi_text.h"
#include "fixtures/mkcfi.h"
#include "format/cfi.h"
#include "format/dwarf.h"

#define CODE	 MKCFI_CODE_VADDR
#define FDE(...) (&(struct mkcfi_fde){__VA_ARGS__})
#define CIE(...) (&(struct mkcfi_cie){__VA_ARGS__})
#define AT(n)	 DW_CFA_def_cfa_offset, n /* instructions that tell FDEs apart */

static void assert_file(const struct buf *file, const char *expect)
{
	_cleanup_buf_ struct buf text;

	buf__init(&text, 1 << 20);
	cfi_text_file(file, &text);
	assert_string_equal(buf__str(&text), expect);
}

/* Of sections, which are finished with this. */
static void assert_sections(const char *expect, struct mkcfi *eh, struct mkcfi *debug)
{
	_cleanup_buf_ struct buf file = {0};

	mkcfi_write(eh, debug, &file);
	assert_file(&file, expect);
	if (eh)
		mkcfi__fini(eh);
	if (debug)
		mkcfi__fini(debug);
}

/* One function, its address and length in each encoding. */
static void test_pointer_encodings(void **state)
{
	static const uint8_t good[] = {
		DW_EH_PE_absptr,
		DW_EH_PE_udata4,
		DW_EH_PE_udata8,
		DW_EH_PE_sdata4,
		DW_EH_PE_sdata8,
		DW_EH_PE_uleb128,
		DW_EH_PE_sleb128,
		DW_EH_PE_pcrel,
		DW_EH_PE_pcrel | DW_EH_PE_sdata2,
		DW_EH_PE_pcrel | DW_EH_PE_sdata4,
		DW_EH_PE_pcrel | DW_EH_PE_sdata8,
		DW_EH_PE_pcrel | DW_EH_PE_sleb128,
	};
	/*
	 * Indirect, an unknown format, relative to text or to a function, aligned, no base for
	 * data.
	 */
	static const uint8_t bad[] = {0x80, 0x05, 0x0f, 0x20, 0x40, 0x50, DW_EH_PE_datarel, 0xff};

	(void)state;
	for (size_t i = 0; i < sizeof(good); i++) {
		struct mkcfi m;

		mkcfi__init(&m, false);
		/* Given as data, so that 0 is 0. */
		mkcfi__cie(&m, CIE(.data = &good[i], .data_len = 1, .encoding = good[i]));
		mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x20, .bytes = 0x40));
		assert_sections("1020 r7+8 ra-1, 1060 -", &m, NULL);
	}
	for (size_t i = 0; i < sizeof(bad); i++) {
		struct mkcfi m;

		mkcfi__init(&m, false);
		mkcfi__cie(&m, CIE(.data = &bad[i], .data_len = 1, .encoding = bad[i]));
		mkcfi__fde(&m, 0, FDE(.pc = CODE, .bytes = 0x40));
		mkcfi__fde(&m, mkcfi__cie(&m, CIE(0)), FDE(.pc = CODE + 0x80, .bytes = 0x40));
		assert_sections("1080 r7+8 ra-1, 10c0 -; 1 bad", &m, NULL);
	}
}

/* Addresses of 16 bits, and those that count from the global offset table. */
static void test_rare_bases(void **state)
{
	static const uint8_t datarel = DW_EH_PE_datarel | DW_EH_PE_sdata4, udata2 = DW_EH_PE_udata2;
	_cleanup_buf_ struct buf file = {0};
	struct mkelf elf;
	struct mkcfi m;

	(void)state;
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(.data = &datarel, .data_len = 1, .encoding = datarel));
	mkcfi__fde(&m, 0, FDE(.pc = (uint64_t)-0x2000, .bytes = 0x40));
	mkcfi_init_elf(&elf, &m, NULL);
	mkelf__code(&elf, ".got", 0x403000, 0x3000, 8, SHF_ALLOC);
	mkelf__write(&elf, &file);
	assert_file(&file, "1000 r7+8 ra-1, 1040 -");
	mkelf__fini(&elf);
	mkcfi__fini(&m);
	buf__fini(&file);

	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(.data = &udata2, .data_len = 1, .encoding = udata2));
	mkcfi__fde(&m, 0, FDE(.pc = 0x8010, .bytes = 0x40));
	mkcfi_init_elf(&elf, &m, NULL);
	elf.segments[1].p_vaddr = 0x8000;
	mkelf__write(&elf, &file);
	assert_file(&file, "1010 r7+8 ra-1, 1050 -");
	mkelf__fini(&elf);
	mkcfi__fini(&m);
}

/* A CIE with this augmentation, and an FDE whose address is written as @encoding. */
static void assert_augmentation(const char *expect, const char *letters, uint8_t encoding,
				const uint8_t *data, size_t len)
{
	struct mkcfi m;

	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(.augmentation = letters, .data = data, .data_len = len,
			   .encoding = encoding));
	mkcfi__fde(&m, 0, FDE(.pc = CODE, .bytes = 0x40));
	assert_sections(expect, &m, NULL);
}

#define AUGMENTATION(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void test_augmentations(void **state)
{
	const char *usual = "1000 r7+8 ra-1, 1040 -";

	(void)state;
	assert_augmentation(usual, "zR", DW_EH_PE_udata4, AUGMENTATION(DW_EH_PE_udata4));
	assert_augmentation(usual, "zPLR", DW_EH_PE_udata4,
			    AUGMENTATION(0x9b, 1, 2, 3, 4, 0x1b, DW_EH_PE_udata4));
	assert_augmentation(usual, "zPR", DW_EH_PE_udata4,
			    AUGMENTATION(DW_EH_PE_omit, DW_EH_PE_udata4));
	assert_augmentation(usual, "zBGR", DW_EH_PE_udata4, AUGMENTATION(DW_EH_PE_udata4));
	assert_augmentation("1000 r7+8 ra-1 signal, 1040 -", "zRS", DW_EH_PE_udata4,
			    AUGMENTATION(DW_EH_PE_udata4));
	/* What follows an unknown letter is left out, with its data. */
	assert_augmentation(usual, "zRXS", DW_EH_PE_udata4, AUGMENTATION(DW_EH_PE_udata4, 1, 2, 3));
	/* An unknown letter without a length. */
	assert_augmentation("-61", "XR", DW_EH_PE_absptr, NULL, 0);
	/*
	 * Data that ends too early: what follows it is an instruction, 0x0c, and would do as an
	 * encoding.
	 */
	assert_augmentation("-61", "zLR", DW_EH_PE_sdata8, AUGMENTATION(DW_EH_PE_udata4));
	/* A personality routine in an unknown form. */
	assert_augmentation("-61", "zRP", DW_EH_PE_absptr, AUGMENTATION(DW_EH_PE_absptr, 0x05));
}

/* Without augmentation addresses are absolute, of 8 bytes. */
static void test_cie_versions(void **state)
{
	static const uint8_t versions[] = {1, 3, 4};

	(void)state;
	for (size_t i = 0; i < sizeof(versions); i++)
		for (int is_64 = 0; is_64 <= 1; is_64++) {
			struct mkcfi eh, debug;

			mkcfi__init(&eh, false);
			mkcfi__init(&debug, true);
			eh.is_64 = debug.is_64 = is_64;
			mkcfi__cie(&eh, CIE(.version = versions[i], .augmentation = ""));
			mkcfi__fde(&eh, 0, FDE(.pc = CODE, .bytes = 0x40));
			mkcfi__cie(&debug, CIE(.version = versions[i]));
			mkcfi__fde(&debug, 0, FDE(.pc = CODE + 0x80, .bytes = 0x40));
			assert_sections("1000 r7+8 ra-1, 1040 -, 1080 r7+8 ra-1, 10c0 -", &eh,
					&debug);
		}
}

static void test_bad_cies(void **state)
{
	struct mkcfi m;

	(void)state;
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(.version = 2));
	mkcfi__fde(&m, 0, FDE(.pc = CODE, .bytes = 0x40));
	assert_sections("-61", &m, NULL);
	/* Addresses of 4 bytes, segments: byte 12 and 13 of a CIE without augmentation. */
	for (size_t i = 10; i <= 11; i++) {
		mkcfi__init(&m, true);
		mkcfi__cie(&m, CIE(.version = 4));
		mkcfi__fde(&m, 0, FDE(.pc = CODE, .bytes = 0x40));
		m.bytes.data[i] = 4;
		assert_sections("-61", NULL, &m);
	}
	/* gcc 2's. */
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(.augmentation = "eh"));
	mkcfi__fde(&m, 0, FDE(.pc = CODE, .bytes = 0x40));
	assert_sections("1000 r7+8 ra-1, 1040 -", &m, NULL);
	/* FDEs of a CIE that isn't there: nothing at that place, or another FDE. */
	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	mkcfi__fde(&m, 4, FDE(.pc = CODE + 0x200, .bytes = 0x40));
	mkcfi__fde(&m, 0x18, FDE(.pc = CODE + 0x300, .bytes = 0x40));
	assert_sections("1000 r7+8 ra-1, 1100 -; 2 bad", &m, NULL);
	/* The column of the return address. */
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(.version = 3, .ra_reg = 300,
			   MKCFI_OPS(DW_CFA_def_cfa, 7, 8, DW_CFA_offset_extended, 0xac, 2, 3)));
	mkcfi__fde(&m, 0, FDE(.pc = CODE, .bytes = 0x40));
	assert_sections("1000 r7+8 ra-3, 1040 -", &m, NULL);
}

/* In .debug_frame a CIE may come last. */
static void test_cie_behind(void **state)
{
	struct mkcfi m;
	size_t at;

	(void)state;
	mkcfi__init(&m, true);
	mkcfi__cie(&m, CIE(0));
	at = mkcfi__fde(&m, 0, FDE(.pc = CODE, .bytes = 0x40));
	mkcfi__cie(&m, CIE(.version = 3, MKCFI_OPS(DW_CFA_def_cfa, 6, 16, DW_CFA_offset | 16, 1)));
	m.bytes.data[at + 4] = (char)(m.bytes.len - at);
	memcpy(&m.bytes.data[at + 4], &(uint32_t){(uint32_t)(at + 24)}, 4);
	assert_sections("1000 r6+16 ra-1, 1040 -", NULL, &m);
}

static void test_order_of_functions(void **state)
{
	struct mkcfi m;

	(void)state;
	/* In any order; a gap between them; one behind the other. */
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(0));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x800, .bytes = 0x40, MKCFI_OPS(AT(3))));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x10, .bytes = 0x30, MKCFI_OPS(AT(1))));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x40, .bytes = 0x20, MKCFI_OPS(AT(2))));
	assert_sections("1010 r7+1 ra-1, 1040 r7+2 ra-1, 1060 -, 1800 r7+3 ra-1, 1840 -", &m, NULL);
	/* Neighbours that say the same. */
	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x100, .bytes = 0x40));
	assert_sections("1000 r7+8 ra-1, 1140 -", &m, NULL);
	/*
	 * The later start wins, and the earlier function doesn't come back; of two at one place the
	 * first.
	 */
	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x40, .bytes = 0x20, MKCFI_OPS(AT(1))));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x40, .bytes = 0x80, MKCFI_OPS(AT(2))));
	assert_sections("1000 r7+8 ra-1, 1040 r7+1 ra-1, 1060 -", &m, NULL);
	/* Rows behind the place where the next function begins. */
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(0));
	mkcfi__fde(&m, 0,
		   FDE(.pc = CODE, .bytes = 0x80,
		       MKCFI_OPS(DW_CFA_advance_loc | 0x3f, AT(1), DW_CFA_advance_loc | 1, AT(2))));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x40, .bytes = 0x20, MKCFI_OPS(AT(3))));
	assert_sections("1000 r7+8 ra-1, 103f r7+1 ra-1, 1040 r7+3 ra-1, 1060 -", &m, NULL);
}

static void test_functions_elsewhere(void **state)
{
	struct mkcfi m;

	(void)state;
	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	/* Empty; dropped by the linker; in data; in no segment; before the code. */
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x40, .bytes = 0));
	mkcfi__fde(&m, 0, FDE(.pc = 0, .bytes = 0x40));
	mkcfi__fde(&m, 0, FDE(.pc = 0x400100, .bytes = 0x40));
	mkcfi__fde(&m, 0, FDE(.pc = 0x600000, .bytes = 0x40));
	mkcfi__fde(&m, 0, FDE(.pc = CODE - 1, .bytes = 0x40));
	assert_sections("1000 r7+8 ra-1, 1100 -", &m, NULL);
	/* Up to the end of the code. */
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(0));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0xfff, .bytes = 0x40));
	assert_sections("1fff r7+8 ra-1, 2000 -", &m, NULL);
	/* Its length is never negative, whatever its encoding is. */
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(.encoding = DW_EH_PE_pcrel | DW_EH_PE_sdata2));
	mkcfi__fde(&m, 0, FDE(.pc = CODE, .bytes = 0x9000));
	assert_sections("1000 r7+8 ra-1, 2000 -", &m, NULL);
	/* Too long to be one. */
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(.augmentation = ""));
	mkcfi__fde(&m, 0, FDE(.pc = CODE, .bytes = 1ull << 32));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x80, .bytes = 0x40));
	assert_sections("1080 r7+8 ra-1, 10c0 -; 1 bad", &m, NULL);
}

/* Code that the program header names but the file doesn't have; a language's data in FDEs. */
static void test_code_behind_the_file(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkelf elf;
	struct mkcfi m;

	(void)state;
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(.augmentation = "zR"));
	mkcfi__fde(&m, 0, FDE(.pc = CODE, .bytes = 0x40, .data_len = 4, MKCFI_OPS(AT(1))));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x80000, .bytes = 0x40));
	mkcfi_init_elf(&elf, &m, NULL);
	elf.segments[1].p_filesz = 0x100000;
	elf.segments[2].p_type = PT_NULL;
	mkelf__write(&elf, &file);
	assert_file(&file, "1000 r7+1 ra-1, 1040 -");
	mkelf__fini(&elf);
	mkcfi__fini(&m);
}

/* Address 0 is never a function, even where it is code. */
static void test_code_at_zero(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkelf elf;
	struct mkcfi m;

	(void)state;
	mkcfi__init(&m, false);
	mkcfi__cie(&m, CIE(.augmentation = ""));
	mkcfi__fde(&m, 0, FDE(.pc = 0, .bytes = 0x40));
	mkcfi__fde(&m, 0, FDE(.pc = 1, .bytes = 0x40, MKCFI_OPS(AT(1))));
	mkcfi_init_elf(&elf, &m, NULL);
	elf.segments[1].p_vaddr = 0;
	mkelf__write(&elf, &file);
	assert_file(&file, "1001 r7+1 ra-1, 1041 -");
	mkelf__fini(&elf);
	mkcfi__fini(&m);
}

static void test_damaged_function(void **state)
{
	struct mkcfi m;

	(void)state;
	/*
	 * Where it cut another one short, that one doesn't come back. Unsupported rows don't count
	 * either.
	 */
	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	mkcfi__fde(&m, 0,
		   FDE(.pc = CODE + 0x40, .bytes = 0x40,
		       MKCFI_OPS(DW_CFA_register, 6, 9, DW_CFA_advance_loc | 4, 0x3f)));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x100, .bytes = 0x40));
	assert_sections("1000 r7+8 ra-1, 1040 -, 1100 r7+8 ra-1, 1140 -; 1 bad", &m, NULL);
	/* What one function remembers the next one can't restore. */
	mkcfi__init(&m, false);
	mkcfi__usual(&m, (const uint8_t[]){DW_CFA_remember_state}, 1);
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x100, .bytes = 0x40, MKCFI_OPS(DW_CFA_restore_state)));
	assert_sections("1000 r7+8 ra-1, 1100 -; 1 bad", &m, NULL);
	/* Its rows are taken back, also where the one before and the one after touch it. */
	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	mkcfi__fde(
		&m, 0,
		FDE(.pc = CODE + 0x100, .bytes = 0x40,
		    MKCFI_OPS(AT(1), DW_CFA_advance_loc | 4, AT(2), DW_CFA_advance_loc | 4, 0x3f)));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x140, .bytes = 0x40));
	assert_sections("1000 r7+8 ra-1, 1100 -, 1140 r7+8 ra-1, 1180 -; 1 bad", &m, NULL);
	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x200, .bytes = 0x40, MKCFI_OPS(AT(1), 0x3f)));
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x300, .bytes = 0x40));
	assert_sections("1000 r7+8 ra-1, 1100 -, 1300 r7+8 ra-1, 1340 -; 1 bad", &m, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pointer_encodings),
		cmocka_unit_test(test_rare_bases),
		cmocka_unit_test(test_augmentations),
		cmocka_unit_test(test_cie_versions),
		cmocka_unit_test(test_bad_cies),
		cmocka_unit_test(test_cie_behind),
		cmocka_unit_test(test_order_of_functions),
		cmocka_unit_test(test_functions_elsewhere),
		cmocka_unit_test(test_code_behind_the_file),
		cmocka_unit_test(test_code_at_zero),
		cmocka_unit_test(test_damaged_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
