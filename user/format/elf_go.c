/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/elf_go.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "format/elf_reloc.h"
#include "format/gopclntab_header.h"

#define ELF_GO_ALIGN	      8
#define ELF_GO_CHUNK_BYTES    65536
#define ELF_GO_MAX_CANDIDATES 16

/* Some bytes of a segment. */
struct elf_go_chunk {
	const uint8_t *bytes;
	size_t len;	/* may go on into the next chunk, by a header */
	uint64_t vaddr; /* of the first one */
	uint64_t left;	/* from there to the end of the segment */
};

/* 0 to go on, else the end. */
typedef int (*elf_go_chunk_fn)(void *arg, const struct elf_go_chunk *c);

static int elf_go_each_chunk_of(const struct elf *e, const struct elf_segment *s,
				uint64_t max_bytes, elf_go_chunk_fn fn, void *arg)
{
	int ret = 0;

	for (uint64_t at = 0; !ret && at < max_bytes; at += ELF_GO_CHUNK_BYTES) {
		_cleanup_buf_ struct buf bytes = {0};
		uint64_t left = s->file_bytes - at, len = left;

		if (len > ELF_GO_CHUNK_BYTES + GOPCLNTAB_HEADER_BYTES)
			len = ELF_GO_CHUNK_BYTES + GOPCLNTAB_HEADER_BYTES;
		ret = elf__read_range(e, s->off + at, len, len, &bytes);
		if (ret)
			return ret == -ENOMEM ? ret : 0;
		ret = fn(arg, &(struct elf_go_chunk){(const uint8_t *)bytes.data, bytes.len,
						     s->vaddr + at, left});
	}
	return ret;
}

/* What is in the file of all segments that have @flags. */
static int elf_go_each_chunk(const struct elf *e, uint32_t flags, elf_go_chunk_fn fn, void *arg)
{
	uint64_t budget = ELF_GO_MAX_SCAN_BYTES;
	int ret = 0;

	for (size_t i = 0; !ret && i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];
		uint64_t bytes = s->file_bytes < budget ? s->file_bytes : budget;

		if (s->type != PT_LOAD || (s->flags & flags) != flags)
			continue;
		ret = elf_go_each_chunk_of(e, s, bytes, fn, arg);
		budget -= bytes;
	}
	return ret;
}

/* ---- the table ---- */

static int elf_go_take_header(void *arg, const struct elf_go_chunk *c)
{
	struct elf_go_table *found = arg;
	struct gopclntab_header h;

	for (size_t at = 0; at < c->len && at < ELF_GO_CHUNK_BYTES; at += ELF_GO_ALIGN) {
		/* All magics end in ff ff ff, and little else does. */
		if (c->len - at < 4 || c->bytes[at + 3] != 0xff ||
		    gopclntab_header__parse(c->bytes + at, c->len - at, c->left - at, &h))
			continue;
		*found = (struct elf_go_table){c->vaddr + at, c->left - at};
		return 1;
	}
	return 0;
}

/* Whether a file with section headers can be Go's: others are not searched through. */
static bool elf_go_is_likely(const struct elf *e)
{
	static const char *const names[] = {".go.buildinfo", ".note.go.buildid", ".gosymtab"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (elf__find_section(e, names[i]))
			return true;
	return !e->section_cnt;
}

int elf_go__find_table(const struct elf *e, struct elf_go_table *ret)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab"};
	struct elf_go_table found;
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct elf_section *s = elf__find_section(e, names[i]);

		if (!s || s->type != SHT_PROGBITS)
			continue;
		*ret = (struct elf_go_table){s->addr, s->size};
		return 0;
	}
	if (!elf_go_is_likely(e))
		return -ENOENT;
	err = elf_go_each_chunk(e, 0, elf_go_take_header, &found);
	if (err <= 0)
		return err ? err : -ENOENT;
	*ret = found;
	return 0;
}

/* ---- moduledata ---- */

/* The search for it. */
struct elf_go_module {
	const struct elf *elf;
	uint64_t table_vaddr, names_vaddr;
	uint64_t found;
	unsigned int candidate_cnt;
};

static uint64_t elf_go_word(const struct elf *e, struct cursor *c)
{
	return e->is_64 ? cursor__u64(c) : cursor__u32(c);
}

static bool elf_go_begins_module(const struct elf_go_module *m, const void *data, size_t len)
{
	struct cursor c = cursor_over(data, len);
	uint64_t table = elf_go_word(m->elf, &c), names = elf_go_word(m->elf, &c);

	return !c.err && table == m->table_vaddr && names == m->names_vaddr;
}

/* 1 if it is at @vaddr, once the dynamic linker was there. */
static int elf_go_check_module(struct elf_go_module *m, uint64_t vaddr)
{
	size_t len = m->elf->is_64 ? 16 : 8;
	_cleanup_buf_ struct buf words = {0};
	int err = elf_reloc__read(m->elf, vaddr, len, len, &words);

	if (err || !elf_go_begins_module(m, words.data, words.len))
		return err == -ENOMEM ? err : 0;
	m->found = vaddr;
	return 1;
}

static int elf_go_take_module(void *arg, const struct elf_go_chunk *c)
{
	struct elf_go_module *m = arg;

	for (size_t at = 0; at < c->len && at < ELF_GO_CHUNK_BYTES; at += ELF_GO_ALIGN) {
		if (!elf_go_begins_module(m, c->bytes + at, c->len - at))
			continue;
		m->found = c->vaddr + at;
		return 1;
	}
	return 0;
}

static int elf_go_take_reloc(void *arg, uint64_t place, uint64_t value)
{
	struct elf_go_module *m = arg;

	if (value != m->table_vaddr || m->candidate_cnt++ >= ELF_GO_MAX_CANDIDATES)
		return 0;
	return elf_go_check_module(m, place);
}

int elf_go__find_module(const struct elf *e, uint64_t table_vaddr, uint64_t names_vaddr,
			uint64_t *ret_vaddr)
{
	const struct elf_section *s = elf__find_section(e, ".go.module");
	struct elf_go_module m = {e, table_vaddr, names_vaddr, 0, 0};
	int ret = s ? elf_go_check_module(&m, s->addr) : 0;

	if (!ret)
		ret = elf_go_each_chunk(e, PF_W, elf_go_take_module, &m);
	if (!ret)
		ret = elf_reloc__each(e, elf_go_take_reloc, &m);
	if (ret <= 0)
		return ret ? ret : -ENOENT;
	*ret_vaddr = m.found;
	return 0;
}

/* ---- thread-local variables ---- */

#define ELF_GO_WORD 8

/* The value of the symbol runtime.tlsg: where it is among those of the program. 1; 0: there is none; -ENOMEM. */
static int elf_go_read_tlsg(const struct elf *e, uint64_t *ret)
{
	const struct elf_section *table = elf__find_section(e, ".symtab");
	_cleanup_buf_ struct buf symbols = {0}, names = {0};
	struct cursor c;
	Elf64_Sym sym;
	int err;

	if (!table || table->link >= e->section_cnt)
		return 0;
	err = elf__read_section(e, table, ELF_MAX_TABLE_BYTES, &symbols);
	if (!err)
		err = elf__read_section(e, &e->sections[table->link], ELF_MAX_TABLE_BYTES, &names);
	if (err)
		return err == -ENOMEM ? err : 0;
	c = cursor_over(symbols.data, symbols.len);
	while (cursor__left(&c) >= sizeof(sym)) {
		memcpy(&sym, cursor__bytes(&c, sizeof(sym)), sizeof(sym));
		/* A buffer's content is followed by a NUL. */
		if (ELF64_ST_TYPE(sym.st_info) != STT_TLS || sym.st_name >= names.len ||
		    strcmp(names.data + sym.st_name, "runtime.tlsg") != 0)
			continue;
		*ret = sym.st_value;
		return 1;
	}
	return 0;
}

/* How many bytes a linker gives them below the thread pointer. */
static uint64_t elf_go_tls_bytes(const struct elf *e)
{
	for (size_t i = 0; i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];
		uint64_t align = s->align > ELF_GO_WORD ? s->align : ELF_GO_WORD;

		if (s->type == PT_TLS)
			return s->mem_bytes > UINT32_MAX || align & (align - 1)
				       ? UINT32_MAX
				       : (s->mem_bytes + align - 1) & ~(align - 1);
	}
	return ELF_GO_WORD;
}

int elf_go__find_tls(const struct elf *e, uint32_t max_words, int64_t *ret_off, uint32_t *ret_words)
{
	uint64_t bytes = elf_go_tls_bytes(e), value;
	int ret = 0;

	*ret_off = bytes > ELF_GO_WORD ? 0 : -ELF_GO_WORD;
	*ret_words = (uint32_t)(bytes / ELF_GO_WORD);
	if (!*ret_off && e->is_64)
		ret = elf_go_read_tlsg(e, &value);
	if (ret < 0)
		return ret;
	if (ret && value < bytes && !(value % ELF_GO_WORD)) {
		*ret_off = (int64_t)(value - bytes);
		return 0;
	}
	return *ret_words > max_words ? -ENOTSUP : 0;
}

/* ---- runtime.text ---- */

static int elf_go_take_function(void *arg, const struct elf_function *f)
{
	static const char name[] = "runtime.text";

	if (f->name_len != strlen(name) || memcmp(f->name, name, f->name_len) != 0)
		return 0;
	*(uint64_t *)arg = f->vaddr;
	return 1;
}

int elf_go__find_text(const struct elf *e, uint64_t *ret_vaddr)
{
	uint64_t vaddr;
	int ret = elf__each_function(e, elf_go_take_function, &vaddr);

	if (ret <= 0)
		return ret ? ret : -ENOENT;
	*ret_vaddr = vaddr;
	return 0;
}
