/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/go_symbols.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "format/gopclntab.h"
#include "symbol/elf_resolver.h"

/* ---- symbols ---- */

/* C's functions can be in the list too, when Go's linker linked them: they have no files. */
static int go_add_function(const struct gopclntab *from, const struct gopclntab_func *f,
			   struct symtab *t)
{
	const char *name = gopclntab__name(from, f);
	uint64_t off;

	if (!*name || f->end == f->entry || elf__vaddr_to_off(from->elf, f->entry, &off))
		return 0;
	t->kind = f->is_go ? FRAME_KIND_GO : FRAME_KIND_NATIVE;
	return symtab__add(t, name, off, f->end - f->entry, SYMTAB_MAX_RANK);
}

static int go_add_functions(const struct gopclntab *from, struct symtab *t)
{
	struct gopclntab_func f;
	int err = 0;

	for (uint32_t i = 0; !err && i < from->h.func_cnt; i++)
		if (!gopclntab__func(from, i, &f))
			err = go_add_function(from, &f, t);
	return err == -E2BIG ? 0 : err;
}

static int go_fill_from(const struct elf *e, struct symtab *t, uint64_t *ret_limit)
{
	struct gopclntab table;
	int err = gopclntab__open(&table, e);

	if (err)
		return err == -ENOMEM ? err : 0; /* not Go's */
	err = go_add_functions(&table, t);
	gopclntab__close(&table);
	t->kind = FRAME_KIND_NATIVE;
	if (!err)
		err = elf_resolver_add(e, t, ret_limit);
	return err ? err : 1;
}

static int go_resolver_fill(void *ctx, const struct module *m, struct symtab *t,
			    uint64_t *ret_limit)
{
	struct elf e;
	int ret;

	(void)ctx;
	if (m->kind != WIRE_MODULE_ELF || m->fd < 0)
		return 0;
	ret = elf__open(&e, m->fd);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	ret = go_fill_from(&e, t, ret_limit);
	elf__close(&e);
	return ret;
}

const struct resolver go_resolver = {.name = "go", .fill = go_resolver_fill};

/* ---- lines ---- */

struct go_view {
	uint32_t module; /* 0: free */
	uint64_t used;	 /* when, in lookups */
	struct elf elf;
	struct gopclntab table;
};

struct go_lines {
	struct go_view views[GO_LINES_MAX_VIEWS];
	uint64_t lookup_cnt;
	bool *is_other; /* by module id - 1: it is known that it isn't Go's */
	size_t cnt, cap;
};

struct go_lines *go_lines__new(void)
{
	return calloc(1, sizeof(struct go_lines));
}

static void go_view_close(struct go_view *v)
{
	if (!v->module)
		return;
	gopclntab__close(&v->table);
	elf__close(&v->elf);
	v->module = 0;
}

void go_lines__free(struct go_lines *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < GO_LINES_MAX_VIEWS; i++)
		go_view_close(&g->views[i]);
	free(g->is_other);
	free(g);
}

/* The one that was not used for the longest time, number @but aside; NULL when there is none. */
static struct go_view *go_lines_oldest(struct go_lines *g, size_t but)
{
	struct go_view *found = NULL;

	for (size_t i = 0; i < GO_LINES_MAX_VIEWS; i++) {
		struct go_view *v = &g->views[i];

		if (i == but || !v->module)
			continue;
		if (!found || v->used < found->used)
			found = v;
	}
	return found;
}

/* One that is free, or becomes it. */
static struct go_view *go_lines_take(struct go_lines *g)
{
	struct go_view *v = g->views;

	while (v < g->views + GO_LINES_MAX_VIEWS && v->module)
		v++;
	if (v == g->views + GO_LINES_MAX_VIEWS) {
		v = go_lines_oldest(g, GO_LINES_MAX_VIEWS);
		if (v)
			go_view_close(v);
	}
	return v;
}

static uint64_t go_lines_bytes(const struct go_lines *g)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < GO_LINES_MAX_VIEWS; i++)
		sum += g->views[i].module ? g->views[i].table.bytes.len : 0;
	return sum;
}

/* Makes room for the table that @fresh has brought. */
static void go_lines_shrink(struct go_lines *g, const struct go_view *fresh)
{
	size_t keep = (size_t)(fresh - g->views);
	struct go_view *oldest = go_lines_oldest(g, keep);

	while (oldest && go_lines_bytes(g) > GO_LINES_MAX_BYTES) {
		go_view_close(oldest);
		oldest = go_lines_oldest(g, keep);
	}
}

static int go_lines_mark_other(struct go_lines *g, uint32_t module)
{
	int err = array__grow((void **)&g->is_other, &g->cap, module, sizeof(*g->is_other),
			      MODULE_MAX_CNT);

	if (err)
		return err;
	for (; g->cnt < module; g->cnt++)
		g->is_other[g->cnt] = false;
	g->is_other[module - 1] = true;
	return 0;
}

static int go_lines_open(struct go_lines *g, const struct module *m, struct go_view **ret)
{
	struct go_view *v = go_lines_take(g);
	int err;

	if (!v)
		return -ENOENT;
	err = elf__open(&v->elf, m->fd);
	if (!err) {
		err = gopclntab__open(&v->table, &v->elf);
		if (err)
			elf__close(&v->elf);
	}
	if (err)
		return err;
	v->module = m->id;
	go_lines_shrink(g, v);
	*ret = v;
	return 0;
}

/* 0 and the view of @m; -ENOENT when it isn't Go's; -ENOMEM. */
static int go_lines_get(struct go_lines *g, const struct module *m, struct go_view **ret)
{
	int err;

	if (m->kind != WIRE_MODULE_ELF || m->fd < 0 || !m->id)
		return -ENOENT;
	if (m->id <= g->cnt && g->is_other[m->id - 1])
		return -ENOENT;
	for (size_t i = 0; i < GO_LINES_MAX_VIEWS; i++) {
		if (g->views[i].module != m->id)
			continue;
		*ret = &g->views[i];
		return 0;
	}
	err = go_lines_open(g, m, ret);
	if (err && err != -ENOMEM)
		err = go_lines_mark_other(g, m->id) == -ENOMEM ? -ENOMEM : -ENOENT;
	return err;
}

static int go_lines_find(void *ctx, const struct module *m, uint64_t offset, line_fn fn, void *arg)
{
	struct gopclntab_line lines[GOPCLNTAB_MAX_DEPTH];
	struct go_lines *g = ctx;
	struct go_view *v;
	uint64_t vaddr;
	int cnt, err = go_lines_get(g, m, &v);

	if (err)
		return err == -ENOENT ? 0 : err;
	v->used = ++g->lookup_cnt;
	if (elf__off_to_vaddr(&v->elf, offset, &vaddr))
		return 0;
	cnt = gopclntab__locate(&v->table, vaddr, lines);
	for (int i = 0; !err && i < cnt; i++) {
		struct symbol_line line = {
			.name = lines[i].name,
			.file = lines[i].file,
			.line = lines[i].line,
			.kind = i < cnt - 1 ? FRAME_KIND_INLINED : FRAME_KIND_GO,
		};

		err = fn(arg, &line);
	}
	return err ? err : cnt > 0;
}

void go_lines__reader(struct go_lines *g, struct line_reader *ret)
{
	*ret = (struct line_reader){.name = "go", .always = true, .find = go_lines_find, .ctx = g};
}
