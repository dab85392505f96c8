/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_signal.h"

#define SESSION_ROUND_MS    100
#define SESSION_PROGRESS_NS 1000000000ull
#define SESSION_META_MAX    65536
#define SESSION_LOCATES	    64 /* in a round */

static int session_add_offcpu(void *arg, const struct event *e)
{
	return offcpu__add(arg, e);
}

struct session *session__new(void)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	offcpu__init(&s->offcpu);
	s->locates_left = SESSION_LOCATES;
	s->recorded = recorded_symbols__new();
	s->offcpu.model = &s->model;
	s->analyse = session_add_offcpu;
	s->analyse_arg = &s->offcpu;
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
	struct wire_image next = *image;
	struct session *s = arg;

	if (!s->source || !s->source->ops->refresh)
		return 0;
	/* Once the process has exec'd, /proc shows the next image's mappings: wrong names for this one. */
	next.exec_id++;
	if (image_table__find(&s->model.images, &next))
		return 0;
	return s->source->ops->refresh(s->source, image, session_take, s);
}

/* A futex that processes share is the same one where the same file lies: asked while the process lives. */
static int session_locate(struct session *s, const struct event *e)
{
	const struct wire_thread_key *key =
		e->h->kind == WIRE_INTERVAL ? &e->interval->thread : &e->spill->thread;
	uint64_t lock = event__lock(e), addr = lock & ~(uint64_t)WIRE_LOCK_SHARED;
	const struct thread_name *name;
	struct wire_image image;
	uint32_t pos;

	if (!(lock & WIRE_LOCK_SHARED) || !s->source || !s->source->ops->locate)
		return 0;
	pos = thread_table__find(&s->model.threads, key->tid, key->start_ns);
	name = pos == HASH_INDEX_NONE
		       ? NULL
		       : thread__find_name(&s->model.threads.items[pos], key->comm_gen);
	if (!name || lock_table__find(&s->model.locks, &name->image, addr))
		return 0;
	/* Each look takes a reading of all mappings. One that is not looked at now is at its next wait. */
	if (!s->locates_left || s->model.locks.cnt >= LOCK_MAX_CNT)
		return 0;
	s->locates_left--;
	image = name->image;
	return s->source->ops->locate(s->source, &image, addr, session_take, s);
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

	if (round)
		s->locates_left = SESSION_LOCATES;

	/* A round is recorded after what it makes the source deliver: mappings for new stacks. */
	if (!round)
		session_record(s, e);
	s->event_cnt++;
	if (e->h->kind == WIRE_SYMBOL)
		err = recorded_symbols__add(s->recorded, e->symbol);
	if (e->h->kind == WIRE_LINE)
		err = recorded_symbols__add_line(s->recorded, e->line);
	if (e->h->kind == WIRE_CODE)
		err = recorded_symbols__add_code(s->recorded, e->code);
	if (!err && !(s->cutting && e->h->kind == WIRE_INTERVAL))
		err = model__apply(&s->model, e, session_refresh, s);
	if (!err && (e->h->kind == WIRE_INTERVAL || e->h->kind == WIRE_SPILL))
		err = session_locate(s, e);
	if (!err)
		err = s->analyse(s->analyse_arg, e);
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

/* 3 significant digits: 152k, 1.25M. */
static const char *session_short(uint64_t n, char *text, size_t size)
{
	if (n < 10000)
		snprintf(text, size, "%llu", (unsigned long long)n);
	else if (n < 1000000)
		snprintf(text, size, "%.3gk", (double)n / 1e3);
	else
		snprintf(text, size, "%.3gM", (double)n / 1e6);
	return text;
}

static void session_progress(const struct session *s, uint64_t start_ns, uint64_t now_ns,
			     uint64_t *last_events)
{
	uint64_t lost = ledger__lost(&s->model.ledger).cnt;
	char rate[16], lost_text[16], stacks[16];

	fprintf(stderr, "\r%.1fs  %s ev/s  %s lost  %s stacks   ",
		(double)(now_ns - start_ns) / 1e9,
		session_short(s->event_cnt - *last_events, rate, sizeof(rate)),
		session_short(lost, lost_text, sizeof(lost_text)),
		session_short(s->model.stacks.cnt, stacks, sizeof(stacks)));
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
		more = session__poll(s, session_timeout_ms(now_ns, end_ns));
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

int session__start(struct session *s, struct source *source)
{
	s->source = source;
	return source__start(source, session_take, s);
}

int session__poll(struct session *s, int timeout_ms)
{
	return source__poll(s->source, timeout_ms, session_take, s);
}

int session__stop(struct session *s)
{
	return source__stop(s->source, session_take, s);
}

int session__cut(struct session *s, uint64_t *ret_ns)
{
	int err;

	s->cutting = true;
	err = s->source->ops->cut(s->source, session_take, s, ret_ns);
	s->cutting = false;
	return err;
}

int session__run(struct session *s, struct source *source, const struct session_limits *limits)
{
	int err;

	err = session__start(s, source);
	if (!err && limits->started)
		err = limits->started(limits->started_arg);
	if (!err)
		err = session_loop(s, limits);
	if (!err)
		err = session__stop(s);
	/* Every table has a cap (millions of rows); the bare errno would say nothing. */
	if (err == -E2BIG)
		error_set(err,
			  "more different threads or stacks than can be kept: trace for a shorter "
			  "time, or less (-p, --max-depth)");
	return err;
}

struct symbolizer *session__symbolizer(struct session *s, const struct resolver *const *resolvers,
				       const struct line_reader *const *readers,
				       const struct offcpu_view *view)
{
	struct symbolizer_opts opts = {
		.resolvers = resolvers,
		.readers = readers,
		.images = &s->model.images,
		.inlines = view->inlines,
		.lines = view->lines,
	};

	if (!s->symbols)
		s->symbols = symbolizer__new(&s->model.modules, &opts);
	return s->symbols;
}

struct profile *session__profile(struct session *s, const struct resolver *const *resolvers,
				 const struct line_reader *const *readers,
				 const struct offcpu_view *view)
{
	struct symbolizer *symbols = session__symbolizer(s, resolvers, readers, view);

	return symbols ? offcpu__profile(&s->offcpu, &s->model, symbols, view) : NULL;
}
