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
	told_clear(&w->told);
	told_clear(&w->before);
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

/* Does a piece of time that ends at @to_ns, without a cut in it, belong to the window? */
static bool window_holds(const struct window *win, uint64_t to_ns)
{
	return win->begin_ns && win->begin_ns < to_ns && (!win->end_ns || to_ns <= win->end_ns);
}

/* The piece of @e from @from_ns to @to_ns, to all windows that hold it. */
static int windows_book(struct windows *w, const struct event *e, uint64_t from_ns, uint64_t to_ns)
{
	struct wire_waked rec = {.interval = *e->interval};
	struct event piece = {.interval = &rec.interval};
	struct wire_interval *iv = &rec.interval;
	int err = 0;

	if (event__waker(e)) {
		rec.waker = *event__waker(e);
		rec.lock = event__lock(e);
	}
	iv->out_ns = windows_max(iv->out_ns, from_ns);
	iv->in_ns = windows_min(iv->in_ns, to_ns);
	if (iv->in_ns <= iv->out_ns)
		return 0;
	iv->wake_ns = windows_min(windows_max(iv->wake_ns, iv->out_ns), iv->in_ns);
	for (size_t i = 0; !err && i < WINDOWS_MAX; i++) {
		struct window *win = w->items[i];

		if (!win || !window_holds(win, iv->in_ns))
			continue;
		err = offcpu__add(&win->offcpu, &piece);
		if (!err && win->whole_max && !(iv->wait.flags & WIRE_F_FILTERED))
			offcpu__set_max(&win->offcpu, iv->in_ns - e->interval->out_ns);
	}
	return err;
}

/* A wait that began before the last cut. */
static int windows_divide(struct windows *w, const struct event *e)
{
	const struct wire_interval *iv = e->interval;
	uint64_t from_ns = iv->out_ns;
	int err;

	if (told_has(&w->told, iv))
		return windows_book(w, e, w->cut_ns, UINT64_MAX);
	if (told_has(&w->before, iv))
		from_ns = w->before.cut_ns;
	/* At the cut it was too short to be told (-m). It goes whole to where it ended: no other window waits for it. */
	if (!w->told_ns)
		return windows_book(w, e, from_ns, UINT64_MAX);
	err = windows_book(w, e, from_ns, w->cut_ns);
	return err ? err : windows_book(w, e, w->cut_ns, UINT64_MAX);
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

void windows__cut_begin(struct windows *w, uint64_t cut_ns)
{
	told_clear(&w->before);
	w->before = w->told;
	w->told = (struct told){.cut_ns = cut_ns};
	hash_index__init(&w->told.index);
	w->cut_ns = cut_ns;
	w->told_ns = UINT64_MAX;
	for (size_t i = 0; i < WINDOWS_MAX; i++) {
		struct window *win = w->items[i];

		if (!win || win->end_ns)
			continue;
		if (win->ends)
			win->end_ns = cut_ns;
		if (!win->begin_ns)
			win->begin_ns = cut_ns;
	}
}

int windows__add_open(struct windows *w, const struct event *e)
{
	const struct wire_interval *iv = e->interval;
	uint64_t from_ns = told_has(&w->before, iv) ? w->before.cut_ns : iv->out_ns;
	int err;

	/* An iterator may come to a thread twice. */
	if (told_has(&w->told, iv))
		return 0;
	err = told_add(&w->told, iv);
	return err ? err : windows_book(w, e, from_ns, w->cut_ns);
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
	told_clear(&w->before);
	return true;
}
