/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/offcpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/offcpu_rows.h"
#include "base/array.h"
#include "base/log.h"

void offcpu__init(struct offcpu *o)
{
	memset(o, 0, sizeof(*o));
	hash_index__init(&o->index);
}

void offcpu__fini(struct offcpu *o)
{
	free(o->rows);
	free(o->waits);
	free(o->times);
	hash_index__fini(&o->index);
	memset(o, 0, sizeof(*o));
}

static uint64_t offcpu_hash_waker(uint64_t h, const struct wire_waker *w)
{
	h = hash_mix(h, w->key.start_ns);
	h = hash_mix(h, (uint64_t)w->key.tid << 32 | w->key.comm_gen);
	h = hash_mix(h, w->kernel_stack);
	return hash_mix(h, w->user_stack ^ w->flags);
}

static bool offcpu_waker_eq(const struct wire_waker *a, const struct wire_waker *b)
{
	return a->flags == b->flags && a->key.tid == b->key.tid &&
	       a->key.start_ns == b->key.start_ns && a->key.comm_gen == b->key.comm_gen &&
	       a->kernel_stack == b->kernel_stack && a->user_stack == b->user_stack;
}

static uint64_t offcpu_hash(const struct offcpu_row *r)
{
	uint64_t h =
		hash_mix(r->thread.start_ns, (uint64_t)r->thread.tid << 32 | r->thread.comm_gen);

	h = hash_mix(h, r->kernel_stack);
	h = hash_mix(h, r->user_stack);
	h = hash_mix(h, r->date_ns ^ (uint64_t)r->chain << 32);
	if (r->lock)
		h = hash_mix(h, r->lock);
	if (r->labels)
		h = hash_mix(h, r->labels);
	if (r->waker.flags)
		h = offcpu_hash_waker(h, &r->waker);
	return hash_mix(h, (uint64_t)r->wait.state << 32 |
				   (uint64_t)(uint16_t)r->wait.syscall << 16 | r->wait.flags);
}

static bool offcpu_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct offcpu_row *a = &((const struct offcpu *)owner)->rows[pos], *b = key;

	return a->thread.tid == b->thread.tid && a->thread.start_ns == b->thread.start_ns &&
	       a->thread.comm_gen == b->thread.comm_gen && a->kernel_stack == b->kernel_stack &&
	       a->user_stack == b->user_stack && a->date_ns == b->date_ns && a->chain == b->chain &&
	       a->lock == b->lock && a->labels == b->labels && a->wait.state == b->wait.state &&
	       a->wait.syscall == b->wait.syscall && a->wait.flags == b->wait.flags &&
	       offcpu_waker_eq(&a->waker, &b->waker);
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void offcpu_join(struct offcpu_row *to, const struct offcpu_row *row)
{
	to->cnt += row->cnt;
	to->blocked_ns += row->blocked_ns;
	to->runnable_ns += row->runnable_ns;
	to->spilled.ns += row->spilled.ns;
	to->spilled.cnt += row->spilled.cnt;
	to->max_ns = max_u64(to->max_ns, row->max_ns);
	to->max_blocked_ns = max_u64(to->max_blocked_ns, row->max_blocked_ns);
	to->max_runnable_ns = max_u64(to->max_runnable_ns, row->max_runnable_ns);
}

/*
 * What is left of a row for which there is no room: why it waited. Kernel stacks, which tell that, are few; were they
 * not, they go, too.
 */
static void offcpu_strip(const struct offcpu *o, struct offcpu_row *row)
{
	row->thread = (struct wire_thread_key){0};
	row->waker = (struct wire_waker){0};
	row->user_stack = row->lock = row->labels = row->date_ns = row->chain = 0;
	if (o->cnt >= o->max_rows + o->max_rows / 8)
		row->kernel_stack = 0;
}

/* The row like @row, HASH_INDEX_NONE if there is none; what it hashes to, or would. */
static uint32_t offcpu_find_row(const struct offcpu *o, const struct offcpu_row *row,
				uint64_t *ret_hash)
{
	*ret_hash = offcpu_hash(row);
	return hash_index__find(&o->index, *ret_hash, offcpu_eq, o, row);
}

int offcpu__add_row(struct offcpu *o, struct offcpu_row *row)
{
	uint64_t hash;
	uint32_t pos;
	int err;

	row->wait.flags &= OFFCPU_ROW_FLAGS;
	pos = offcpu_find_row(o, row, &hash);
	if (pos == HASH_INDEX_NONE && o->max_rows && o->cnt >= o->max_rows) {
		offcpu_strip(o, row);
		o->merged.ns += row->blocked_ns + row->runnable_ns;
		o->merged.cnt += row->cnt;
		pos = offcpu_find_row(o, row, &hash);
	}
	o->last_row = pos == HASH_INDEX_NONE ? (uint32_t)o->cnt : pos;
	if (pos != HASH_INDEX_NONE) {
		offcpu_join(&o->rows[pos], row);
		return 0;
	}
	err = array__grow((void **)&o->rows, &o->cap, o->cnt + 1, sizeof(*o->rows),
			  OFFCPU_MAX_ROWS);
	if (!err)
		err = hash_index__add(&o->index, hash, (uint32_t)o->cnt);
	if (!err)
		o->rows[o->cnt++] = *row;
	return err;
}

/* A wait as a row of its own. */
struct offcpu_row offcpu_row_of(const struct chain_wait *w)
{
	const struct wire_interval *iv = &w->interval;

	return (struct offcpu_row){
		.thread = iv->thread,
		.kernel_stack = iv->kernel_stack,
		.user_stack = iv->user_stack,
		.waker = w->waker,
		.lock = w->lock,
		.labels = w->labels,
		.wait = iv->wait,
		.date_ns = w->date_ns,
		.cnt = w->cnt,
		.blocked_ns = iv->wake_ns - iv->out_ns,
		.runnable_ns = iv->in_ns - iv->wake_ns,
		.max_ns = iv->in_ns - iv->out_ns,
		.max_blocked_ns = iv->wake_ns - iv->out_ns,
		.max_runnable_ns = iv->in_ns - iv->wake_ns,
	};
}

static int offcpu_keep(struct offcpu *o, const struct chain_wait *w)
{
	int err = array__grow((void **)&o->waits, &o->wait_cap, o->wait_cnt + 1, sizeof(*o->waits),
			      OFFCPU_MAX_WAITS);

	if (!err)
		o->waits[o->wait_cnt++] = *w;
	return err;
}

static int offcpu_add_interval(struct offcpu *o, const struct event *e)
{
	const struct wire_waker *waker = event__waker(e);
	const struct wire_interval *iv = e->interval;
	struct ledger_term *term = iv->wait.flags & WIRE_F_OPEN ? &o->open : &o->delivered;
	struct chain_wait w = {.interval = *iv,
			       .lock = event__lock(e),
			       .cnt = event__wait_cnt(e),
			       .labels = event__labels(e)};
	struct offcpu_row row;
	bool keep;
	int err;

	if (iv->wake_ns < iv->out_ns || iv->in_ns < iv->wake_ns)
		return error_set(-EBADMSG, "interval: its wake-up lies outside of it");
	if (iv->wait.flags & WIRE_F_FILTERED)
		return 0;
	term->ns += iv->in_ns - iv->out_ns;
	term->cnt += w.cnt;
	if (o->model && o->dated_cnt < OFFCPU_MAX_DATED)
		w.date_ns = model__date(o->model, iv);
	o->dated_cnt += w.date_ns != 0;
	if (waker)
		w.waker = *waker;
	keep = o->keep_waits && waker && o->wait_cnt < OFFCPU_MAX_WAITS;
	row = offcpu_row_of(&w);
	err = keep ? offcpu_keep(o, &w) : offcpu__add_row(o, &row);
	return err ? err : offcpu_keep_time(o, &w, keep);
}

static int offcpu_add_spill(struct offcpu *o, const struct event *e)
{
	const struct wire_waker *waker = event__waker(e);
	const struct wire_spill *rec = e->spill;
	struct offcpu_row row = {
		.thread = rec->thread,
		.kernel_stack = rec->kernel_stack,
		.user_stack = rec->user_stack,
		.wait = rec->wait,
		.lock = event__lock(e),
		.cnt = rec->cnt,
		.blocked_ns = rec->blocked_ns,
		.runnable_ns = rec->runnable_ns,
		.spilled = {.ns = rec->blocked_ns + rec->runnable_ns, .cnt = rec->cnt},
		.max_ns = rec->max_ns,
		/* the spill keeps the longest interval only: an upper bound for its parts */
		.max_blocked_ns = min_u64(rec->max_ns, rec->blocked_ns),
		.max_runnable_ns = min_u64(rec->max_ns, rec->runnable_ns),
	};

	if (waker)
		row.waker = *waker;
	o->spilled.ns += rec->blocked_ns + rec->runnable_ns;
	o->spilled.cnt += rec->cnt;
	o->untimed_cnt += rec->cnt;
	return offcpu__add_row(o, &row);
}

void offcpu__set_max(struct offcpu *o, uint64_t ns)
{
	if (o->last_row < o->cnt && o->rows[o->last_row].max_ns < ns)
		o->rows[o->last_row].max_ns = ns;
}

int offcpu__add(struct offcpu *o, const struct event *e)
{
	switch (e->h->kind) {
	case WIRE_INTERVAL:
		return offcpu_add_interval(o, e);
	case WIRE_SPILL:
		return offcpu_add_spill(o, e);
	default:
		return 0;
	}
}
