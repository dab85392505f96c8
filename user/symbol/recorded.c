/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/recorded.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/strtab.h"
#include "model/timeline.h"

#define RECORDED_MAX_LINES (1u << 24)

/* One function at a frame. Those of a frame lie behind each other. */
struct recorded_line {
	uint64_t offset;
	uint32_t module, line;
	uint32_t name, file; /* ids of texts */
	uint8_t kind;
	bool first; /* of its frame */
};

struct recorded_symbols {
	struct symtab *tables; /* by module id - 1; never finished, only read in order */
	size_t cnt, cap;
	struct recorded_line *lines;
	size_t line_cnt, line_cap;
	struct hash_index index; /* frame -> its first line */
	struct strtab texts;
};

struct recorded_symbols *recorded_symbols__new(void)
{
	struct recorded_symbols *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	hash_index__init(&r->index);
	if (strtab__init(&r->texts, UINT32_MAX)) {
		recorded_symbols__free(r);
		errno = ENOMEM;
		return NULL;
	}
	return r;
}

void recorded_symbols__free(struct recorded_symbols *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->cnt; i++)
		symtab__fini(&r->tables[i]);
	free(r->tables);
	free(r->lines);
	hash_index__fini(&r->index);
	strtab__fini(&r->texts);
	free(r);
}

static int recorded_get_table(struct recorded_symbols *r, uint32_t module, struct symtab **ret)
{
	int err;

	if (!module || module > MODULE_MAX_CNT)
		return error_set(-EBADMSG, "symbol of module %u, which can't be", module);
	err = array__grow((void **)&r->tables, &r->cap, module, sizeof(*r->tables), MODULE_MAX_CNT);
	if (err)
		return err;
	for (; r->cnt < module; r->cnt++)
		symtab__init(&r->tables[r->cnt]);
	*ret = &r->tables[module - 1];
	return 0;
}

int recorded_symbols__add(struct recorded_symbols *r, const struct wire_symbol *s)
{
	size_t len = strnlen(s->name, s->name_len);
	struct symtab *t = NULL;
	int err;

	err = recorded_get_table(r, s->module, &t);
	if (err || !t || !len)
		return err;
	t->kind = (uint8_t)(s->kind <= FRAME_KIND_LAST ? s->kind : FRAME_KIND_NATIVE);
	/*
	 * Sizes were known when it was recorded; 0 must not become "up to the next recorded one".
	 */
	return symtab__add_bytes(t, s->name, len, s->start, s->size ? s->size : 1, 0);
}

int recorded_symbols__add_code(struct recorded_symbols *r, const struct wire_code *rec)
{
	struct symtab *t = NULL;
	int err = recorded_get_table(r, rec->module, &t);

	if (err || !t)
		return err;
	if (!t->timeline)
		t->timeline = timeline__new();
	if (!t->timeline)
		return -ENOMEM;
	err = timeline__add(t->timeline, rec->start & ((1ull << FRAME_ADDR_BITS) - 1), rec->size,
			    rec->time_ns, (uint32_t)(rec->start >> FRAME_ADDR_BITS));
	/* One that no recorder writes tells nothing. */
	return err == -EINVAL ? 0 : err;
}

void recorded_symbols__sweep(struct recorded_symbols *r, const struct module_table *modules)
{
	for (size_t i = 0; i < r->cnt; i++) {
		if (module_table__find(modules, (uint32_t)i + 1))
			continue;
		symtab__fini(&r->tables[i]);
		symtab__init(&r->tables[i]);
	}
}

static int recorded_fill_timeline(const struct symtab *from, struct symtab *t)
{
	int err = 0;

	if (!from->timeline)
		return 0;
	t->timeline = timeline__new();
	if (!t->timeline)
		return -ENOMEM;
	for (size_t i = 0; !err && i < from->timeline->cnt; i++) {
		const struct timeline_entry *e = &from->timeline->entries[i];

		err = timeline__add(t->timeline, e->start, e->end - e->start, e->time_ns,
				    e->version);
	}
	return err ? err : timeline__finish(t->timeline);
}

/* What tells the names of such modules says itself whether it is of the same build. */
static bool recorded_may_be_found_later(const struct module *m)
{
	return m->kind == WIRE_MODULE_PE || m->kind == WIRE_MODULE_DRIVER;
}

static int recorded_fill(void *ctx, const struct module *m, struct symtab *t, uint64_t *ret_limit)
{
	const struct recorded_symbols *r = ctx;
	int err;

	(void)ret_limit; /* no symbol is without a size */
	if (!m->id || m->id > r->cnt || !r->tables[m->id - 1].cnt)
		return !recorded_may_be_found_later(m);
	for (size_t i = 0; i < r->tables[m->id - 1].cnt; i++) {
		const struct symtab *from = &r->tables[m->id - 1];
		const struct symbol *s = &from->symbols[i];

		t->kind = (uint8_t)s->kind;
		err = symtab__add(t, symtab__name(from, s), s->start, s->size, s->rank);
		if (err)
			return err;
	}
	err = recorded_fill_timeline(&r->tables[m->id - 1], t);
	return err ? err : 1;
}

static uint64_t recorded_hash(uint32_t module, uint64_t offset)
{
	return hash_mix(hash_u64(offset), module);
}

static bool recorded_line_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct recorded_line *a = &((const struct recorded_symbols *)owner)->lines[pos];
	const struct recorded_line *b = key;

	return a->module == b->module && a->offset == b->offset;
}

static int recorded_intern(struct recorded_symbols *r, const char *text, size_t len,
			   uint32_t *ret_id)
{
	return len ? strtab__intern(&r->texts, text, ret_id) : 0;
}

int recorded_symbols__add_line(struct recorded_symbols *r, const struct wire_line *l)
{
	struct recorded_line line = {.offset = l->offset, .module = l->module, .line = l->line};
	const struct recorded_line *last = r->line_cnt ? &r->lines[r->line_cnt - 1] : NULL;
	int err;

	line.kind = (uint8_t)(l->kind <= FRAME_KIND_LAST ? l->kind : FRAME_KIND_NATIVE);
	line.first = !last || !recorded_line_eq(r, (uint32_t)r->line_cnt - 1, &line);
	err = recorded_intern(r, l->text, l->name_len, &line.name);
	if (!err)
		err = recorded_intern(r, l->text + l->name_len + 1, l->file_len, &line.file);
	if (!err)
		err = array__grow((void **)&r->lines, &r->line_cap, r->line_cnt + 1,
				  sizeof(*r->lines), RECORDED_MAX_LINES);
	/* A frame that comes again, which a recorder never writes, keeps its first lines. */
	if (!err && line.first &&
	    hash_index__find(&r->index, recorded_hash(line.module, line.offset), recorded_line_eq,
			     r, &line) == HASH_INDEX_NONE)
		err = hash_index__add(&r->index, recorded_hash(line.module, line.offset),
				      (uint32_t)r->line_cnt);
	if (!err)
		r->lines[r->line_cnt++] = line;
	return err;
}

static int recorded_find(void *ctx, const struct module *m, uint64_t offset, line_fn fn, void *arg)
{
	const struct recorded_symbols *r = ctx;
	struct recorded_line key = {.module = m->id, .offset = offset};
	uint32_t at = hash_index__find(&r->index, recorded_hash(m->id, offset), recorded_line_eq, r,
				       &key);
	int err = 0;

	if (at == HASH_INDEX_NONE)
		return 0;
	do {
		const struct recorded_line *l = &r->lines[at];
		struct symbol_line line = {
			.name = strtab__get(&r->texts, l->name),
			.file = l->file ? strtab__get(&r->texts, l->file) : NULL,
			.line = l->line,
			.kind = l->kind,
		};

		err = fn(arg, &line);
	} while (!err && ++at < r->line_cnt && !r->lines[at].first);
	return err ? err : 1;
}

void recorded_symbols__reader(struct recorded_symbols *r, struct line_reader *ret)
{
	*ret = (struct line_reader){
		.name = "recorded", .always = true, .find = recorded_find, .ctx = r};
}

void recorded_symbols__resolver(struct recorded_symbols *r, struct resolver *ret)
{
	*ret = (struct resolver){.name = "recorded", .fill = recorded_fill, .ctx = r};
}
