/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/pdb_table.h"

#include <errno.h>
#include <string.h>

#include "format/pdb_symbols.h"
#include "symbol/msvc_name.h"

/* Who wins where several begin at one address. A procedure is called as its author wrote it. */
enum pdb_rank {
	PDB_RANK_THUNK = 1,
	PDB_RANK_PUBLIC = 4,
	PDB_RANK_LOCAL = 6,
	PDB_RANK_GLOBAL = 7,
};

/* Adds "@prefix@name" as people call it. */
static int pdb_add_name(struct symtab *t, const char *prefix, const char *name, size_t len,
			bool i386, uint64_t start, uint64_t bytes, uint8_t rank)
{
	_cleanup_buf_ struct buf readable = {0}, whole = {0};

	buf__init(&readable, MSVC_NAME_MAX_BYTES);
	buf__init(&whole, 2 * MSVC_NAME_MAX_BYTES);
	if (msvc_name(name, len, i386, &readable)) {
		name = readable.data;
		len = readable.len;
	}
	if (*prefix) {
		buf__puts(&whole, prefix);
		if (buf__append(&whole, name, len))
			return whole.err;
		name = whole.data;
		len = whole.len;
	}
	return symtab__add_bytes(t, name, len, start, bytes, rank);
}

/* Nothing without a size reaches beyond a section. */
static int pdb_add_ends(const struct pe_section *sections, uint32_t cnt, struct symtab *t)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < cnt; i++)
		if (pe_section__is_code(&sections[i]))
			err = symtab__add(t, "",
					  (uint64_t)sections[i].rva + sections[i].bytes +
						  PDB_FRAME_SHIFT,
					  0, 0);
	return err;
}

/* ---- PDBs ---- */

struct pdb_table_run {
	const struct pdb *pdb;
	struct symtab *symtab;
};

/* Functions of assembly are not always marked. @s lies in a section. */
static bool pdb_is_code(const struct pdb *p, const struct pdb_symbol *s)
{
	return s->is_code || pe_section__is_code(&p->sections[s->segment - 1]);
}

static int pdb_table_take(void *arg, const struct pdb_symbol *s)
{
	static const uint8_t ranks[] = {
		[PDB_PUBLIC] = PDB_RANK_PUBLIC,
		[PDB_GLOBAL_PROCEDURE] = PDB_RANK_GLOBAL,
		[PDB_LOCAL_PROCEDURE] = PDB_RANK_LOCAL,
		[PDB_THUNK] = PDB_RANK_THUNK,
	};
	struct pdb_table_run *run = arg;
	uint64_t start;
	uint32_t rva;

	if (!pdb__rva(run->pdb, s->segment, s->off, &rva) || !pdb_is_code(run->pdb, s))
		return 0;
	start = (uint64_t)rva + PDB_FRAME_SHIFT;
	if (s->kind == PDB_PUBLIC)
		return pdb_add_name(run->symtab, "", s->name, s->name_len,
				    run->pdb->machine == PE_MACHINE_I386, start, 0, ranks[s->kind]);
	return symtab__add_bytes(run->symtab, s->name, s->name_len, start, s->bytes,
				 ranks[s->kind]);
}

static int pdb_table_add_linked(const struct pdb *p, struct symtab *t, uint64_t *ret_bad_cnt)
{
	struct pdb_symbol_counts counts = {0};
	struct pdb_table_run run = {.pdb = p, .symtab = t};
	int err = pdb_add_ends(p->sections, p->section_cnt, t);

	if (!err)
		err = pdb__each_public(p, &counts, pdb_table_take, &run);
	if (!err)
		err = pdb__each_procedure(p, &counts, pdb_table_take, &run);
	*ret_bad_cnt = counts.bad_record_cnt + counts.bad_unit_cnt;
	/* More than a table holds: those that fit are as good. */
	return err == -E2BIG ? 0 : err;
}

/* ---- images that were rearranged ---- */

/* How many symbols start before @offset. */
static size_t symtab_before(const struct symtab *t, uint64_t offset)
{
	size_t lo = 0, hi = t->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->symbols[mid].start < offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Adds what of symbol @s lies between @from and @end to @t, @from being at @to there. */
static int pdb_add_moved(const struct symtab *linked, const struct symbol *s, uint64_t from,
			 uint64_t end, uint64_t to, struct symtab *t)
{
	uint64_t start = s->start > from ? s->start : from;
	uint64_t until = s->start + s->size < end ? s->start + s->size : end;

	if (start >= until)
		return 0;
	return symtab__add(t, symtab__name(linked, s), to + (start - from), until - start,
			   (uint8_t)s->rank);
}

/* One piece of the image, @bytes long. */
static int pdb_add_piece(const struct symtab *linked, const struct pdb_omap *o, uint64_t bytes,
			 struct symtab *t)
{
	uint64_t from = (uint64_t)o->from + PDB_FRAME_SHIFT,
		 to = (uint64_t)o->rva + PDB_FRAME_SHIFT;
	size_t i = symtab_before(linked, from);
	const struct symbol *around = symtab__find(linked, from);
	int err = 0;

	if (around && around->start < from)
		err = pdb_add_moved(linked, around, from, from + bytes, to, t);
	for (; !err && i < linked->cnt && linked->symbols[i].start < from + bytes; i++)
		err = pdb_add_moved(linked, &linked->symbols[i], from, from + bytes, to, t);
	return err;
}

/* The table of the linked image, piece by piece as they lie now. */
static int pdb_table_move(const struct pdb *p, const struct symtab *linked, struct symtab *t)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < p->omap_cnt; i++) {
		const struct pdb_omap *o = &p->omap[i];
		uint64_t bytes = i + 1 < p->omap_cnt ? o[1].rva - o->rva : UINT32_MAX - o->rva;

		if (o->from)
			err = pdb_add_piece(linked, o, bytes, t);
	}
	return err == -E2BIG ? 0 : err;
}

int pdb_table_add(const struct pdb *p, struct symtab *t, uint64_t *ret_bad_cnt)
{
	struct symtab linked;
	int err;

	if (!p->omap)
		return pdb_table_add_linked(p, t, ret_bad_cnt);
	symtab__init(&linked);
	linked.kind = t->kind;
	err = pdb_table_add_linked(p, &linked, ret_bad_cnt);
	if (!err) {
		symtab__finish(&linked, UINT32_MAX);
		err = pdb_table_move(p, &linked, t);
	}
	symtab__fini(&linked);
	return err;
}

/* ---- binaries ---- */

struct pe_table_run {
	const struct pe *pe;
	struct symtab *symtab;
	const char *prefix;
	size_t cnt;
};

static int pe_table_take(void *arg, const struct pe_symbol *s)
{
	struct pe_table_run *run = arg;
	bool i386 = run->pe->machine == PE_MACHINE_I386 && !*run->prefix;
	size_t len = strlen(s->name);

	run->cnt++;
	return pdb_add_name(run->symtab, run->prefix, s->name, len, i386,
			    (uint64_t)s->rva + PDB_FRAME_SHIFT, 0,
			    symbol_rank(s->name, len, s->is_global ? SYMBOL_GLOBAL : SYMBOL_LOCAL));
}

int pe_table_add(const struct pe *p, struct symtab *t)
{
	struct pe_table_run run = {.pe = p, .symtab = t, .prefix = ""};
	int err = pdb_add_ends(p->sections, p->section_cnt, t);

	if (!err)
		err = pe__each_symbol(p, pe_table_take, &run);
	if (!run.cnt && (!err || err == -EBADMSG)) {
		run.prefix = "~";
		err = pe__each_export(p, pe_table_take, &run);
	}
	if (err && err != -E2BIG && err != -EBADMSG)
		return err;
	return run.cnt > 0;
}
