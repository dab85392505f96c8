/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_signal.h"

#define SESSION_ROUND_MS    100
#define SESSION_PROGRESS_NS 1000000000ull
#define SESSION_META_MAX    65536

struct session *session__new(void)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	offcpu__init(&s->offcpu);
	s->recorded = recorded_symbols__new();
	if (!s->recorded || model__init(&s->model)) {
		session__free(s);
		errno = ENOMEM;
		return NULL;
	}
	return s;
}

void session__free(struct session *s)
{
	if (!s)
		return;
	symbolizer__free(s->symbols);
	recorded_symbols__free(s->recorded);
	offcpu__fini(&s->offcpu);
	model__fini(&s->model);
	free(s);
}

/* ---- events ---- */

static int session_take(void *arg, const struct event *e);

static int session_refresh(void *arg, const struct wire_image *image)
{
	struct session *s = arg;

	if (!s->source || !s->source->ops->refresh)
		return 0;
	return s->source->ops->refresh(s->source, image, session_take, s);
}

/* A recording that fails (disk full) ends itself; the run goes on. */
static void session_record(struct session *s, const struct event *e)
{
	if (s->save && !s->save_err)
		s->save_err = recording_writer__add(s->save, e);
}

static int session_take(void *arg, const struct event *e)
{
	struct session *s = arg;
	bool round = e->h->kind == WIRE_ROUND;
	int err = 0;

	/* A round is recorded after what it makes the source deliver: mappings for new stacks. */
	if (!round)
		session_record(s, e);
	s->event_cnt++;
	if (e->h->kind == WIRE_SYMBOL)
		err = recorded_symbols__add(s->recorded, e->symbol);
	if (!err)
		err = model__apply(&s->model, e, session_refresh, s);
	if (!err)
		err = offcpu__add(&s->offcpu, e);
	/* A new image may be gone in a moment: its mappings are read at once. */
	if (!err && e->h->kind == WIRE_EXEC)
		err = session_refresh(s, &e->exec->image);
	if (round)
		session_record(s, e);
	return err < 0 ? err : 0;
}

int session__note(struct session *s, const char *key, const char *value)
{
	size_t key_len = strlen(key), value_len = strlen(value);
	size_t size = (sizeof(struct wire_meta) + key_len + value_len + 2 + 7) & ~(size_t)7;
	_cleanup_free_ struct wire_meta *rec = NULL;
	struct event e;

	if (size > SESSION_META_MAX)
		return -E2BIG;
	rec = calloc(1, size);
	if (!rec)
		return -ENOMEM;
	rec->h.kind = WIRE_META;
	rec->h.size = (uint32_t)size;
	rec->key_len = (uint32_t)key_len;
	rec->value_len = (uint32_t)value_len;
	memcpy(rec->text, key, key_len);
	memcpy(rec->text + key_len + 1, value, value_len);
	e.meta = rec;
	return session_take(s, &e);
}

/* ---- the loop ---- */

static void session_progress(const struct session *s, uint64_t start_ns, uint64_t now_ns,
			     uint64_t *last_events)
{
	const struct ledger *l = &s->model.ledger;

	fprintf(stderr, "\r%.1fs  %llu ev/s  %llu lost  %zu stacks   ",
		(double)(now_ns - start_ns) / 1e9,
		(unsigned long long)(s->event_cnt - *last_events),
		(unsigned long long)ledger__lost(l).cnt, s->model.stacks.cnt);
	*last_events = s->event_cnt;
}

static int session_timeout_ms(uint64_t now_ns, uint64_t end_ns)
{
	uint64_t left_ms = (end_ns - now_ns + 999999) / 1000000;

	return !end_ns || left_ms > SESSION_ROUND_MS ? SESSION_ROUND_MS : (int)left_ms;
}

static int session_loop(struct session *s, const struct session_limits *limits)
{
	uint64_t start_ns = os_monotonic_ns(), now_ns = start_ns, last_events = 0;
	uint64_t end_ns = limits->duration_ns ? start_ns + limits->duration_ns : 0;
	uint64_t next_progress_ns = start_ns + SESSION_PROGRESS_NS;
	int more = 1;

	while (more > 0 && !os_signal_stop() && (!end_ns || now_ns < end_ns)) {
		more = source__poll(s->source, session_timeout_ms(now_ns, end_ns), session_take, s);
		now_ns = os_monotonic_ns();
		if (limits->progress && now_ns >= next_progress_ns) {
			session_progress(s, start_ns, now_ns, &last_events);
			next_progress_ns += SESSION_PROGRESS_NS;
		}
	}
	if (limits->progress && next_progress_ns > start_ns + SESSION_PROGRESS_NS)
		fputc('\n', stderr);
	return more < 0 ? more : 0;
}

int session__run(struct session *s, struct source *source, const struct session_limits *limits)
{
	int err;

	s->source = source;
	err = source__start(source, session_take, s);
	if (!err && limits->started)
		err = limits->started(limits->started_arg);
	if (!err)
		err = session_loop(s, limits);
	return err ? err : source__stop(source, session_take, s);
}

struct profile *session__profile(struct session *s, const struct resolver *const *resolvers,
				 const struct offcpu_view *view)
{
	if (!s->symbols)
		s->symbols = symbolizer__new(&s->model.modules, resolvers);
	return s->symbols ? offcpu__profile(&s->offcpu, &s->model, s->symbols, view) : NULL;
}

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
