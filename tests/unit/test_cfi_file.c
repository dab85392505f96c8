/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Sections of call frame information: how they are found, in which forms, and what damage to them
 * costs.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/cursor.h"
#include "fixtures/cfi_text.h"
#include "fixtures/mkcfi.h"
#include "format/cfi.h"
#include "format/dwarf.h"

#define CODE	 MKCFI_CODE_VADDR
#define FDE(...) (&(struct mkcfi_fde){__VA_ARGS__})
#define CIE(...) (&(struct mkcfi_cie){__VA_ARGS__})
#define BREG7	 (DW_OP_breg0 + 7)
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

static void assert_error(int err, struct mkelf *elf)
{
	_cleanup_buf_ struct buf file = {0};
	char expect[16];

	mkelf__write(elf, &file);
	snprintf(expect, sizeof(expect), "%d", err);
	assert_file(&file, expect);
	mkelf__fini(elf);
}

static void test_files_without(void **state)
{
	struct mkelf elf;
	struct mkcfi m;
	uint16_t text;

	(void)state;
	mkelf__init_usual(&elf, &text);
	assert_error(-ENODATA, &elf);
	mkelf__init(&elf, 32);
	assert_error(-ENOTSUP, &elf);
	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	mkcfi_init_elf(&elf, &m, NULL);
	elf.machine = EM_RISCV;
	assert_error(-ENOTSUP, &elf);
	/* x32: the machine of the 64-bit files. */
	mkelf__init(&elf, 32);
	elf.machine = EM_X86_64;
	mkcfi__place(&m, &elf, MKCFI_EH_OFF);
	assert_error(-ENOTSUP, &elf);
	/* No segments, none with code, a file of debug information: its sections have no bytes. */
	mkelf__init(&elf, 64);
	mkcfi__place(&m, &elf, MKCFI_EH_OFF);
	assert_error(-ENODATA, &elf);
	mkcfi_init_elf(&elf, &m, NULL);
	elf.segments[1].p_type = PT_NOTE;
	assert_error(-ENODATA, &elf);
	mkcfi_init_elf(&elf, &m, NULL);
	elf.sections[2].sh_type = SHT_NOBITS;
	assert_error(-ENODATA, &elf);
	/* A segment behind the end of the file. */
	mkcfi_init_elf(&elf, &m, NULL);
	elf.segments[1].p_offset = 1 << 30;
	assert_error(-ENODATA, &elf);
	/* A section without code of this file. */
	mkcfi__fini(&m);
	mkcfi__init(&m, false);
	mkcfi__fde(&m, mkcfi__cie(&m, CIE(0)), FDE(.pc = 0x501000, .bytes = 0x100));
	assert_sections("-61", &m, NULL);
	/* A section outside of the file. */
	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	mkcfi_init_elf(&elf, &m, NULL);
	elf.sections[2].sh_offset = 1 << 30;
	assert_error(-EBADMSG, &elf);
	mkcfi__fini(&m);
}

/* Terminators between entries, and lengths that lead out of the section. */
static void test_lengths(void **state)
{
	static const uint32_t bad[] = {0x7fffffff, 0xfffffff0, 0xfffffffe, 0xffffffff, 1000};
	struct mkcfi m;

	(void)state;
	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	buf__append(&m.bytes, "\0\0\0\0\0\0\0\0", 8);
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x200, .bytes = 0x40));
	buf__append(&m.bytes, "\0\0\0\0", 4);
	assert_sections("1000 r7+8 ra-1, 1100 -, 1200 r7+8 ra-1, 1240 -", &m, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		size_t at;

		mkcfi__init(&m, false);
		mkcfi__usual(&m, NULL, 0);
		at = m.bytes.len;
		mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x200, .bytes = 0x40));
		memcpy(m.bytes.data + at, &bad[i], 4);
		assert_sections("1000 r7+8 ra-1, 1100 -; 1 bad", &m, NULL);
	}
}

/* As glibc's clone3(): the system call lies between two FDEs. */
static void test_holes(void **state)
{
	static const struct {
		uint64_t next;	  /* where the code behind it begins */
		uint64_t cfa;	  /* in force at the end of the code before */
		const char *rows; /* of which the last one is CODE + 0x100's, if it is cut */
	} holes[] = {
		{0x107, 8, "1000 r7+8 ra-1, 1107 r7+16 ra-1, 1117 -"},
		{0x11f, 8, "1000 r7+8 ra-1, 111f r7+16 ra-1, 112f -"},
		/* Too long; where a function may begin; not as at the entry. */
		{0x121, 8, "1000 r7+8 ra-1, 1100 -, 1121 r7+16 ra-1, 1131 -"},
		{0x110, 8, "1000 r7+8 ra-1, 1100 -, 1110 r7+16 ra-1, 1120 -"},
		{0x107, 24, "1000 r7+24 ra-1, 1100 -, 1107 r7+16 ra-1, 1117 -"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(holes); i++) {
		const uint8_t ops[] = {DW_CFA_def_cfa_offset, (uint8_t)holes[i].cfa};
		struct mkcfi m;

		mkcfi__init(&m, false);
		mkcfi__usual(&m, ops, sizeof(ops));
		mkcfi__fde(&m, 0,
			   FDE(.pc = CODE + holes[i].next, .bytes = 0x10, MKCFI_OPS(AT(16))));
		assert_sections(holes[i].rows, &m, NULL);
	}
}

static void test_debug_frame(void **state)
{
	struct mkcfi eh, debug;

	(void)state;
	mkcfi__init(&debug, true);
	mkcfi__usual(&debug, NULL, 0);
	assert_sections("1000 r7+8 ra-1, 1100 -", NULL, &debug);
	/* It adds functions, but says nothing about code that .eh_frame covers. */
	mkcfi__init(&eh, false);
	mkcfi__cie(&eh, CIE(0));
	mkcfi__fde(&eh, 0, FDE(.pc = CODE + 0x100, .bytes = 0x40, MKCFI_OPS(AT(1))));
	mkcfi__init(&debug, true);
	mkcfi__cie(&debug, CIE(0));
	mkcfi__fde(&debug, 0, FDE(.pc = CODE + 0x100, .bytes = 0x80, MKCFI_OPS(AT(2))));
	mkcfi__fde(&debug, 0, FDE(.pc = CODE + 0x120, .bytes = 0x40, MKCFI_OPS(AT(3))));
	mkcfi__fde(&debug, 0, FDE(.pc = CODE + 0xf0, .bytes = 0x40, MKCFI_OPS(AT(4))));
	mkcfi__fde(&debug, 0, FDE(.pc = CODE + 0x140, .bytes = 0x40, MKCFI_OPS(AT(5))));
	mkcfi__fde(&debug, 0, FDE(.pc = CODE + 0x160, .bytes = 0x20, MKCFI_OPS(AT(6))));
	assert_sections("10f0 r7+4 ra-1, 1100 r7+1 ra-1, 1140 r7+5 ra-1, 1160 r7+6 ra-1, 1180 -",
			&eh, &debug);
	/* Damage to one leaves the other. */
	mkcfi__init(&eh, false);
	mkcfi__cie(&eh, CIE(.version = 2));
	mkcfi__fde(&eh, 0, FDE(.pc = CODE + 0x100, .bytes = 0x40, MKCFI_OPS(AT(1))));
	mkcfi__init(&debug, true);
	mkcfi__usual(&debug, NULL, 0);
	assert_sections("1000 r7+8 ra-1, 1100 -; 1 bad", &eh, &debug);
}

/* Replaces the section's bytes by what @pack makes of them. */
static void pack_chdr(struct mkcfi *m, uint32_t type, uint64_t said_bytes)
{
	_cleanup_buf_ struct buf plain = m->bytes;
	uLongf len = compressBound(plain.len);
	uint64_t head[3] = {type, said_bytes, 8};
	void *to;

	buf__init(&m->bytes, 1 << 20);
	buf__append(&m->bytes, head, sizeof(head));
	to = buf__reserve(&m->bytes, len);
	assert_int_equal(compress(to, &len, (const Bytef *)plain.data, plain.len), Z_OK);
	buf__advance(&m->bytes, len);
}

static void assert_packed(const char *expect, uint32_t type, int64_t lie, size_t cut)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkelf elf;
	struct mkcfi m;

	mkcfi__init(&m, true);
	mkcfi__usual(&m, NULL, 0);
	pack_chdr(&m, type, m.bytes.len + (uint64_t)lie);
	m.bytes.len -= cut;
	mkcfi_init_elf(&elf, NULL, &m);
	elf.sections[2].sh_flags |= SHF_COMPRESSED;
	mkelf__write(&elf, &file);
	assert_file(&file, expect);
	mkelf__fini(&elf);
	mkcfi__fini(&m);
}

static void test_compressed_debug_frame(void **state)
{
	(void)state;
	assert_packed("1000 r7+8 ra-1, 1100 -", ELFCOMPRESS_ZLIB, 0, 0);
	assert_packed("-95", 2 /* zstd */, 0, 0);
	/* A size that isn't its; one past the cap; a stream that is cut. */
	assert_packed("-74", ELFCOMPRESS_ZLIB, 1, 0);
	assert_packed("-74", ELFCOMPRESS_ZLIB, -1, 0);
	assert_packed("-7", ELFCOMPRESS_ZLIB, 1ll << 40, 0);
	assert_packed("-74", ELFCOMPRESS_ZLIB, 100 << 20, 0);
	assert_packed("-74", ELFCOMPRESS_ZLIB, 0, 4);
}

static void test_zdebug_frame(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkelf elf;
	struct mkcfi m;
	uint64_t len;

	(void)state;
	mkcfi__init(&m, true);
	mkcfi__usual(&m, NULL, 0);
	len = __builtin_bswap64(m.bytes.len);
	pack_chdr(&m, ELFCOMPRESS_ZLIB, 0);
	/* "ZLIB" and the size in big endian, where the header of 24 bytes was. */
	memcpy(m.bytes.data + 12, "ZLIB", 4);
	memcpy(m.bytes.data + 16, &len, 8);
	for (int good = 1; good >= 0; good--) {
		mkcfi_init_elf(&elf, NULL, NULL);
		mkelf__code(&elf, ".zdebug_frame", 0, MKCFI_DEBUG_OFF, m.bytes.len - 12, 0);
		memcpy(elf.code.data + MKCFI_DEBUG_OFF, m.bytes.data + 12, m.bytes.len - 12);
		elf.code.data[MKCFI_DEBUG_OFF] = good ? 'Z' : 'X';
		mkelf__write(&elf, &file);
		assert_file(&file, good ? "1000 r7+8 ra-1, 1100 -" : "-74");
		buf__fini(&file);
		mkelf__fini(&elf);
	}
	mkcfi__fini(&m);
}

/*
 * A file without section headers: PT_GNU_EH_FRAME leads to .eh_frame, whose end only its terminator
 * tells.
 */
static void write_without_sections(const uint8_t header[8], struct buf *ret)
{
	struct mkelf elf;
	struct mkcfi m;

	mkcfi__init(&m, false);
	mkcfi__usual(&m, NULL, 0);
	buf__append(&m.bytes, "\0\0\0\0", 4);
	/* What follows is no CFI any more, but could be taken for it. */
	mkcfi__fde(&m, 0, FDE(.pc = CODE + 0x200, .bytes = 0x40));
	mkcfi_init_elf(&elf, &m, NULL);
	mkelf__code(&elf, ".x", 0x403000, 0x3000, 8, SHF_ALLOC);
	memcpy(elf.code.data + 0x3000, header, 8);
	elf.segments[elf.segment_cnt++] = (Elf64_Phdr){
		.p_type = PT_GNU_EH_FRAME, .p_offset = 0x3000, .p_vaddr = 0x403000, .p_filesz = 8};
	mkelf__write(&elf, ret);
	memset(ret->data + offsetof(Elf64_Ehdr, e_shoff), 0, sizeof(Elf64_Off));
	mkelf__fini(&elf);
	mkcfi__fini(&m);
}

static void assert_header(const char *expect, uint8_t version, uint8_t encoding, uint32_t pointer)
{
	uint8_t header[8] = {version, encoding, 0, 0};
	_cleanup_buf_ struct buf file = {0};

	memcpy(header + 4, &pointer, 4);
	write_without_sections(header, &file);
	assert_file(&file, expect);
}

static void test_eh_frame_hdr(void **state)
{
	const char *usual = "1000 r7+8 ra-1, 1100 -";

	(void)state;
	assert_header(usual, 1, DW_EH_PE_pcrel | DW_EH_PE_sdata4, (uint32_t)-0x1004);
	assert_header(usual, 1, DW_EH_PE_datarel | DW_EH_PE_sdata4, (uint32_t)-0x1000);
	assert_header(usual, 1, DW_EH_PE_udata4, MKCFI_EH_VADDR);
	/* Another version, a form that can't be followed, no segment there, cut short. */
	assert_header("-74", 2, DW_EH_PE_udata4, MKCFI_EH_VADDR);
	assert_header("-74", 1, DW_EH_PE_indirect | DW_EH_PE_udata4, MKCFI_EH_VADDR);
	assert_header("-74", 1, DW_EH_PE_udata4, 0x700000);
	assert_header("-74", 1, DW_EH_PE_udata8, MKCFI_EH_VADDR);
}

/* The many forms of entries at once, for damage below. */
static void make_rich(struct mkcfi *eh, struct mkcfi *debug)
{
	static const uint8_t plr[] = {0x9b, 1, 2, 3, 4, 0x1b, DW_EH_PE_pcrel | DW_EH_PE_sdata4};
	size_t cie;

	mkcfi__init(eh, false);
	cie = mkcfi__cie(eh, CIE(0));
	mkcfi__fde(
		eh, cie,
		FDE(.pc = CODE, .bytes = 0x40,
		    MKCFI_OPS(DW_CFA_advance_loc1, 1, AT(16), DW_CFA_offset | 6, 2,
			      DW_CFA_remember_state, DW_CFA_advance_loc | 8, DW_CFA_restore_state,
			      DW_CFA_def_cfa_expression, 3, BREG7, 8, DW_OP_deref)));
	cie = mkcfi__cie(
		eh, CIE(.augmentation = "zPLR", .data = plr, .data_len = 7, .encoding = plr[6]));
	mkcfi__fde(
		eh, cie,
		FDE(.pc = CODE + 0x80, .bytes = 0x40, MKCFI_OPS(DW_CFA_advance_loc2, 4, 0, AT(1))));
	eh->is_64 = true;
	mkcfi__fde(eh, cie,
		   FDE(.pc = CODE + 0x60, .bytes = 0x10,
		       MKCFI_OPS(DW_CFA_expression, 6, 2, BREG7, 8)));
	mkcfi__init(debug, true);
	cie = mkcfi__cie(debug, CIE(.version = 4));
	mkcfi__fde(debug, cie,
		   FDE(.pc = CODE + 0x100, .bytes = 0x40,
		       MKCFI_OPS(DW_CFA_advance_loc4, 4, 0, 0, 0, AT(1))));
}

/* Rows are sorted, their rules exist, and none says what the one before it said. */
static void check_rows(const struct buf *file)
{
	_cleanup_cfi_rows_ struct cfi_rows rows = {0};
	struct elf e;
	uint64_t unsupported = 0;

	if (elf__open_memory(&e, file->data, file->len))
		return;
	if (cfi_compile(&e, &rows)) {
		assert_null(rows.rows);
		elf__close(&e);
		return;
	}
	elf__close(&e);
	assert_true(rows.cnt > 1);
	for (size_t i = 0; i < rows.cnt; i++) {
		assert_true(rows.rows[i].rule < rows.rule_cnt);
		assert_true(!i || rows.rows[i].off > rows.rows[i - 1].off);
		assert_true(rows.rows[i].rule != (i ? rows.rows[i - 1].rule : 0));
		unsupported += rows.rules[rows.rows[i].rule].cfa == UNWIND_CFA_UNSUPPORTED;
	}
	assert_int_equal(rows.rows[rows.cnt - 1].rule, 0);
	assert_int_equal(rows.unsupported_cnt, unsupported);
}

/* Each section cut to each length. */
static void test_truncations(void **state)
{
	struct mkcfi eh, debug;

	(void)state;
	make_rich(&eh, &debug);
	for (int which = 0; which <= 1; which++) {
		struct mkcfi *m = which ? &debug : &eh;
		size_t len = m->bytes.len;

		for (size_t cut = 0; cut <= len; cut++) {
			_cleanup_buf_ struct buf file = {0};

			m->bytes.len = cut;
			mkcfi_write(&eh, &debug, &file);
			check_rows(&file);
		}
		m->bytes.len = len;
	}
	assert_sections(
		"1000 r7+8 ra-1, 1001 r7+16 ra-1 fp-2, 1009 *(r7+8)+0 ra-1 fp-2, 1040 -, 1060 ?, "
		"1070 -, "
		"1080 r7+8 ra-1, 1084 r7+1 ra-1, 10c0 -, 1100 r7+8 ra-1, 1104 r7+1 ra-1, 1140 -",
		&eh, &debug);
}

/* Each bit of both sections the other way round. */
static void test_bit_flips(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkcfi eh, debug;
	size_t lens[2];

	(void)state;
	make_rich(&eh, &debug);
	lens[0] = eh.bytes.len;
	lens[1] = debug.bytes.len;
	mkcfi_write(&eh, &debug, &file);
	for (int which = 0; which <= 1; which++) {
		size_t off = which ? MKCFI_DEBUG_OFF : MKCFI_EH_OFF;

		for (size_t bit = 0; bit < lens[which] * 8; bit++) {
			file.data[off + bit / 8] ^= (char)(1 << bit % 8);
			check_rows(&file);
			file.data[off + bit / 8] ^= (char)(1 << bit % 8);
		}
	}
	mkcfi__fini(&eh);
	mkcfi__fini(&debug);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_without),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_debug_frame),
		cmocka_unit_test(test_compressed_debug_frame),
		cmocka_unit_test(test_zdebug_frame),
		cmocka_unit_test(test_eh_frame_hdr),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_bit_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
