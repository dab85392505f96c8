/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A Go program's table of functions. The first byte of an input says what follows:
 *
 *   0  an ELF file
 *   1  a table, for a file that has the code, inline trees and moduledata of the usual program (tests/fixtures/mkgo.h)
 *   2  a byte, the function's size, and how its code begins: where would a probe go?
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"
#include "fixtures/mkgo.h"
#include "format/cfi_go.h"
#include "format/go_probe.h"
#include "format/go_threads.h"

#define TABLE_MAX_BYTES 8192
#define MAX_LOOKUPS	512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void need(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void check_line(const struct gopclntab_line *l)
{
	need(l->name && strlen(l->name) < GOPCLNTAB_MAX_TEXT);
	need(l->file ? strlen(l->file) < GOPCLNTAB_MAX_TEXT : !l->line);
}

static void check_address(const struct gopclntab *t, uint64_t vaddr)
{
	struct gopclntab_line lines[GOPCLNTAB_MAX_DEPTH];
	int cnt = gopclntab__locate(t, vaddr, lines);
	struct gopclntab_func f;

	need(cnt >= 0 && cnt <= GOPCLNTAB_MAX_DEPTH);
	for (int i = 0; i < cnt; i++)
		check_line(&lines[i]);
	if (cnt)
		need(!gopclntab__find(t, vaddr, &f) && vaddr - f.entry < f.end - f.entry);
}

/* In a program of anything, too: at an instruction in the function, one of three. */
static void check_probes(const struct gopclntab *t)
{
	const struct go_code code = {.elf = t->elf, .table = t};
	struct go_probes p;
	uint8_t byte;

	if (go_probes__find(&p, &code, 0))
		return;
	for (int i = 0; i < GO_PROBE_CNT; i++)
		need(!elf__read(t->elf, p.at[i].off, 1, &byte) &&
		     (byte == 0x76 || byte == 0x0f || byte == 0x55));
}

static void fuzz_code(struct cursor *c)
{
	uint64_t size = cursor__u8(c);
	const uint8_t *code = c->pos;
	size_t len = cursor__left(c);
	uint32_t skip;

	if (go_probe_place(code, len, size, &skip))
		return;
	need(skip < len && skip < size);
	need(code[skip] == 0x76 || code[skip] == 0x55 ||
	     (code[skip] == 0x0f && code[skip + 1] == 0x86));
}

static void check_table(const struct gopclntab *t)
{
	struct gopclntab_func f;

	for (uint32_t i = 0; i < t->h.func_cnt && i < MAX_LOOKUPS; i++) {
		if (gopclntab__func(t, i, &f))
			continue;
		need(strlen(gopclntab__name(t, &f)) < GOPCLNTAB_MAX_TEXT && f.end >= f.entry);
		check_address(t, f.entry);
		check_address(t, f.entry + (f.end - f.entry) / 2);
	}
	need(gopclntab__func(t, t->h.func_cnt, &f));
	for (uint64_t off = 0; off < MKGO_END; off += 8)
		check_address(t, MKGO_TEXT + off);
}

/* What else is taken out of such a file: unwind tables whose stacks are given an end, and where its threads' goroutines are. */
static void check_file(const struct elf *e)
{
	struct cfi_rows rows = {0};
	struct go_threads threads;

	cfi_compile(e, &rows);
	need(!cfi_go__end_stacks(e, &rows));
	for (size_t i = 1; i < rows.cnt; i++)
		need(rows.rows[i].off > rows.rows[i - 1].off);
	for (size_t i = 0; i < rows.cnt; i++)
		need(rows.rows[i].rule < rows.rule_cnt || !rows.rows[i].rule);
	cfi_rows__fini(&rows);
	go_threads_read(e, &threads);
}

static void fuzz_elf(const void *data, size_t len)
{
	struct gopclntab t;
	struct elf e;

	if (elf__open_memory(&e, data, len))
		return;
	check_file(&e);
	if (!gopclntab__open(&t, &e)) {
		check_table(&t);
		check_probes(&t);
	}
	gopclntab__close(&t);
	elf__close(&e);
}

/* The usual program, made once. */
static char *template_file(size_t *ret_len, size_t *ret_table_section)
{
	static struct buf file;
	static size_t table_section;

	if (!file.data) {
		static char zeros[TABLE_MAX_BYTES];
		struct mkgo g;

		mkgo__init_usual(&g, GOPCLNTAB_1_20);
		g.tail = zeros;
		g.tail_bytes = sizeof(zeros);
		mkgo__write(&g, &file);
		table_section = g.section_table_off + 2 * sizeof(Elf64_Shdr);
		mkgo__fini(&g);
	}
	*ret_len = file.len;
	*ret_table_section = table_section;
	return file.data;
}

static void fuzz_table(const struct cursor *c)
{
	size_t len, table_section, bytes = cursor__left(c);
	char *file = template_file(&len, &table_section);
	uint64_t names, size = bytes;

	if (bytes < 40 || bytes > TABLE_MAX_BYTES)
		return;
	memcpy(file + MKGO_TABLE - MKGO_VADDR, c->pos, bytes);
	memcpy(file + table_section + offsetof(Elf64_Shdr, sh_size), &size, sizeof(size));
	/* The word by which moduledata is known. */
	memcpy(&names, c->pos + 32, sizeof(names));
	names += MKGO_TABLE;
	memcpy(file + MKGO_MODULE - MKGO_VADDR + 8, &names, sizeof(names));
	fuzz_elf(file, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, len);

	switch (cursor__u8(&c)) {
	case 0:
		fuzz_elf(c.pos, cursor__left(&c));
		break;
	case 1:
		fuzz_table(&c);
		break;
	case 2:
		fuzz_code(&c);
		break;
	}
	return 0;
}
