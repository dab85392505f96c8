/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/symbolizer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/strtab.h"
#include "symbol/demangle.h"
#include "symbol/runtime.h"

#define SYMBOLIZER_MAX_PLACES (1u << 24)
#define SYMBOLIZER_MAX_TEXT   UINT32_MAX
#define SYMBOLIZER_NAME_BYTES 4096

/* One function at a frame; its texts are in the string table. */
struct place_line {
	uint32_t name, file, line;
	uint8_t kind;
};

/* What a frame came to. */
struct place {
	struct frame frame;
	uint32_t first_line, line_cnt;
	bool from_reader;
};

/* A module's symbols. */
struct loaded_table {
	struct symtab symbols;
	uint32_t *
		texts; /* of each symbol: its name, readable, in the string table; 0: not needed so far */
	const char *nameless; /* what frames without a symbol are called; NULL: as usual */
};

struct symbolizer {
	const struct module_table *modules;
	struct symbolizer_opts opts;
	struct loaded_table **tables; /* by module id - 1; NULL: not needed so far */
	size_t cnt, cap;
	uint64_t table_bytes;
	uint32_t left_out; /* tables that would have been too much */
	struct place *places;
	size_t place_cnt, place_cap;
	struct hash_index index; /* frame -> place */
	struct place_line *lines;
	size_t line_cnt, line_cap;
	struct strtab texts;
	struct symbolizer_counts counts;
	struct symbol_line out[LINES_MAX_DEPTH]; /* of the last symbolizer__locate() */
};

struct symbolizer *symbolizer__new(const struct module_table *modules,
				   const struct symbolizer_opts *opts)
{
	struct symbolizer *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->modules = modules;
	s->opts = *opts;
	if (!s->opts.max_bytes)
		s->opts.max_bytes = SYMBOLIZER_MAX_BYTES;
	hash_index__init(&s->index);
	err = strtab__init(&s->texts, SYMBOLIZER_MAX_TEXT);
	if (err) {
		symbolizer__free(s);
		errno = -err;
		return NULL;
	}
	return s;
}

void symbolizer__counts(const struct symbolizer *s, struct symbolizer_counts *ret)
{
	*ret = s->counts;
}

uint32_t symbolizer__left_out(const struct symbolizer *s)
{
	return s->left_out;
}

static void symbolizer_free_table(struct loaded_table *t)
{
	if (!t)
		return;
	symtab__fini(&t->symbols);
	free(t->texts);
	free(t);
}

void symbolizer__free(struct symbolizer *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->cnt; i++)
		symbolizer_free_table(s->tables[i]);
	free(s->tables);
	free(s->places);
	free(s->lines);
	hash_index__fini(&s->index);
	strtab__fini(&s->texts);
	free(s);
}

static uint64_t symtab_bytes(const struct symtab *t)
{
	return (uint64_t)t->cap * sizeof(*t->symbols) + t->names.cap;
}

static void symbolizer_forget_places(struct symbolizer *s)
{
	free(s->places);
	free(s->lines);
	s->places = NULL;
	s->lines = NULL;
	s->place_cnt = s->place_cap = s->line_cnt = s->line_cap = 0;
	hash_index__fini(&s->index);
	hash_index__init(&s->index);
}

static void symbolizer_forget_table(struct symbolizer *s, size_t i)
{
	if (s->tables[i])
		s->table_bytes -= symtab_bytes(&s->tables[i]->symbols);
	symbolizer_free_table(s->tables[i]);
	s->tables[i] = NULL;
}

void symbolizer__forget_made(struct symbolizer *s)
{
	symbolizer_forget_places(s);
	for (size_t i = 0; i < s->cnt; i++) {
		const struct module *m = module_table__find(s->modules, (uint32_t)i + 1);

		if (!m || m->kind == WIRE_MODULE_ANON)
			symbolizer_forget_table(s, i);
	}
}

static bool symbolizer_keeps(const struct module *m, bool kernel, bool files)
{
	if (!m || m->kind == WIRE_MODULE_ANON)
		return false;
	return m->kind == WIRE_MODULE_KERNEL ? !kernel : files;
}

int symbolizer__forget(struct symbolizer *s, bool kernel)
{
	bool files = s->table_bytes < s->opts.max_bytes / 4 && !s->left_out;

	symbolizer_forget_places(s);
	for (size_t i = 0; i < s->cnt; i++) {
		const struct module *m = module_table__find(s->modules, (uint32_t)i + 1);
		struct loaded_table *t = s->tables[i];

		if (!symbolizer_keeps(m, kernel, files))
			symbolizer_forget_table(s, i);
		else if (t && t->texts)
			memset(t->texts, 0, t->symbols.cnt * sizeof(*t->texts));
	}
	s->left_out = 0;
	strtab__fini(&s->texts);
	return strtab__init(&s->texts, SYMBOLIZER_MAX_TEXT);
}

/*
 * Asks the resolvers in turn until one takes charge. One that fails costs its names only: a frame
 * without a name is still worth showing. Just a lack of memory ends the work.
 */
static int symbolizer_fill(const struct symbolizer *s, const struct module *m, struct symtab *t)
{
	uint64_t limit = UINT64_MAX;
	int ret = 0;

	for (size_t i = 0; ret <= 0 && s->opts.resolvers[i]; i++) {
		const struct resolver *r = s->opts.resolvers[i];

		ret = r->fill(r->ctx, m, t, &limit);
		if (ret == -ENOMEM)
			return ret;
		if (ret < 0) {
			symtab__fini(t);
			symtab__init(t);
		}
	}
	symtab__finish(t, limit);
	return 0;
}

static int symbolizer_load(struct symbolizer *s, const struct module *m, struct loaded_table **ret)
{
	struct loaded_table *t = calloc(1, sizeof(*t));
	int err = 0;

	if (!t)
		return -ENOMEM;
	symtab__init(&t->symbols);
	/* A process may map thousands of files with as many symbols as it likes. */
	if (s->table_bytes >= s->opts.max_bytes)
		s->left_out++;
	else
		err = symbolizer_fill(s, m, &t->symbols);
	s->table_bytes += symtab_bytes(&t->symbols);
	if (!err && t->symbols.cnt) {
		t->texts = calloc(t->symbols.cnt, sizeof(*t->texts));
		err = t->texts ? 0 : -ENOMEM;
	}
	if (err) {
		symbolizer_free_table(t);
		return err;
	}
	if (m->kind == WIRE_MODULE_ANON && s->opts.images)
		t->nameless = runtime_frame_name(s->modules, s->opts.images, m);
	*ret = t;
	return 0;
}

static int symbolizer_get_table(struct symbolizer *s, const struct module *m,
				struct loaded_table **ret)
{
	struct loaded_table **slot;
	int err;

	err = array__grow((void **)&s->tables, &s->cap, m->id, sizeof(*s->tables), MODULE_MAX_CNT);
	if (err)
		return err;
	while (s->cnt < m->id)
		s->tables[s->cnt++] = NULL;
	slot = &s->tables[m->id - 1];
	err = *slot ? 0 : symbolizer_load(s, m, slot);
	if (!err)
		*ret = *slot;
	return err;
}

int symbolizer__date(struct symbolizer *s, const struct frame *f, uint64_t time_ns,
		     struct frame *ret, const struct timeline_entry **ret_code)
{
	const struct module *m = f->module ? module_table__find(s->modules, f->module) : NULL;
	const struct timeline_entry *code = NULL;
	struct loaded_table *t;
	int err;

	if (m && m->kind == WIRE_MODULE_ANON) {
		err = symbolizer_get_table(s, m, &t);
		if (err)
			return err;
		if (t->symbols.timeline)
			code = timeline__find(t->symbols.timeline, f->offset, time_ns);
	}
	*ret = *f;
	if (code)
		ret->offset = timeline_offset(code->version, f->offset);
	*ret_code = code;
	return 0;
}

static int symbolizer_find(struct symbolizer *s, const struct frame *f,
			   struct loaded_table **ret_table, const struct symbol **ret_symbol)
{
	const struct module *m = f->module ? module_table__find(s->modules, f->module) : NULL;
	const struct symbol *found;
	struct loaded_table *t;
	int err;

	if (!m)
		return -ENOENT;
	err = symbolizer_get_table(s, m, &t);
	if (err)
		return err;
	found = symtab__find(&t->symbols, f->offset);
	if (!found)
		return -ENOENT;
	*ret_table = t;
	*ret_symbol = found;
	return 0;
}

int symbolizer__find(struct symbolizer *s, const struct frame *f, const struct symbol **ret_symbol,
		     const char **ret_name)
{
	struct loaded_table *t;
	int err = symbolizer_find(s, f, &t, ret_symbol);

	if (!err)
		*ret_name = symtab__name(&t->symbols, *ret_symbol);
	return err;
}

/*
 * A frame that no symbol covers. Only files get an offset: it is a file offset, the same in each
 * run and on each machine, while addresses of the kernel and of anonymous memory would make each
 * run's flame graph another one.
 */
static void symbolizer_name_unresolved(const struct symbolizer *s, const struct module *m,
				       const struct frame *f, char *text, size_t size)
{
	const struct loaded_table *t = m && m->id <= s->cnt ? s->tables[m->id - 1] : NULL;

	if (!m)
		snprintf(text, size, "[unknown]");
	else if (m->kind == WIRE_MODULE_KERNEL)
		snprintf(text, size, "[kernel]");
	else if (m->kind == WIRE_MODULE_VDSO)
		snprintf(text, size, "[vdso]");
	else if (m->kind == WIRE_MODULE_ANON)
		snprintf(text, size, "%s", t && t->nameless ? t->nameless : "[anon]");
	else if (m->kind == WIRE_MODULE_PYTHON)
		snprintf(text, size, "[python]");
	else
		snprintf(text, size, "%s+0x%" PRIx64, module__name(m), f->offset);
}

static uint8_t symbolizer_kind_of(const struct module *m)
{
	if (!m)
		return FRAME_KIND_MISSING;
	if (m->kind == WIRE_MODULE_KERNEL || m->kind == WIRE_MODULE_DRIVER)
		return FRAME_KIND_KERNEL;
	if (m->kind == WIRE_MODULE_PYTHON)
		return FRAME_KIND_PYTHON;
	return m->kind == WIRE_MODULE_ANON ? FRAME_KIND_JIT : FRAME_KIND_NATIVE;
}

static enum symbolizer_miss symbolizer_why_missing(const struct symbolizer *s,
						   const struct module *m)
{
	const struct loaded_table *t = m->id <= s->cnt ? s->tables[m->id - 1] : NULL;

	if (m->kind == WIRE_MODULE_ANON)
		return SYMBOLIZER_JIT;
	if (m->kind == WIRE_MODULE_KERNEL && !(t && t->symbols.cnt))
		return SYMBOLIZER_KERNEL_RESTRICTED;
	return m->kind == WIRE_MODULE_ELF && m->fd < 0 ? SYMBOLIZER_FILE_GONE
						       : SYMBOLIZER_NO_SYMBOLS;
}

/* ---- places ---- */

/* The making of one place. */
struct place_maker {
	struct symbolizer *s;
	const struct frame *frame;
	bool keep_inlined;
};

static int symbolizer_intern(struct symbolizer *s, const char *text, uint32_t *ret_id)
{
	return text && *text ? strtab__intern(&s->texts, text, ret_id) : 0;
}

/* @memo: where the readable name is kept, which takes time to make; NULL: nowhere. */
static int symbolizer_intern_name(struct symbolizer *s, const struct symbol_line *l, uint32_t *memo,
				  uint32_t *ret_id)
{
	_cleanup_buf_ struct buf readable = {0};
	char cut[SYMBOLIZER_NAME_BYTES];
	const char *name = l->name;
	int err;

	if (memo && *memo) {
		*ret_id = *memo;
		return 0;
	}
	buf__init(&readable, DEMANGLE_MAX_BYTES);
	if ((l->kind == FRAME_KIND_NATIVE || l->kind == FRAME_KIND_INLINED) &&
	    demangle(name, &readable))
		name = buf__str(&readable);
	/* No more than is ever shown: a file may hold a million names of 64 KiB. */
	if (strnlen(name, sizeof(cut)) == sizeof(cut)) {
		snprintf(cut, sizeof(cut), "%s", name);
		name = cut;
	}
	err = symbolizer_intern(s, name, ret_id);
	if (!err && memo)
		*memo = *ret_id;
	return err;
}

static int symbolizer_add_line(struct symbolizer *s, const struct symbol_line *l, uint32_t *memo)
{
	struct place_line line = {.line = l->line, .kind = l->kind};
	int err = symbolizer_intern_name(s, l, memo, &line.name);

	if (!err)
		err = symbolizer_intern(s, l->file, &line.file);
	if (!err)
		err = array__grow((void **)&s->lines, &s->line_cap, s->line_cnt + 1,
				  sizeof(*s->lines), SYMBOLIZER_MAX_PLACES);
	if (!err)
		s->lines[s->line_cnt++] = line;
	return err;
}

/*
 * By the symbol table alone; *@ret->name is valid until the next lookup, or stands in @text. *@ret_memo: see
 * symbolizer_intern_name().
 */
static int symbolizer_by_table(struct symbolizer *s, const struct frame *f, char *text, size_t size,
			       struct symbol_line *ret, uint32_t **ret_memo)
{
	const struct module *m = module_table__find(s->modules, f->module);
	const struct symbol *symbol;
	struct loaded_table *t;
	int err = f->module ? symbolizer_find(s, f, &t, &symbol) : -ENOENT;

	ret->kind = symbolizer_kind_of(f->module ? m : NULL);
	if (!err) {
		ret->name = symtab__name(&t->symbols, symbol);
		*ret_memo = &t->texts[symbol - t->symbols.symbols];
		if (symbol->kind)
			ret->kind = (uint8_t)symbol->kind;
	}
	if (err != -ENOENT)
		return err;
	if (m)
		s->counts.miss_cnt[symbolizer_why_missing(s, m)]++;
	if (f->module)
		symbolizer_name_unresolved(s, m, f, text, size);
	else
		snprintf(text, size, "%s", frame_special_name(f->offset));
	ret->name = text;
	return 0;
}

static int symbolizer_take_line(void *arg, const struct symbol_line *line)
{
	struct place_maker *p = arg;
	struct symbol_line named = *line;
	struct symbol_line by_table = {0};
	char text[SYMBOLIZER_NAME_BYTES];
	uint32_t *memo = NULL;
	int err = 0;

	if (line->kind == FRAME_KIND_INLINED && !p->keep_inlined)
		return 0;
	if (!line->name || !*line->name) {
		err = symbolizer_by_table(p->s, p->frame, text, sizeof(text), &by_table, &memo);
		named.name = by_table.name;
	}
	return err ? err : symbolizer_add_line(p->s, &named, memo);
}

/* Asks the readers in turn. 1: one knew the place. */
static int symbolizer_ask_readers(struct symbolizer *s, const struct frame *f)
{
	const struct module *m = f->module ? module_table__find(s->modules, f->module) : NULL;
	size_t first = s->line_cnt;
	int ret = 0;

	for (size_t i = 0; m && s->opts.readers && s->opts.readers[i]; i++) {
		const struct line_reader *r = s->opts.readers[i];
		struct place_maker p = {s, f, s->opts.inlines || r->always};

		if (!r->always && !s->opts.inlines && !s->opts.lines)
			continue;
		ret = r->find(r->ctx, m, f->offset, symbolizer_take_line, &p);
		if (ret == -ENOMEM)
			return ret;
		if (ret > 0 && s->line_cnt > first)
			return 1;
		s->line_cnt = first;
	}
	return 0;
}

static int symbolizer_make_place(struct symbolizer *s, struct place *pl)
{
	char text[SYMBOLIZER_NAME_BYTES];
	struct symbol_line line = {0};
	uint32_t *memo = NULL;
	int ret = symbolizer_ask_readers(s, &pl->frame);

	if (!ret) {
		ret = symbolizer_by_table(s, &pl->frame, text, sizeof(text), &line, &memo);
		if (!ret)
			ret = symbolizer_add_line(s, &line, memo);
	} else if (ret > 0) {
		pl->from_reader = true;
		ret = 0;
	}
	pl->line_cnt = (uint32_t)s->line_cnt - pl->first_line;
	return ret;
}

static bool place_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct frame *a = &((const struct symbolizer *)owner)->places[pos].frame, *b = key;

	return a->module == b->module && a->offset == b->offset;
}

static int symbolizer_get_place(struct symbolizer *s, const struct frame *f,
				const struct place **ret)
{
	uint64_t hash = hash_mix(hash_u64(f->offset), f->module);
	uint32_t pos = hash_index__find(&s->index, hash, place_eq, s, f);
	struct place fresh = {.frame = *f, .first_line = (uint32_t)s->line_cnt};
	int err;

	if (pos != HASH_INDEX_NONE) {
		*ret = &s->places[pos];
		return 0;
	}
	err = array__grow((void **)&s->places, &s->place_cap, s->place_cnt + 1, sizeof(*s->places),
			  SYMBOLIZER_MAX_PLACES);
	if (!err)
		err = symbolizer_make_place(s, &fresh);
	s->counts.lookup_cnt += f->module != 0;
	if (!err)
		err = hash_index__add(&s->index, hash, (uint32_t)s->place_cnt);
	if (err) {
		s->line_cnt = fresh.first_line;
		return err;
	}
	s->places[s->place_cnt++] = fresh;
	*ret = &s->places[s->place_cnt - 1];
	return 0;
}

int symbolizer__locate(struct symbolizer *s, const struct frame *f,
		       const struct symbol_line **ret_lines, bool *ret_from_reader)
{
	const struct place *pl;
	uint32_t cnt;
	int err = symbolizer_get_place(s, f, &pl);

	if (err)
		return err;
	cnt = pl->line_cnt < LINES_MAX_DEPTH ? pl->line_cnt : LINES_MAX_DEPTH;
	for (uint32_t i = 0; i < cnt; i++) {
		/* Too deep: the outermost ones are kept, they lead to the frame. */
		const struct place_line *l = &s->lines[pl->first_line + pl->line_cnt - cnt + i];

		s->out[i] = (struct symbol_line){
			.name = strtab__get(&s->texts, l->name),
			.file = l->file ? strtab__get(&s->texts, l->file) : NULL,
			.line = l->line,
			.kind = l->kind,
		};
	}
	*ret_lines = s->out;
	if (ret_from_reader)
		*ret_from_reader = pl->from_reader;
	return (int)cnt;
}
