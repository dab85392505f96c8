/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/elf_resolver.h"

#include <elf.h>
#include <errno.h>

#include "format/elf_minidebug.h"
#include "symbol/debug_file.h"

struct elf_resolver_run {
	const struct elf *elf; /* the file that is mapped: its segments say where an address is */
	struct symtab *symtab;
};

static enum symbol_bind elf_resolver_bind(uint8_t bind)
{
	switch (bind) {
	case STB_LOCAL:
		return SYMBOL_LOCAL;
	case STB_WEAK:
		return SYMBOL_WEAK;
	default: /* STB_GLOBAL, STB_GNU_UNIQUE */
		return SYMBOL_GLOBAL;
	}
}

static int elf_resolver_take(void *arg, const struct elf_function *f)
{
	struct elf_resolver_run *run = arg;
	uint8_t rank = symbol_rank(f->name, f->name_len, elf_resolver_bind(f->bind));
	uint64_t off;

	/* A symbol of a segment that is not loaded, or made up. */
	if (elf__vaddr_to_off(run->elf, f->vaddr, &off))
		return 0;
	/* A label of assembly never hides the function that begins there. */
	if (f->type == STT_NOTYPE)
		rank = 0;
	return symtab__add_bytes(run->symtab, f->name, f->name_len, off, f->size, rank);
}

/* A function without a size ends with its section at the latest: _init must not swallow the PLT. */
static int elf_resolver_add_ends(const struct elf *e, struct symtab *t)
{
	int err = 0;

	for (size_t i = 0; !err && i < e->section_cnt; i++) {
		const struct elf_section *s = &e->sections[i];

		if ((s->flags & SHF_EXECINSTR) && s->size <= UINT64_MAX - s->off)
			err = symtab__add(t, "", s->off + s->size, 0, 0);
	}
	return err;
}

static uint64_t elf_resolver_limit(const struct elf *e)
{
	uint64_t limit = 0;

	for (size_t i = 0; i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->type == PT_LOAD && s->off + s->file_bytes > limit)
			limit = s->off + s->file_bytes;
	}
	return limit;
}

int elf_resolver_add(const struct elf *e, struct symtab *t, uint64_t *ret_limit)
{
	struct elf_resolver_run run = {.elf = e, .symtab = t};
	int err;

	err = elf_resolver_add_ends(e, t);
	if (!err)
		err = elf__each_function(e, elf_resolver_take, &run);
	if (err && err != -E2BIG)
		return err;
	*ret_limit = elf_resolver_limit(e);
	return 0;
}

/* The functions of a file that belongs to @main. Its own segments have other offsets, or none. */
static int elf_resolver_add_from(const struct elf *main, const struct elf *e, struct symtab *t)
{
	struct elf_resolver_run run = {.elf = main, .symtab = t};
	int err = elf__each_function(e, elf_resolver_take, &run);

	return err == -E2BIG ? 0 : err;
}

static int elf_resolver_add_debug(const struct module *m, const struct elf *main, struct symtab *t)
{
	_cleanup_debug_file_ struct debug_file f;
	struct elf e;
	int err = debug_file__find(&f, m, main);

	if (err || f.fd < 0)
		return err;
	err = elf__open(&e, f.fd);
	if (err)
		return err == -ENOMEM ? err : 0;
	err = elf_resolver_add_from(main, &e, t);
	elf__close(&e);
	return err;
}

int elf_resolver_add_minidebug(const struct elf *main, struct symtab *t)
{
	_cleanup_buf_ struct buf image = {0};
	struct elf e;
	int err = elf_minidebug_unpack(main, &image);

	if (!err)
		err = elf__open_memory(&e, image.data, image.len);
	if (err)
		return err == -ENOMEM ? err : 0;
	err = elf_resolver_add_from(main, &e, t);
	elf__close(&e);
	return err;
}

/* All that @m's own file and those that belong to it say. */
static int elf_resolver_add_all(const struct module *m, const struct elf *e, struct symtab *t,
				uint64_t *ret_limit)
{
	int err = elf_resolver_add(e, t, ret_limit);

	/* A full symbol table is not surpassed by one that was split off. */
	if (err || elf_debug_has_symbols(e))
		return err;
	err = elf_resolver_add_debug(m, e, t);
	return err ? err : elf_resolver_add_minidebug(e, t);
}

static int elf_resolver_fill(void *ctx, const struct module *m, struct symtab *t,
			     uint64_t *ret_limit)
{
	struct elf e;
	int err;

	(void)ctx;
	if (m->kind != WIRE_MODULE_ELF || m->fd < 0)
		return 0;
	err = elf__open(&e, m->fd);
	if (err)
		return err == -ENOMEM ? err : 0; /* not an ELF file: perhaps another's business */
	err = elf_resolver_add_all(m, &e, t, ret_limit);
	elf__close(&e);
	return err ? err : 1;
}

const struct resolver elf_resolver = {.name = "elf", .fill = elf_resolver_fill};
