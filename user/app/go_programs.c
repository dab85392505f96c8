/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/go_programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/go_programs_part.h"
#include "base/array.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "source/os_go_detect.h"

#define WATCH_MAX_TARGETS (1u << 22)
#define WATCH_OPEN_CNT	  64 /* processes that are asked in one step, so that looks are not late */
#define WATCH_OPEN_NS	  50000000ull
#define WATCH_RETRY_NS	  250000000ull /* doubled with each try */
#define WATCH_TRIES	  6	       /* 16 s */

enum go_entry_state {
	ENTRY_NEW,
	ENTRY_NO_GO,
	ENTRY_AGAIN,  /* to be opened at due_ns */
	ENTRY_UNREAD, /* see why */
	ENTRY_SEEN,
};

/* A target, and what is known of it. */
struct go_entry {
	struct go_target target;
	enum go_entry_state state;
	enum go_unread why;
	uint32_t tries;
	uint64_t due_ns;
};

struct go_programs *go_programs__new(const struct go_programs_opts *opts, struct groups *groups)
{
	struct go_programs *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->opts = *opts;
	w->random = os_monotonic_ns() | 1;
	os_mutex__init(&w->lock);
	if (!go_metrics__init(&w->metrics, groups))
		return w;
	go_programs__free(w);
	errno = ENOMEM;
	return NULL;
}

void go_programs__free(struct go_programs *w)
{
	if (!w)
		return;
	w->opts.leaves = NULL;
	while (w->seen_cnt)
		go_programs_remove(w, 0);
	go_metrics__fini(&w->metrics);
	os_mutex__fini(&w->lock);
	free(w->entries);
	free(w->spare);
	free(w);
}

struct go_metrics *go_programs__copy(struct go_programs *w)
{
	struct go_metrics *m;

	os_mutex__lock(&w->lock);
	m = go_metrics__copy(&w->metrics, os_monotonic_ns());
	os_mutex__unlock(&w->lock);
	return m;
}

/* ---- targets ---- */

static int compare_images(const struct wire_image *a, const struct wire_image *b)
{
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	return (a->exec_id > b->exec_id) - (a->exec_id < b->exec_id);
}

static int compare_targets(const void *a, const void *b)
{
	const struct go_target *x = a, *y = b;

	return compare_images(&x->image, &y->image);
}

static struct go_entry *watch_entry(const struct go_programs *w, const struct wire_image *image)
{
	size_t lo = 0, hi = w->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = compare_images(&w->entries[mid].target.image, image);

		if (!order)
			return &w->entries[mid];
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* Those that have gone, or run something else. */
static int watch_remove_gone(struct go_programs *w)
{
	int err = 0;

	for (size_t i = 0; !err && i < w->seen_cnt;) {
		if (watch_entry(w, &w->seen[i]->target.image))
			i++;
		else
			err = go_programs_remove(w, i);
	}
	return err;
}

/* With one less there may be room for one more. */
static void watch_reconsider(struct go_programs *w)
{
	for (size_t i = 0; i < w->cnt; i++)
		if (w->entries[i].state == ENTRY_UNREAD &&
		    w->entries[i].why == GO_UNREAD_TOO_MANY && w->seen_cnt < w->opts.max)
			w->entries[i].state = ENTRY_NEW;
}

static void watch_count_unread(struct go_programs *w)
{
	uint64_t cnts[GO_UNREAD_CNT] = {0};

	w->open = false;
	for (size_t i = 0; i < w->cnt; i++) {
		const struct go_entry *e = &w->entries[i];

		w->open |= e->state == ENTRY_NEW || e->state == ENTRY_AGAIN;
		if (e->state == ENTRY_UNREAD)
			cnts[e->why]++;
	}
	os_mutex__lock(&w->lock);
	memcpy(w->metrics.unread_cnt, cnts, sizeof(cnts));
	os_mutex__unlock(&w->lock);
}

int go_programs__set_targets(struct go_programs *w, struct go_target *targets, size_t cnt)
{
	struct go_entry *entries;
	size_t n = 0, cap, old = 0;
	int err = array__grow((void **)&w->spare, &w->spare_cap, cnt + 1, sizeof(*w->spare),
			      WATCH_MAX_TARGETS);

	if (err)
		return err;
	entries = w->spare;
	if (cnt)
		qsort(targets, cnt, sizeof(*targets), compare_targets);
	for (size_t i = 0; i < cnt; i++) {
		if (n && !compare_images(&entries[n - 1].target.image, &targets[i].image))
			continue;
		while (old < w->cnt &&
		       compare_images(&w->entries[old].target.image, &targets[i].image) < 0)
			old++;
		if (old < w->cnt &&
		    !compare_images(&w->entries[old].target.image, &targets[i].image))
			entries[n++] = w->entries[old];
		else
			entries[n++] = (struct go_entry){.target = targets[i]};
	}
	w->spare = w->entries;
	cap = w->spare_cap;
	w->spare_cap = w->cap;
	w->entries = entries;
	w->cap = cap;
	w->cnt = n;
	err = watch_remove_gone(w);
	watch_reconsider(w);
	watch_count_unread(w);
	return err;
}

/* ---- opening ---- */

static void watch_unread(struct go_entry *e, enum go_unread why)
{
	e->state = ENTRY_UNREAD;
	e->why = why;
}

/* A program that has just begun has no goroutines yet, nor much else that shows what it is. */
static void watch_again(struct go_entry *e, int err, uint64_t now_ns)
{
	if (err == -EACCES) {
		watch_unread(e, GO_UNREAD_NO_PERMISSION);
	} else if (++e->tries >= WATCH_TRIES) {
		watch_unread(e, err == -ENOTSUP ? GO_UNREAD_UNSUPPORTED : GO_UNREAD_NO_GOROUTINES);
	} else {
		e->state = ENTRY_AGAIN;
		e->due_ns = now_ns + (WATCH_RETRY_NS << e->tries);
	}
	if (e->state == ENTRY_UNREAD)
		log_debug("process %u: %s", e->target.image.pid, error_text(err));
}

static int watch_open(struct go_programs *w, struct go_entry *e, uint64_t now_ns)
{
	struct go_process *p;
	int err = os_go_detect(e->target.image.pid);

	if (err == -ENOMEM)
		return err;
	/* One without an exe is gone, or a part of the kernel. */
	e->state = ENTRY_NO_GO;
	if (err <= 0)
		return 0;
	if (w->seen_cnt >= w->opts.max) {
		watch_unread(e, GO_UNREAD_TOO_MANY);
		return 0;
	}
	p = go_process__new(e->target.image.pid, GO_LAYOUT_TABLE);
	err = p ? go_programs_add(w, &e->target, p, now_ns) : -errno;
	if (err == -ENOMEM)
		return err;
	if (err)
		watch_again(e, err, now_ns);
	else
		e->state = ENTRY_SEEN;
	return 0;
}

static int watch_open_due(struct go_programs *w, uint64_t now_ns)
{
	size_t left = WATCH_OPEN_CNT;
	int err = 0;

	for (size_t i = 0; !err && left && i < w->cnt; i++) {
		struct go_entry *e = &w->entries[i];

		if (e->state != ENTRY_NEW && (e->state != ENTRY_AGAIN || e->due_ns > now_ns))
			continue;
		left--;
		err = watch_open(w, e, now_ns);
	}
	watch_count_unread(w);
	w->open_ns = now_ns + WATCH_OPEN_NS;
	return err;
}

void go_programs_lost(struct go_programs *w, const struct go_target *t)
{
	struct go_entry *e = watch_entry(w, &t->image);

	if (!e)
		return;
	watch_again(e, -ENOENT, os_monotonic_ns());
	w->open = true;
}

/* ---- the rounds ---- */

uint64_t go_programs__due_ns(const struct go_programs *w)
{
	uint64_t due_ns = w->open ? w->open_ns : UINT64_MAX;

	for (size_t i = 0; i < w->seen_cnt; i++)
		if (w->seen[i]->due_ns < due_ns)
			due_ns = w->seen[i]->due_ns;
	return due_ns;
}

int go_programs__step(struct go_programs *w, uint64_t now_ns)
{
	int err = 0;

	if (w->open && w->open_ns <= now_ns)
		err = watch_open_due(w, now_ns);
	return err ? err : go_programs_look_due(w, now_ns);
}
