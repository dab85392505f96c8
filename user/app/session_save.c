/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a session adds to its recording for the report: symbols of all frames, and how it was shown. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/session.h"
#include "base/array.h"

/* ---- symbols for the recording ---- */

struct symbol_saver {
	struct session *session;
	struct symbol_mark {
		uint32_t module;
		const struct symbol *symbol;
	} * marks;
	size_t cnt, cap;
	struct hash_index index;
};

static bool symbol_mark_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct symbol_mark *a = &((const struct symbol_saver *)owner)->marks[pos], *b = key;

	return a->module == b->module && a->symbol == b->symbol;
}

static int session_save_symbol(struct symbol_saver *v, const struct symbol_mark *mark,
			       const char *name)
{
	size_t len = strlen(name), size = (sizeof(struct wire_symbol) + len + 1 + 7) & ~(size_t)7;
	_cleanup_free_ struct wire_symbol *rec = calloc(1, size);
	struct event e = {.symbol = rec};

	if (!rec)
		return -ENOMEM;
	rec->h.kind = WIRE_SYMBOL;
	rec->h.size = (uint32_t)size;
	rec->module = mark->module;
	rec->name_len = (uint32_t)len;
	rec->start = mark->symbol->start;
	rec->size = mark->symbol->size;
	memcpy(rec->name, name, len);
	return recording_writer__add(v->session->save, &e);
}

static int session_save_frame(struct symbol_saver *v, const struct frame *f)
{
	struct symbol_mark mark = {.module = f->module};
	const char *name;
	uint64_t hash;
	int err;

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

int session__save_symbols(struct session *s)
{
	const struct stack_table *t = &s->model.stacks;
	struct symbol_saver v = {.session = s};
	int err = s->save_err;

	hash_index__init(&v.index);
	for (size_t i = 0; !err && i < t->cnt; i++)
		for (uint16_t j = 0; !err && t->items[i].resolved && j < t->items[i].frame_cnt; j++)
			err = session_save_frame(&v, &t->items[i].frames[j]);
	hash_index__fini(&v.index);
	free(v.marks);
	return err;
}

/* ---- the view in the recording ---- */

#define SESSION_VIEW_FLAGS(X) \
	X(per_thread)         \
	X(split)              \
	X(no_user_stacks)     \
	X(no_kernel_stacks)   \
	X(delimiter)

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
