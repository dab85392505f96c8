/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a session adds to its recording for the report: symbols of all frames, and how it was shown. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/offcpu_rows.h"
#include "app/session.h"
#include "base/array.h"
#include "format/record_line.h"

/* ---- symbols for the recording ---- */

struct saved_frames {
	struct frame *items;
	size_t cnt, cap;
	struct hash_index index;
};

struct symbol_saver {
	struct session *session;
	struct symbol_mark {
		uint32_t module;
		const struct symbol *symbol;
	} * marks;
	size_t cnt, cap;
	struct hash_index index;
	struct saved_frames lines; /* written */
	struct saved_frames codes; /* likewise: the start of each */
};

static bool saved_frame_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct frame *a = &((const struct saved_frames *)owner)->items[pos], *b = key;

	return a->module == b->module && a->offset == b->offset;
}

/* 1: it is new; 0: it was there. */
static int saved_frames__add(struct saved_frames *s, const struct frame *f)
{
	uint64_t hash = hash_mix(hash_u64(f->offset), f->module);
	int err;

	if (hash_index__find(&s->index, hash, saved_frame_eq, s, f) != HASH_INDEX_NONE)
		return 0;
	err = array__grow((void **)&s->items, &s->cap, s->cnt + 1, sizeof(*s->items),
			  SYMTAB_MAX_SYMBOLS);
	if (!err)
		err = hash_index__add(&s->index, hash, (uint32_t)s->cnt);
	if (err)
		return err;
	s->items[s->cnt++] = *f;
	return 1;
}

static void saved_frames__fini(struct saved_frames *s)
{
	free(s->items);
	hash_index__fini(&s->index);
}

static bool symbol_mark_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct symbol_mark *a = &((const struct symbol_saver *)owner)->marks[pos], *b = key;

	return a->module == b->module && a->symbol == b->symbol;
}

static int session_save_symbol(struct symbol_saver *v, const struct symbol_mark *mark,
			       const char *name)
{
	size_t len = strnlen(name, UINT16_MAX),
	       size = (sizeof(struct wire_symbol) + len + 1 + 7) & ~(size_t)7;
	_cleanup_free_ struct wire_symbol *rec = calloc(1, size);
	struct event e = {.symbol = rec};

	if (!rec)
		return -ENOMEM;
	rec->h.kind = WIRE_SYMBOL;
	rec->h.size = (uint32_t)size;
	rec->module = mark->module;
	rec->name_len = (uint16_t)len;
	rec->kind = (uint16_t)mark->symbol->kind;
	rec->start = mark->symbol->start;
	rec->size = mark->symbol->size;
	memcpy(rec->name, name, len);
	return recording_writer__add(v->session->save, &e);
}

static int session_save_line(struct symbol_saver *v, const struct frame *f,
			     const struct symbol_line *l)
{
	struct wire_line like = {
		.module = f->module, .offset = f->offset, .line = l->line, .kind = l->kind};
	_cleanup_free_ struct wire_line *rec = record_line_new(&like, l->name, l->file);
	struct event e = {.line = rec};

	return rec ? recording_writer__add(v->session->save, &e) : -ENOMEM;
}

/* What a line reader told of a frame. 1: written, or it was before; 0: none of them knew it. */
static int session_save_lines(struct symbol_saver *v, const struct frame *f)
{
	const struct symbol_line *lines;
	bool from_reader;
	int cnt = symbolizer__locate(v->session->symbols, f, &lines, &from_reader), err = 0, ret;

	if (cnt < 0 || !from_reader)
		return cnt < 0 ? cnt : 0;
	ret = saved_frames__add(&v->lines, f);
	if (ret <= 0)
		return ret < 0 ? ret : 1;
	for (int i = 0; !err && i < cnt; i++)
		err = session_save_line(v, f, &lines[i]);
	return err ? err : 1;
}

/* Since when the code was there: without that a report could not tell which frame is meant. */
static int session_save_code(struct symbol_saver *v, uint32_t module,
			     const struct timeline_entry *code)
{
	struct wire_code rec = {
		.h = {.kind = WIRE_CODE, .size = sizeof(rec)},
		.module = module,
		.start = timeline_offset(code->version, code->start),
		.size = code->end - code->start,
		.time_ns = code->time_ns,
	};
	struct frame key = {.module = module, .offset = rec.start};
	struct event e = {.code = &rec};
	int ret = saved_frames__add(&v->codes, &key);

	return ret <= 0 ? ret : recording_writer__add(v->session->save, &e);
}

static int session_save_frame(struct symbol_saver *v, const struct frame *f)
{
	const struct module *m = module_table__find(&v->session->model.modules, f->module);
	struct symbol_mark mark = {.module = f->module};
	const char *name;
	uint64_t hash;
	int err;

	/* Those of Python came with the stacks and are recorded. */
	if (!m || m->kind == WIRE_MODULE_PYTHON)
		return 0;
	err = session_save_lines(v, f);
	if (err)
		return err < 0 ? err : 0;
	err = symbolizer__find(v->session->symbols, f, &mark.symbol, &name);
	if (err)
		return err == -ENOENT ? 0 : err;
	hash = hash_mix(hash_u64((uintptr_t)mark.symbol), mark.module);
	if (hash_index__find(&v->index, hash, symbol_mark_eq, v, &mark) != HASH_INDEX_NONE)
		return 0;
	err = array__grow((void **)&v->marks, &v->cap, v->cnt + 1, sizeof(*v->marks),
			  SYMTAB_MAX_SYMBOLS);
	if (!err)
		err = hash_index__add(&v->index, hash, (uint32_t)v->cnt);
	if (err)
		return err;
	v->marks[v->cnt++] = mark;
	return session_save_symbol(v, &mark, name);
}

/* The frames of a stack, as of @time_ns. */
static int session_save_stack(struct symbol_saver *v, const struct stack *st, uint64_t time_ns)
{
	const struct timeline_entry *code;
	struct frame dated;
	int err = 0;

	for (uint16_t i = 0; !err && st->resolved && i < st->frame_cnt; i++) {
		if (!st->frames[i].module)
			continue;
		err = symbolizer__date(v->session->symbols, &st->frames[i], time_ns, &dated, &code);
		if (!err && code)
			err = session_save_code(v, dated.module, code);
		if (!err)
			err = session_save_frame(v, &dated);
	}
	return err;
}

int session__save_symbols(struct session *s)
{
	const struct stack_table *t = &s->model.stacks;
	struct symbol_saver v = {.session = s};
	int err = s->save_err;

	hash_index__init(&v.index);
	hash_index__init(&v.lines.index);
	hash_index__init(&v.codes.index);
	for (size_t i = 0; !err && i < t->cnt; i++)
		err = session_save_stack(&v, &t->items[i], t->items[i].time_ns);
	for (size_t i = 0; !err && s->offcpu.dated_cnt && i < s->offcpu.cnt; i++) {
		const struct offcpu_row *row = &s->offcpu.rows[i];
		const struct stack *st =
			row->date_ns ? stack_table__find(t, row->user_stack) : NULL;

		err = st ? session_save_stack(&v, st, row->date_ns) : 0;
	}
	for (size_t i = 0; !err && s->offcpu.dated_cnt && i < s->offcpu.wait_cnt; i++) {
		const struct chain_wait *w = &s->offcpu.waits[i];
		const struct stack *st =
			w->date_ns ? stack_table__find(t, w->interval.user_stack) : NULL;

		err = st ? session_save_stack(&v, st, w->date_ns) : 0;
	}
	hash_index__fini(&v.index);
	saved_frames__fini(&v.lines);
	saved_frames__fini(&v.codes);
	free(v.marks);
	return err;
}

/* ---- the view in the recording ---- */

#define SESSION_VIEW_FLAGS(X) \
	X(per_thread)         \
	X(split)              \
	X(no_user_stacks)     \
	X(no_kernel_stacks)   \
	X(delimiter)          \
	X(inlines)            \
	X(lines)              \
	X(wakers)             \
	X(by_waker)           \
	X(chains)             \
	X(by_lock)            \
	X(created_by)         \
	X(go_idle)

int session__note_view(struct session *s, const struct offcpu_view *view)
{
	char reasons[16];
	int err;

#define X(flag)                                                      \
	err = view->flag ? session__note(s, "view." #flag, "1") : 0; \
	if (err)                                                     \
		return err;
	SESSION_VIEW_FLAGS(X)
#undef X
	snprintf(reasons, sizeof(reasons), "%u", view->reasons);
	return view->reasons ? session__note(s, "view.reasons", reasons) : 0;
}

void session__recorded_view(const struct session *s, struct offcpu_view *ret_view)
{
#define X(flag) ret_view->flag = *model__note(&s->model, "view." #flag) == '1';
	SESSION_VIEW_FLAGS(X)
#undef X
	ret_view->reasons = (uint32_t)strtoul(model__note(&s->model, "view.reasons"), NULL, 10);
}
