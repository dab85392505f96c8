/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/windows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* ---- what was told ---- */

static void told_clear(struct told *t)
{
	free(t->items);
	hash_index__fini(&t->index);
	*t = (struct told){0};
}

static uint64_t told_hash(const struct told_wait *wait)
{
	return hash_mix(hash_mix(wait->start_ns, wait->tid), wait->out_ns);
}

static bool told_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct told_wait *a = &((const struct told *)owner)->items[pos], *b = key;

	return a->tid == b->tid && a->start_ns == b->start_ns && a->out_ns == b->out_ns;
}

static struct told_wait told_of(const struct wire_interval *iv)
{
	return (struct told_wait){
		.start_ns = iv->thread.start_ns,
		.out_ns = iv->out_ns,
		.kernel_stack = iv->kernel_stack,
		.user_stack = iv->user_stack,
		.tid = iv->thread.tid,
	};
}

static bool told_has(const struct told *t, const struct wire_interval *iv)
{
	struct told_wait wait = told_of(iv);

	return hash_index__find(&t->index, told_hash(&wait), told_eq, t, &wait) != HASH_INDEX_NONE;
}

static int told_add(struct told *t, const struct wire_interval *iv)
{
	struct told_wait wait = told_of(iv);
	int err = array__grow((void **)&t->items, &t->cap, t->cnt + 1, sizeof(*t->items),
			      WINDOWS_MAX_TOLD);

	if (!err)
		err = hash_index__add(&t->index, told_hash(&wait), (uint32_t)t->cnt);
	if (!err)
		t->items[t->cnt++] = wait;
	return err;
}

/* ---- windows ---- */

void windows__init(struct windows *w)
{
	*w = (struct windows){0};
}

void window__free(struct window *win)
{
	if (win)
		offcpu__fini(&win->offcpu);
	free(win);
}

void windows__fini(struct windows *w)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		window__free(w->items[i]);
	for (size_t i = 0; i < ARRAY_SIZE(w->tolds); i++)
		told_clear(&w->tolds[i]);
	*w = (struct windows){0};
}

struct window *windows__open(struct windows *w)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++) {
		if (w->items[i])
			continue;
		w->items[i] = calloc(1, sizeof(*w->items[i]));
		if (!w->items[i])
			return NULL;
		offcpu__init(&w->items[i]->offcpu);
		w->items[i]->offcpu.max_rows = WINDOWS_MAX_ROWS;
		return w->items[i];
	}
	errno = EBUSY;
	return NULL;
}

void window__end(struct window *win)
{
	win->ends = true;
}

bool windows__want_cut(const struct windows *w)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++) {
		const struct window *win = w->items[i];

		if (win && !win->end_ns && (!win->begin_ns || win->ends))
			return true;
	}
	return false;
}

bool windows__settling(const struct windows *w)
{
	return w->told_ns != 0;
}

/* Neither begun nor ended: a window that was to end before it began is empty. */
static bool window_is_complete(const struct windows *w, const struct window *win)
{
	return win->end_ns && !(w->told_ns && win->end_ns == w->cut_ns);
}

struct window *windows__take(struct windows *w)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++) {
		struct window *win = w->items[i];

		if (!win || !window_is_complete(w, win))
			continue;
		w->items[i] = NULL;
		return win;
	}
	return NULL;
}

void windows__drop(struct windows *w, struct window *win)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		if (w->items[i] == win)
			w->items[i] = NULL;
	window__free(win);
}

/* ---- pieces ---- */

static uint64_t windows_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t windows_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Has the window a part of what ended at @in_ns, or goes on then? */
static bool window_reaches(const struct window *win, uint64_t in_ns)
{
	return win->begin_ns && win->begin_ns < in_ns;
}

/*
 * Where the window's part of a wait begins. One that lasted over the window's begin and was not told there, though all have
 * been asked since, was too short to be told then (-m): it is whole where it ended, for no other window waits for it.
 */
static uint64_t window_from_ns(const struct windows *w, const struct window *win,
			       const struct wire_interval *iv)
{
	bool settling = w->told_ns && win->begin_ns == w->cut_ns;

	if (iv->out_ns < win->begin_ns && (!win->begun || settling || told_has(win->begun, iv)))
		return win->begin_ns;
	return iv->out_ns;
}

/* The window's part of @e, as one that is open when the window ends before it. */
static int window_book(const struct windows *w, struct window *win, const struct event *e)
{
	struct wire_counted rec;
	struct wire_interval *iv = &rec.waked.interval;
	struct event part = {.interval = iv};
	int err;

	event__copy_interval(e, &rec);
	iv->out_ns = window_from_ns(w, win, iv);
	if (win->end_ns && win->end_ns < iv->in_ns) {
		iv->in_ns = win->end_ns;
		iv->wait.flags |= WIRE_F_OPEN;
	}
	if (iv->in_ns <= iv->out_ns)
		return 0;
	iv->wake_ns = windows_min(windows_max(iv->wake_ns, iv->out_ns), iv->in_ns);
	err = offcpu__add(&win->offcpu, &part);
	if (!err && win->whole_max && !(iv->wait.flags & WIRE_F_FILTERED))
		offcpu__set_max(&win->offcpu, iv->in_ns - e->interval->out_ns);
	return err;
}

/* A wait that began before the last cut, and has ended or is open at the end of the run. */
static int windows_divide(struct windows *w, const struct event *e)
{
	bool told = w->told && told_has(w->told, e->interval);
	int err = 0;

	for (size_t i = 0; !err && i < WINDOWS_MAX; i++) {
		struct window *win = w->items[i];

		if (!win || !window_reaches(win, e->interval->in_ns))
			continue;
		/* Where it has ended it was told what was open, but for what comes while it settles. */
		if (win->end_ns && (told || window_is_complete(w, win)))
			continue;
		err = window_book(w, win, e);
	}
	return err;
}

int windows__add(struct windows *w, const struct event *e)
{
	int err = 0;

	if (e->h->kind == WIRE_INTERVAL) {
		if (e->interval->out_ns < w->cut_ns)
			return windows_divide(w, e);
		for (size_t i = 0; !err && i < WINDOWS_MAX; i++)
			if (w->items[i] && w->items[i]->begin_ns && !w->items[i]->end_ns)
				err = offcpu__add(&w->items[i]->offcpu, e);
		return err;
	}
	if (e->h->kind != WIRE_SPILL)
		return 0;
	for (size_t i = 0; !err && i < WINDOWS_MAX; i++) {
		struct window *win = w->items[i];

		/* While a cut settles: to those that end by it, which are the ones that were open. */
		if (win && win->begin_ns && (w->told_ns ? win->begin_ns < w->cut_ns : !win->end_ns))
			err = offcpu__add(&win->offcpu, e);
	}
	return err;
}

/* ---- cuts ---- */

void windows__begin(struct windows *w, uint64_t start_ns)
{
	w->cut_ns = start_ns;
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		if (w->items[i])
			w->items[i]->begin_ns = start_ns;
}

/* One of the last cut's or a window's is in use; there is always one that is not. */
static struct told *windows_free_told(struct windows *w)
{
	struct told *unused = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(w->tolds); i++) {
		bool used = w->told == &w->tolds[i];

		for (size_t j = 0; j < WINDOWS_MAX; j++)
			used |= w->items[j] && w->items[j]->begun == &w->tolds[i];
		if (used)
			continue;
		unused = &w->tolds[i];
		told_clear(unused);
	}
	return unused;
}

void windows__cut_begin(struct windows *w, uint64_t cut_ns)
{
	w->told = NULL;
	w->told = windows_free_told(w);
	hash_index__init(&w->told->index);
	w->cut_ns = cut_ns;
	w->told_ns = UINT64_MAX;
	for (size_t i = 0; i < WINDOWS_MAX; i++) {
		struct window *win = w->items[i];

		if (!win || win->end_ns)
			continue;
		if (win->ends)
			win->end_ns = cut_ns;
		if (win->begin_ns)
			continue;
		win->begin_ns = cut_ns;
		win->begun = w->told;
	}
}

int windows__add_open(struct windows *w, const struct event *e)
{
	int err;

	/* An iterator may come to a thread twice. */
	if (told_has(w->told, e->interval))
		return 0;
	err = told_add(w->told, e->interval);
	for (size_t i = 0; !err && i < WINDOWS_MAX; i++) {
		struct window *win = w->items[i];

		if (win && win->end_ns == w->cut_ns && window_reaches(win, w->cut_ns))
			err = window_book(w, win, e);
	}
	return err;
}

void windows__cut_told(struct windows *w, uint64_t now_ns)
{
	w->told_ns = now_ns;
}

void windows__end(struct windows *w, uint64_t end_ns)
{
	/* All was read, also what a cut that had not settled would have waited for. */
	w->told_ns = 0;
	for (size_t i = 0; i < WINDOWS_MAX; i++) {
		struct window *win = w->items[i];

		if (!win || win->end_ns)
			continue;
		/* One that waited for a cut to begin at is empty. */
		if (!win->begin_ns)
			win->begin_ns = end_ns;
		win->end_ns = end_ns;
	}
}

bool windows__round(struct windows *w, uint64_t time_ns)
{
	if (!w->told_ns || time_ns < w->told_ns)
		return false;
	w->told_ns = 0;
	windows_free_told(w);
	return true;
}
