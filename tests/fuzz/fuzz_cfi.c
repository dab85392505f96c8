/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Call frame information to rows to an unwind table. The first byte of an input says what follows:
 *
 *   0, 1  CFI of an x86-64 or arm64 file: 2 bytes, how long .eh_frame is; .eh_frame; .debug_frame
 *   2     an ELF file
 *   3     an unwind table, to be searched
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"
#include "fixtures/mkcfi.h"
#include "format/unwind_table.h"

#define SECTION_MAX_BYTES (MKCFI_DEBUG_OFF - MKCFI_EH_OFF)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void need(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void check_lookup(const void *table, size_t bytes, uint64_t off,
			 const struct unwind_rule *expect)
{
	struct unwind_rule rule;
	bool found = unwind_table__find(table, bytes, off, &rule);

	need(found == (expect->cfa != UNWIND_CFA_NONE));
	need(!found || !memcmp(&rule, expect, sizeof(rule)));
}

/* The table says at the first and the last byte of each row what the row says. */
static void check_table(const struct cfi_rows *rows)
{
	static const struct unwind_rule none;
	int block_cnt = unwind_table__block_cnt(rows);
	size_t bytes = (size_t)block_cnt * UNWIND_BLOCK_BYTES;
	void *table;

	if (block_cnt < 0)
		return;
	table = malloc(bytes);
	need(table && !unwind_table__build(rows, table, bytes));
	for (size_t i = 0; i < rows->cnt; i++) {
		uint64_t off = rows->rows[i].off;

		check_lookup(table, bytes, off, &rows->rules[rows->rows[i].rule]);
		if (off)
			check_lookup(table, bytes, off - 1,
				     i ? &rows->rules[rows->rows[i - 1].rule] : &none);
	}
	free(table);
}

static void check_rows(const struct cfi_rows *rows)
{
	need(rows->cnt && !rows->rows[rows->cnt - 1].rule);
	for (size_t i = 0; i < rows->cnt; i++) {
		need(rows->rows[i].rule < rows->rule_cnt);
		need(!i || rows->rows[i].off > rows->rows[i - 1].off);
		need(rows->rows[i].rule != (i ? rows->rows[i - 1].rule : 0));
	}
	check_table(rows);
}

static void fuzz_elf(const void *data, size_t len)
{
	struct cfi_rows rows = {0};
	struct elf e;

	if (elf__open_memory(&e, data, len))
		return;
	if (!cfi_compile(&e, &rows))
		check_rows(&rows);
	else
		need(!rows.rows && !rows.rules);
	cfi_rows__fini(&rows);
	elf__close(&e);
}

/* A file with two full sections, made once. */
static char *template_file(size_t *ret_len, size_t *ret_section_table)
{
	static struct buf file;
	static size_t section_table;

	if (!file.data) {
		static char zeros[SECTION_MAX_BYTES];
		struct mkcfi eh, debug;
		struct mkelf elf;

		mkcfi__init(&eh, false);
		mkcfi__init(&debug, true);
		buf__append(&eh.bytes, zeros, sizeof(zeros));
		buf__append(&debug.bytes, zeros, sizeof(zeros));
		mkcfi_init_elf(&elf, &eh, &debug);
		mkelf__write(&elf, &file);
		section_table = elf.section_table_off;
		mkelf__fini(&elf);
		mkcfi__fini(&eh);
		mkcfi__fini(&debug);
	}
	*ret_len = file.len;
	*ret_section_table = section_table;
	return file.data;
}

/* Puts the @len bytes at @data into the section @idx, which lies at @off. */
static void set_section(char *file, size_t section_table, size_t idx, size_t off, const void *data,
			uint64_t len)
{
	if (len)
		memcpy(file + off, data, len);
	memcpy(file + section_table + idx * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size),
	       &len, sizeof(len));
}

static void fuzz_sections(uint16_t machine, struct cursor *c)
{
	size_t eh_len = cursor__u16(c), debug_len, file_len, section_table;
	char *file = template_file(&file_len, &section_table);

	if (eh_len > cursor__left(c))
		eh_len = cursor__left(c);
	debug_len = cursor__left(c) - eh_len;
	if (eh_len > SECTION_MAX_BYTES || debug_len > SECTION_MAX_BYTES)
		return;
	memcpy(file + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof(machine));
	set_section(file, section_table, 2, MKCFI_EH_OFF, c->pos, eh_len);
	set_section(file, section_table, 3, MKCFI_DEBUG_OFF, c->pos + eh_len, debug_len);
	fuzz_elf(file, file_len);
}

static void fuzz_table(const struct cursor *c)
{
	uint64_t off = cursor__left(c) >= 8 ? 0 : 1;
	struct unwind_rule rule;

	if (!off)
		memcpy(&off, c->pos, 8);
	for (int shift = 0; shift < 64; shift += 4)
		unwind_table__find(c->pos, cursor__left(c), off >> shift, &rule);
	for (off = 0; off < 0x2000; off += 509)
		unwind_table__find(c->pos, cursor__left(c), off, &rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, len);

	switch (cursor__u8(&c)) {
	case 0:
		fuzz_sections(EM_X86_64, &c);
		break;
	case 1:
		fuzz_sections(EM_AARCH64, &c);
		break;
	case 2:
		fuzz_elf(c.pos, cursor__left(&c));
		break;
	case 3:
		fuzz_table(&c);
		break;
	}
	return 0;
}
