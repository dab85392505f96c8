/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where an ELF file that is CPython has what is looked for: by its symbols, which Debian's interpreters export. */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "base/log.h"
#include "format/elf_python_cold.h"
#include "format/python.h"

#define PYTHON_MAX_TABLE     (64u << 20)
#define PYTHON_VERSION_BYTES 4

enum python_symbol {
	PYTHON_RUNTIME,
	PYTHON_VERSION,
	PYTHON_CODE_TYPE,
	PYTHON_STR_TYPE,
	PYTHON_BYTES_TYPE,
	PYTHON_EVAL,
	PYTHON_SYMBOL_CNT
};

static const char *const python_symbol_names[PYTHON_SYMBOL_CNT] = {
	[PYTHON_RUNTIME] = "_PyRuntime",      [PYTHON_VERSION] = "Py_Version",
	[PYTHON_CODE_TYPE] = "PyCode_Type",   [PYTHON_STR_TYPE] = "PyUnicode_Type",
	[PYTHON_BYTES_TYPE] = "PyBytes_Type", [PYTHON_EVAL] = "_PyEval_EvalFrameDefault",
};

struct python_symbols {
	struct {
		uint64_t vaddr, bytes;
	} at[PYTHON_SYMBOL_CNT];
};

static void python_take_symbol(struct python_symbols *s, const char *name, const Elf64_Sym *sym)
{
	for (size_t i = 0; i < PYTHON_SYMBOL_CNT; i++) {
		if (s->at[i].vaddr || strcmp(name, python_symbol_names[i]) != 0)
			continue;
		s->at[i].vaddr = sym->st_value;
		s->at[i].bytes = sym->st_size;
	}
}

static int python_read_symbols(const struct elf *e, const struct elf_section *table,
			       struct python_symbols *s)
{
	_cleanup_buf_ struct buf symbols = {0}, names = {0};
	struct cursor c;
	Elf64_Sym sym;
	int err;

	if (table->link >= e->section_cnt)
		return 0;
	err = elf__read_section(e, table, PYTHON_MAX_TABLE, &symbols);
	if (!err)
		err = elf__read_section(e, &e->sections[table->link], PYTHON_MAX_TABLE, &names);
	if (err)
		return err == -ENOMEM ? err : 0;
	c = cursor_over(symbols.data, symbols.len);
	while (cursor__left(&c) >= sizeof(sym)) {
		memcpy(&sym, cursor__bytes(&c, sizeof(sym)), sizeof(sym));
		/* A buffer's content is followed by a NUL. */
		if (sym.st_shndx != SHN_UNDEF && sym.st_name < names.len)
			python_take_symbol(s, names.data + sym.st_name, &sym);
	}
	return 0;
}

static int python_find_symbols(const struct elf *e, struct python_symbols *ret)
{
	static const char *const tables[] = {".dynsym", ".symtab"};
	struct python_symbols s = {0};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(tables); i++) {
		const struct elf_section *table = elf__find_section(e, tables[i]);

		if (table && !s.at[PYTHON_RUNTIME].vaddr)
			err = python_read_symbols(e, table, &s);
	}
	if (err)
		return err;
	for (size_t i = 0; i < PYTHON_SYMBOL_CNT; i++)
		if (!s.at[i].vaddr)
			return -ENOENT;
	*ret = s;
	return 0;
}

static int python_read_at(const struct elf *e, uint64_t vaddr, size_t len, struct buf *ret)
{
	uint64_t off;
	int err = elf__vaddr_to_off(e, vaddr, &off);

	return err ? err : elf__read_range(e, off, len, len, ret);
}

/* const unsigned long Py_Version = PY_VERSION_HEX, since 3.11. */
static int python_read_version(const struct elf *e, uint64_t vaddr, uint16_t *ret)
{
	_cleanup_buf_ struct buf bytes = {0};
	struct cursor c;
	int err = python_read_at(e, vaddr, PYTHON_VERSION_BYTES, &bytes);

	if (err)
		return err;
	c = cursor_over(bytes.data, bytes.len);
	*ret = (uint16_t)(cursor__u32(&c) >> 16);
	return 0;
}

static int python_take_segment(const struct elf *e, struct python_layout *l)
{
	for (size_t i = 0; i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->type != PT_LOAD || l->loop[0].start - s->vaddr >= s->file_bytes)
			continue;
		l->text_off = s->off;
		l->text_bytes = s->file_bytes;
		l->text_vaddr = s->vaddr;
		return 0;
	}
	return -ENOENT;
}

int elf_python_layout(const struct elf *e, struct python_layout *ret)
{
	_cleanup_buf_ struct buf runtime = {0};
	struct python_layout l = {0};
	struct python_symbols s;
	uint16_t version = 0;
	int err;

	if (!e->is_64)
		return -ENOENT;
	err = python_find_symbols(e, &s);
	if (!err)
		err = python_read_version(e, s.at[PYTHON_VERSION].vaddr, &version);
	/* Where the runtime is not in the file, all of it is zeros at first: a version without offsets. */
	if (!err && python_read_at(e, s.at[PYTHON_RUNTIME].vaddr, PYTHON_OFFSETS_BYTES, &runtime))
		buf__reset(&runtime);
	if (!err)
		err = python_offsets(version, runtime.data, runtime.len, &l);
	if (err)
		return err;
	l.process.interpreters += s.at[PYTHON_RUNTIME].vaddr;
	l.code_type = s.at[PYTHON_CODE_TYPE].vaddr;
	l.str_type = s.at[PYTHON_STR_TYPE].vaddr;
	l.bytes_type = s.at[PYTHON_BYTES_TYPE].vaddr;
	l.loop[0].start = s.at[PYTHON_EVAL].vaddr;
	l.loop[0].end = l.loop[0].start + s.at[PYTHON_EVAL].bytes;
	err = python_take_segment(e, &l);
	if (!err && elf_python_cold(e, l.loop[0].start, l.loop[0].end, &l.loop[1].start,
				    &l.loop[1].end) == -ENOMEM)
		err = -ENOMEM;
	if (!err)
		*ret = l;
	return err;
}
