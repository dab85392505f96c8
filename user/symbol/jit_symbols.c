/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/jit_symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "symbol/jit_pieces.h"

#define JIT_MAX_TEXT_BYTES (1u << 30)

/* A line of the source begins at @offset (as in struct frame); its function ends at @end. */
struct jit_line {
	uint64_t offset, end;
	uint32_t line, file; /* file: id of a text */
};

struct jit_lines {
	struct jit_line *items; /* by offset */
	size_t cnt, cap;
};

struct jit_symbols {
	const struct module_table *modules;
	const struct image_table *images;
	struct jit_store store;
	struct jit_lines *lines; /* by module id - 1 */
	size_t cnt, cap;
};

struct jit_symbols *jit_symbols__new(const struct module_table *modules,
				     const struct image_table *images)
{
	struct jit_symbols *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->modules = modules;
	j->images = images;
	if (strtab__init(&j->store.texts, JIT_MAX_TEXT_BYTES)) {
		jit_symbols__free(j);
		errno = ENOMEM;
		return NULL;
	}
	return j;
}

void jit_symbols__free(struct jit_symbols *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->cnt; i++)
		free(j->lines[i].items);
	free(j->lines);
	strtab__fini(&j->store.texts);
	free(j);
}

/* ---- the files of an image ---- */

/* A forked process has its parent's code, too; what it tells itself is newer. */
static int jit_read_parents_map(const struct jit_symbols *j, const struct image *img,
				struct jit_pieces *to)
{
	const struct module *m = NULL;
	const struct mapping *maps;
	size_t cnt;

	if (!img->parent || img->parent > j->images->cnt)
		return 0;
	maps = image_table__mappings(j->images, &j->images->items[img->parent - 1], &cnt);
	for (size_t i = 0; i < cnt; i++)
		if (maps[i].anon)
			m = module_table__find(j->modules, maps[i].module);
	return m && m->fd >= 0 ? jit_pieces__read_map(to, m->fd) : 0;
}

/* Those that the image has mapped. */
static int jit_read_dumps(const struct jit_symbols *j, const struct image *img,
			  struct jit_pieces *to)
{
	const struct module *last = NULL;
	const struct mapping *maps;
	size_t cnt;
	int err = 0;

	maps = image_table__mappings(j->images, img, &cnt);
	for (size_t i = 0; !err && i < cnt; i++) {
		const struct module *dump = module_table__find(j->modules, maps[i].module);

		if (!dump || dump == last || dump->fd < 0 || !module__is_jitdump(dump))
			continue;
		last = dump;
		err = jit_pieces__read_dump(to, dump->fd);
	}
	return err;
}

/* Whoever speaks later is believed: the parent, the process by its map, and by its jitdump, which alone has times. */
static int jit_read_all(struct jit_symbols *j, const struct module *m, struct jit_pieces *to)
{
	const struct image *img;
	struct wire_image key;
	int errs[3] = {0};

	img = module__image(m, &key) ? image_table__find(j->images, &key) : NULL;
	if (img)
		errs[0] = jit_read_parents_map(j, img, to);
	if (m->fd >= 0)
		errs[1] = jit_pieces__read_map(to, m->fd);
	if (img)
		errs[2] = jit_read_dumps(j, img, to);
	/* A table that is full, or a file that can't be read on, keeps what it has. */
	for (size_t i = 0; i < ARRAY_SIZE(errs); i++) {
		if (errs[i] == -ENOMEM)
			return -ENOMEM;
		j->store.full |= errs[i] == -E2BIG;
	}
	return 0;
}

/* ---- the table ---- */

static int jit_cmp_line(const void *a, const void *b)
{
	const struct jit_line *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static int jit_get_lines(struct jit_symbols *j, uint32_t module, struct jit_lines **ret)
{
	int err =
		array__grow((void **)&j->lines, &j->cap, module, sizeof(*j->lines), MODULE_MAX_CNT);

	if (err)
		return err;
	while (j->cnt < module)
		j->lines[j->cnt++] = (struct jit_lines){0};
	*ret = &j->lines[module - 1];
	return 0;
}

/* The lines of a piece, now that it is known what its offsets are. */
static int jit_place_lines(const struct jit_pieces *from, const struct timeline_entry *e,
			   struct jit_lines *to)
{
	const struct jit_piece *p = &from->items[e->order];
	uint64_t start = timeline_offset(e->version, e->start);
	int err = 0;

	for (uint32_t i = 0; !err && i < p->line_cnt; i++) {
		const struct jit_relative *r = &from->lines[p->first_line + i];

		if (r->at >= e->end - e->start)
			continue;
		err = array__grow((void **)&to->items, &to->cap, to->cnt + 1, sizeof(*to->items),
				  JIT_MAX_LINES);
		if (!err)
			to->items[to->cnt++] = (struct jit_line){
				start + r->at, start + e->end - e->start, r->line, r->file};
	}
	return err;
}

/* All is read: what was where becomes symbols at offsets, and the timeline goes into the table to say which. */
static int jit_finish(struct jit_symbols *j, struct jit_pieces *from, const struct module *m,
		      struct symtab *t)
{
	struct jit_lines *lines;
	int err = timeline__finish(from->timeline);

	if (!err)
		err = jit_get_lines(j, m->id, &lines);
	t->kind = FRAME_KIND_JIT;
	for (size_t i = 0; !err && i < from->timeline->cnt; i++) {
		const struct timeline_entry *e = &from->timeline->entries[i];

		err = symtab__add(t, strtab__get(&j->store.texts, from->items[e->order].name),
				  timeline_offset(e->version, e->start), e->end - e->start, 0);
		if (!err)
			err = jit_place_lines(from, e, lines);
	}
	if (err)
		return err;
	if (lines->cnt)
		qsort(lines->items, lines->cnt, sizeof(*lines->items), jit_cmp_line);
	t->timeline = from->timeline;
	from->timeline = NULL;
	return 1;
}

static int jit_fill(void *ctx, const struct module *m, struct symtab *t, uint64_t *ret_limit)
{
	struct jit_symbols *j = ctx;
	struct jit_pieces pieces;
	int err;

	(void)ret_limit; /* no symbol is without a size */
	if (m->kind != WIRE_MODULE_ANON)
		return 0;
	err = jit_pieces__init(&pieces, &j->store);
	if (!err)
		err = jit_read_all(j, m, &pieces);
	if (!err && pieces.timeline->cnt)
		err = jit_finish(j, &pieces, m, t);
	j->store.full |= err == -E2BIG;
	jit_pieces__fini(&pieces);
	return err;
}

void jit_symbols__resolver(struct jit_symbols *j, struct resolver *ret)
{
	*ret = (struct resolver){.name = "jit", .fill = jit_fill, .ctx = j};
}

/* ---- lines ---- */

static int jit_find_line(void *ctx, const struct module *m, uint64_t offset, line_fn fn, void *arg)
{
	const struct jit_symbols *j = ctx;
	struct symbol_line line = {.kind = FRAME_KIND_JIT};
	const struct jit_lines *lines;
	size_t lo = 0, hi;
	int err;

	if (!m->id || m->id > j->cnt)
		return 0;
	lines = &j->lines[m->id - 1];
	for (hi = lines->cnt; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;

		if (lines->items[mid].offset <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || offset >= lines->items[lo - 1].end)
		return 0;
	line.line = lines->items[lo - 1].line;
	line.file = strtab__get(&j->store.texts, lines->items[lo - 1].file);
	err = fn(arg, &line);
	return err ? err : 1;
}

void jit_symbols__reader(struct jit_symbols *j, struct line_reader *ret)
{
	*ret = (struct line_reader){.name = "jit", .find = jit_find_line, .ctx = j};
}

const char *jit_symbols__warning(const struct jit_symbols *j)
{
	if (j->store.foreign_clock)
		return "a jitdump has times by the CPU's own counter, which can't be compared: "
		       "code that was replaced is "
		       "named after what came last";
	return j->store.full
		       ? "more names of just-in-time compiled code than can be kept: some are "
			 "missing"
		       : NULL;
}
