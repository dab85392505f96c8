/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/pdb_symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "format/pdb_lines.h"
#include "symbol/pdb_search.h"
#include "symbol/pdb_table.h"

/* A PDB that lines were asked of. */
struct pdb_line_view {
	uint32_t module; /* 0: free */
	uint64_t used;	 /* when, in lookups */
	struct pdb_found found;
	struct pdb_lines *lines; /* NULL: there are none, and no file is open */
};

struct pdb_symbols {
	struct pdb_search search;
	struct pdb_line_view views[PDB_SYMBOLS_MAX_VIEWS];
	uint64_t lookup_cnt;
};

struct pdb_symbols *pdb_symbols__new(const char *path)
{
	struct pdb_symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->search.path = symbol_path__new(path);
	if (s->search.path)
		return s;
	free(s);
	return NULL;
}

void pdb_symbols__look_here(struct pdb_symbols *s)
{
	s->search.here = true;
}

static void pdb_line_view__close(struct pdb_line_view *v)
{
	if (v->lines) {
		pdb_lines__free(v->lines);
		pdb_found__close(&v->found);
	}
	*v = (struct pdb_line_view){.module = 0};
}

void pdb_symbols__free(struct pdb_symbols *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < PDB_SYMBOLS_MAX_VIEWS; i++)
		pdb_line_view__close(&s->views[i]);
	symbol_path__free(s->search.path);
	free(s);
}

void pdb_symbols__counts(const struct pdb_symbols *s, struct pdb_symbols_counts *ret)
{
	*ret = s->search.counts;
}

const char *pdb_symbols__warning(const struct pdb_symbols *s)
{
	return *s->search.warning ? s->search.warning : NULL;
}

/* ---- names ---- */

static uint8_t pdb_symbols_kind(const struct module *m)
{
	return m->kind == WIRE_MODULE_DRIVER ? FRAME_KIND_KERNEL : FRAME_KIND_NATIVE;
}

static int pdb_symbols_by_pdb(void *ctx, const struct module *m, struct symtab *t,
			      uint64_t *ret_limit)
{
	struct pdb_symbols *s = ctx;
	struct pdb_found found;
	uint64_t bad_cnt = 0;
	int ret;

	(void)ret_limit; /* sections have ends */
	if (!pdb_symbols_has(m))
		return 0;
	ret = pdb_search__pdb(&s->search, m, &found);
	if (ret != 1)
		return ret;
	t->kind = pdb_symbols_kind(m);
	ret = pdb_table_add(&found.pdb, t, &bad_cnt);
	pdb_found__close(&found);
	s->search.counts.bad_record_cnt += bad_cnt;
	s->search.counts.pdb_cnt += !ret;
	return ret ? ret : 1;
}

static int pdb_symbols_by_binary(void *ctx, const struct module *m, struct symtab *t,
				 uint64_t *ret_limit)
{
	struct pdb_symbols *s = ctx;
	struct pe_found found;
	int ret;

	(void)ret_limit;
	if (!pdb_symbols_has(m))
		return 0;
	ret = pdb_search__binary(&s->search, m, &found);
	if (ret != 1)
		return ret;
	t->kind = pdb_symbols_kind(m);
	ret = pe_table_add(&found.pe, t);
	pe_found__close(&found);
	s->search.counts.binary_cnt += ret > 0;
	return ret;
}

static int pdb_symbols_by_either(void *ctx, const struct module *m, struct symtab *t,
				 uint64_t *ret_limit)
{
	int ret = pdb_symbols_by_pdb(ctx, m, t, ret_limit);

	if (ret < 0 && ret != -ENOMEM) {
		/* What it had read of a file that then failed. */
		symtab__fini(t);
		symtab__init(t);
	}
	return ret == 1 || ret == -ENOMEM ? ret : pdb_symbols_by_binary(ctx, m, t, ret_limit);
}

void pdb_symbols__resolver(struct pdb_symbols *s, struct resolver *ret)
{
	*ret = (struct resolver){.name = "pdb or binary", .fill = pdb_symbols_by_either, .ctx = s};
}

void pdb_symbols__pdb_resolver(struct pdb_symbols *s, struct resolver *ret)
{
	*ret = (struct resolver){.name = "pdb", .fill = pdb_symbols_by_pdb, .ctx = s};
}

void pdb_symbols__binary_resolver(struct pdb_symbols *s, struct resolver *ret)
{
	*ret = (struct resolver){.name = "binary", .fill = pdb_symbols_by_binary, .ctx = s};
}

/* ---- lines ---- */

static int pdb_line_view__open(struct pdb_line_view *v, struct pdb_symbols *s,
			       const struct module *m)
{
	/* The same files were counted when names were looked up. */
	struct pdb_symbols_counts counts = s->search.counts;
	int ret = pdb_search__pdb(&s->search, m, &v->found);

	s->search.counts = counts;
	if (ret == -ENOMEM)
		return ret;
	v->module = m->id;
	if (ret != 1)
		return 0;
	v->lines = pdb_lines__new(&v->found.pdb);
	if (v->lines)
		return 0;
	ret = -errno;
	pdb_found__close(&v->found);
	if (ret == -ENOMEM)
		v->module = 0;
	return ret == -ENOMEM ? ret : 0;
}

static int pdb_symbols_view(struct pdb_symbols *s, const struct module *m,
			    struct pdb_line_view **ret)
{
	struct pdb_line_view *oldest = &s->views[0];

	for (size_t i = 0; i < PDB_SYMBOLS_MAX_VIEWS; i++) {
		struct pdb_line_view *v = &s->views[i];

		if (v->module == m->id) {
			*ret = v;
			return 0;
		}
		if (v->used < oldest->used)
			oldest = v;
	}
	pdb_line_view__close(oldest);
	*ret = oldest;
	return pdb_line_view__open(oldest, s, m);
}

static int pdb_symbols_find_line(void *ctx, const struct module *m, uint64_t offset, line_fn fn,
				 void *arg)
{
	struct pdb_symbols *s = ctx;
	struct symbol_line line = {.kind = pdb_symbols_kind(m)};
	struct pdb_line_view *v;
	struct pdb_place place;
	int ret;

	if (!pdb_symbols_has(m) || !m->id || offset < PDB_FRAME_SHIFT ||
	    offset - PDB_FRAME_SHIFT > UINT32_MAX)
		return 0;
	ret = pdb_symbols_view(s, m, &v);
	if (ret)
		return ret;
	v->used = ++s->lookup_cnt;
	if (!v->lines)
		return 0;
	ret = pdb_lines__find(v->lines, (uint32_t)(offset - PDB_FRAME_SHIFT), &place);
	if (ret != 1)
		return ret;
	line.file = place.file;
	line.line = place.line;
	ret = fn(arg, &line);
	return ret ? ret : 1;
}

void pdb_symbols__reader(struct pdb_symbols *s, struct line_reader *ret)
{
	*ret = (struct line_reader){.name = "pdb", .find = pdb_symbols_find_line, .ctx = s};
}
