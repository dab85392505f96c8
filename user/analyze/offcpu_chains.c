/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Single waits -> rows, and what a wake chain looks like: one tower, each hop standing on the one before it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/offcpu_builder.h"
#include "base/array.h"

#define CHAIN_CONTEXTS	1024 /* remembered; a power of two */
#define CHAIN_MAX_PARTS 1024

/* Is it a thread that wakes with this kernel stack? Asked for each wait, answered once. */
struct chain_context {
	uint64_t kernel_stack;
	uint32_t flags;
	bool known, thread;
};

/* The dividing of all waits. */
struct chain_division {
	struct builder *b;
	struct offcpu *to;
	const struct chain_wait *wait; /* at hand */
	struct offcpu_row *parts;      /* of it */
	size_t cnt, cap;
	struct chain_context contexts[CHAIN_CONTEXTS];
};

static int division_is_thread(void *arg, const struct wire_waker *waker)
{
	struct chain_division *d = arg;
	uint64_t hash = hash_mix(waker->kernel_stack, waker->flags);
	struct chain_context *c = &d->contexts[hash & (CHAIN_CONTEXTS - 1)];
	struct waker_context context;
	int err;

	if (c->known && c->kernel_stack == waker->kernel_stack && c->flags == waker->flags)
		return c->thread;
	err = waker_frames__context(&d->b->names, waker, &context);
	if (err)
		return err;
	*c = (struct chain_context){.kernel_stack = waker->kernel_stack,
				    .flags = waker->flags,
				    .known = true,
				    .thread = context.kind == WAKER_THREAD};
	return c->thread;
}

static int division_part(void *arg, uint32_t chain, const struct wire_waker *waker, uint64_t ns)
{
	struct chain_division *d = arg;
	struct offcpu_row row = offcpu_row_of(d->wait);
	int err = array__grow((void **)&d->parts, &d->cap, d->cnt + 1, sizeof(*d->parts),
			      CHAIN_MAX_PARTS);

	if (err)
		return err;
	row.chain = chain;
	row.waker = *waker;
	row.cnt = 0;
	row.blocked_ns = row.max_ns = row.max_blocked_ns = ns;
	row.runnable_ns = row.max_runnable_ns = 0;
	d->parts[d->cnt++] = row;
	return 0;
}

/*
 * A wait is counted once: where most of its time is. When it was over the thread waited for a CPU, and for nobody: that is
 * the wait's own.
 */
static int division_add(struct chain_division *d)
{
	struct offcpu_row whole = offcpu_row_of(d->wait), *most = NULL;
	int err = 0;

	for (size_t i = 0; i < d->cnt; i++)
		if (!most || d->parts[i].blocked_ns > most->blocked_ns)
			most = &d->parts[i];
	if (most)
		most->cnt = 1;
	for (size_t i = 0; !err && i < d->cnt; i++)
		err = offcpu__add_row(d->to, &d->parts[i]);
	d->cnt = 0;
	if (err || (most && !whole.runnable_ns))
		return err;
	whole.cnt = !most;
	whole.blocked_ns = whole.max_blocked_ns = 0;
	whole.max_ns = whole.runnable_ns;
	return offcpu__add_row(d->to, &whole);
}

static int builder_divide_waits(struct builder *b, struct offcpu *to)
{
	const struct offcpu *o = b->offcpu;
	struct chain_division *d = calloc(1, sizeof(*d));
	struct chain_user user = {.is_thread = division_is_thread, .part = division_part, .arg = d};
	int err = d ? chains__init(&b->chains, o->waits, o->wait_cnt) : -ENOMEM;

	for (size_t i = 0; !err && i < o->wait_cnt; i++) {
		d->b = b;
		d->to = to;
		d->wait = &o->waits[i];
		err = chains__divide(&b->chains, d->wait, &user);
		if (!err)
			err = division_add(d);
		if (b->places.waits)
			b->places.waits[i] = to->last_row;
	}
	if (d)
		free(d->parts);
	free(d);
	return err;
}

int builder_add_waits(struct builder *b, struct offcpu *to)
{
	int err = 0;

	if (b->view->chains)
		return builder_divide_waits(b, to);
	for (size_t i = 0; !err && i < b->offcpu->wait_cnt; i++) {
		struct offcpu_row row = offcpu_row_of(&b->offcpu->waits[i]);

		err = offcpu__add_row(to, &row);
		if (b->places.waits)
			b->places.waits[i] = to->last_row;
	}
	return err;
}
