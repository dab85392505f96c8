/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Forgets what no window and no thread needs any more.
 *
 * A stack is an id that the kernel side may use again at any time, and its frames are told only once. So it takes two cuts:
 *
 *   1. after the first: what open windows hold, and what is open, is in use. The rest is struck off the list of those that
 *      were told, and walks that were remembered are forgotten, so that every stack from here on is looked up there.
 *   2. after the second: what was struck off and came meanwhile is in use again; the rest goes.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/offcpu_rows.h"
#include "app/service_part.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/os_clock.h"

#define SWEEP_MIN_GROWTH \
	2048		   /* stacks, threads and images together; fewer are not worth it at once */
#define SWEEP_PAUSE	10 /* windows, after which anything is: a burst leaves nothing behind */
#define SWEEP_WINDOW_NS 60000000000ull /* where none are rotated */
#define SWEEP_KERNEL_NS \
	3600000000000ull /* how old the kernel's symbols may get: modules are loaded rarely */
#define SWEEP_MAX_SIZE \
	(2 * WINDOWS_MAX_ROWS) /* no window's end is waited for when there are more */

static size_t sweep_size(const struct service *s)
{
	const struct model *m = &s->session->model;

	return m->stacks.cnt + m->threads.cnt + m->images.cnt;
}

/* For tests. */
static bool sweep_is_asked_for(const char *when)
{
	const char *asked = getenv("DWELL_SWEEP");

	return asked && !strcmp(asked, when);
}

static uint64_t sweep_pause_ns(const struct service *s)
{
	return SWEEP_PAUSE * (s->opts.every_ns ? s->opts.every_ns : SWEEP_WINDOW_NS);
}

/* By a quarter more than what the last one left, and something; or at all, and it is a while ago. */
static bool sweep_is_due(const struct service *s)
{
	size_t size = sweep_size(s), left = s->sweep.left;

	if (s->sweep.never)
		return false;
	return s->sweep.always || size > left + left / 4 + SWEEP_MIN_GROWTH ||
	       (size > left && os_monotonic_ns() - s->sweep.ns > sweep_pause_ns(s));
}

static void sweep_use_rows(struct model *m, const struct offcpu *o)
{
	for (size_t i = 0; i < o->cnt; i++) {
		const struct offcpu_row *row = &o->rows[i];

		stack_table__use(&m->stacks, row->kernel_stack);
		stack_table__use(&m->stacks, row->user_stack);
		stack_table__use(&m->stacks, row->waker.kernel_stack);
		stack_table__use(&m->stacks, row->waker.user_stack);
		thread_table__use(&m->threads, row->thread.tid, row->thread.start_ns);
		thread_table__use(&m->threads, row->waker.key.tid, row->waker.key.start_ns);
	}
}

static void sweep_use_told(struct model *m, const struct told *t)
{
	for (size_t i = 0; i < t->cnt; i++) {
		const struct told_wait *wait = &t->items[i];

		stack_table__use(&m->stacks, wait->kernel_stack);
		stack_table__use(&m->stacks, wait->user_stack);
		thread_table__use(&m->threads, wait->tid, wait->start_ns);
	}
}

/* All that is held somewhere. */
static void sweep_mark(struct service *s)
{
	struct model *m = &s->session->model;

	for (size_t i = 0; i < WINDOWS_MAX; i++)
		if (s->windows.items[i])
			sweep_use_rows(m, &s->windows.items[i]->offcpu);
	if (s->windows.told)
		sweep_use_told(m, s->windows.told);
}

/* The images of threads that live, or are in use, and of stacks whose frames still need them. */
static void sweep_mark_images(struct model *m)
{
	const struct wire_image kernel = {0};

	image_table__use(&m->images, &kernel);
	for (size_t i = 0; i < m->threads.cnt; i++) {
		const struct thread *th = &m->threads.items[i];
		const struct thread_name *name = thread__find_name(th, THREAD_NEWEST_NAME);

		if (name)
			image_table__use(&m->images, &name->image);
	}
	for (size_t i = 0; i < m->stacks.cnt; i++)
		if (!m->stacks.items[i].resolved)
			image_table__use(&m->images, &m->stacks.items[i].image);
}

/* Strikes off the kernel side's list what seems not to be needed. */
static int sweep_tell(struct service *s)
{
	struct stack_table *t = &s->session->model.stacks;
	_cleanup_free_ uint64_t *ids = calloc(t->cnt + 1, sizeof(*ids));
	size_t cnt = 0;

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < t->cnt; i++)
		if (t->items[i].used != t->generation)
			ids[cnt++] = t->items[i].id;
	return cnt ? s->session->source->ops->forget(s->session->source, ids, cnt) : 0;
}

/* Names too: those of code that is gone, and what was read of files. They come again as they are needed. */
static int sweep_names(struct service *s)
{
	const struct service_naming *n = &s->opts.naming;
	uint64_t now_ns = os_monotonic_ns();
	bool kernel = now_ns - s->sweep.kernel_ns > SWEEP_KERNEL_NS;
	int err = n->renew ? n->renew(n->arg, true) : 0;

	if (kernel)
		s->sweep.kernel_ns = now_ns;
	if (!err)
		err = symbolizer__forget(s->symbols, kernel);
	return err ? err : wait_facts__renew(&s->facts, s->symbols);
}

/* The files that a mapping or a frame is in, and what is no file. */
static int sweep_modules(struct service *s)
{
	struct model *m = &s->session->model;
	int err;

	m->modules.generation++;
	module_table__use(&m->modules, m->kernel_module);
	module_table__use(&m->modules, m->stacks.python_module);
	for (size_t i = 0; i < m->images.cnt; i++)
		for (size_t j = 0; j < m->images.items[i].mapping_cnt; j++)
			module_table__use(&m->modules, m->images.items[i].mappings[j].module);
	for (size_t i = 0; i < m->stacks.cnt; i++)
		for (uint16_t j = 0;
		     m->stacks.items[i].resolved && j < m->stacks.items[i].frame_cnt; j++)
			module_table__use(&m->modules, m->stacks.items[i].frames[j].module);
	err = module_table__sweep(&m->modules);
	if (!err)
		recorded_symbols__sweep(s->session->recorded, &m->modules);
	if (err || !s->session->source->ops->swept)
		return err;
	return s->session->source->ops->swept(s->session->source);
}

static void sweep_say(const struct service *s, size_t before, uint64_t since_ns)
{
	const struct model *m = &s->session->model;

	log_debug("swept: of %zu stacks, threads and images %zu, %zu and %zu stay; it took %.1f ms",
		  before, m->stacks.cnt, m->threads.cnt, m->images.cnt,
		  (double)(os_monotonic_ns() - since_ns) / 1e6);
}

static int sweep_drop(struct service *s)
{
	struct model *m = &s->session->model;
	int err = thread_table__sweep(&m->threads);

	if (!err)
		err = stack_table__sweep(&m->stacks);
	if (err)
		return err;
	m->images.generation++;
	sweep_mark_images(m);
	err = image_table__sweep(&m->images);
	if (!err)
		err = lock_table__sweep(&m->locks, &m->images);
	if (!err)
		err = sweep_modules(s);
	if (!err)
		err = sweep_names(s);
	malloc_trim(0);
	return err;
}

void service_sweep_before_cut(struct service *s)
{
	if (s->sweep.phase == SWEEP_IDLE && s->session->source->ops->forget && sweep_is_due(s))
		s->sweep.phase = SWEEP_LOOKING;
}

int service_sweep_after_cut(struct service *s)
{
	struct model *m = &s->session->model;
	uint64_t since_ns = os_monotonic_ns();
	size_t before = sweep_size(s);
	int err;

	switch (s->sweep.phase) {
	case SWEEP_LOOKING:
		m->stacks.generation++;
		m->threads.generation++;
		sweep_mark(s);
		s->sweep.phase = SWEEP_TOLD;
		return sweep_tell(s);
	case SWEEP_TOLD:
		sweep_mark(s);
		s->sweep.phase = SWEEP_IDLE;
		err = sweep_drop(s);
		s->sweep.left = sweep_size(s);
		s->sweep.ns = os_monotonic_ns();
		sweep_say(s, before, since_ns);
		return err;
	default:
		return 0;
	}
}

bool service_sweep_wants_cut(const struct service *s)
{
	if (s->sweep.phase != SWEEP_IDLE)
		return true;
	return s->session->source->ops->forget && sweep_size(s) > SWEEP_MAX_SIZE && sweep_is_due(s);
}

void service_init_sweep(struct service *s)
{
	s->sweep.always = sweep_is_asked_for("always");
	s->sweep.never = sweep_is_asked_for("never");
	s->sweep.ns = s->sweep.kernel_ns = os_monotonic_ns();
}
