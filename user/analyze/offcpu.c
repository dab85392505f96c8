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
	hash_index__fini(&o->index);
	memset(o, 0, sizeof(*o));
}

static uint64_t offcpu_hash(const struct offcpu_row *r)
{
	uint64_t h =
		hash_mix(r->thread.start_ns, (uint64_t)r->thread.tid << 32 | r->thread.comm_gen);

	h = hash_mix(h, r->kernel_stack);
	h = hash_mix(h, r->user_stack);
	return hash_mix(h, (uint64_t)r->wait.state << 32 |
				   (uint64_t)(uint16_t)r->wait.syscall << 16 | r->wait.flags);
}

static bool offcpu_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct offcpu_row *a = &((const struct offcpu *)owner)->rows[pos], *b = key;

	return a->thread.tid == b->thread.tid && a->thread.start_ns == b->thread.start_ns &&
	       a->thread.comm_gen == b->thread.comm_gen && a->kernel_stack == b->kernel_stack &&
	       a->user_stack == b->user_stack && a->wait.state == b->wait.state &&
	       a->wait.syscall == b->wait.syscall && a->wait.flags == b->wait.flags;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int offcpu_add_row(struct offcpu *o, struct offcpu_row *row)
{
	uint64_t hash;
	uint32_t pos;
	int err;

	row->wait.flags &= OFFCPU_ROW_FLAGS;
	hash = offcpu_hash(row);
	pos = hash_index__find(&o->index, hash, offcpu_eq, o, row);
	if (pos != HASH_INDEX_NONE) {
		struct offcpu_row *to = &o->rows[pos];

		to->cnt += row->cnt;
		to->blocked_ns += row->blocked_ns;
		to->runnable_ns += row->runnable_ns;
		to->spilled.ns += row->spilled.ns;
		to->spilled.cnt += row->spilled.cnt;
		to->max_ns = max_u64(to->max_ns, row->max_ns);
		to->max_blocked_ns = max_u64(to->max_blocked_ns, row->max_blocked_ns);
		to->max_runnable_ns = max_u64(to->max_runnable_ns, row->max_runnable_ns);
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

static int offcpu_add_interval(struct offcpu *o, const struct wire_interval *iv)
{
	uint64_t length = iv->in_ns - iv->out_ns;
	struct ledger_term *term = iv->wait.flags & WIRE_F_OPEN ? &o->open : &o->delivered;
	struct offcpu_row row = {
		.thread = iv->thread,
		.kernel_stack = iv->kernel_stack,
		.user_stack = iv->user_stack,
		.wait = iv->wait,
		.cnt = 1,
		.blocked_ns = iv->wake_ns - iv->out_ns,
		.runnable_ns = iv->in_ns - iv->wake_ns,
		.max_ns = length,
		.max_blocked_ns = iv->wake_ns - iv->out_ns,
		.max_runnable_ns = iv->in_ns - iv->wake_ns,
	};

	if (iv->wake_ns < iv->out_ns || iv->in_ns < iv->wake_ns)
		return error_set(-EBADMSG, "interval: its wake-up lies outside of it");
	if (iv->wait.flags & WIRE_F_FILTERED)
		return 0;
	term->ns += length;
	term->cnt++;
	return offcpu_add_row(o, &row);
}

static int offcpu_add_spill(struct offcpu *o, const struct wire_spill *rec)
{
	struct offcpu_row row = {
		.thread = rec->thread,
		.kernel_stack = rec->kernel_stack,
		.user_stack = rec->user_stack,
		.wait = rec->wait,
		.cnt = rec->cnt,
		.blocked_ns = rec->blocked_ns,
		.runnable_ns = rec->runnable_ns,
		.spilled = {.ns = rec->blocked_ns + rec->runnable_ns, .cnt = rec->cnt},
		.max_ns = rec->max_ns,
		/* the spill keeps the longest interval only: an upper bound for its parts */
		.max_blocked_ns = min_u64(rec->max_ns, rec->blocked_ns),
		.max_runnable_ns = min_u64(rec->max_ns, rec->runnable_ns),
	};

	o->spilled.ns += rec->blocked_ns + rec->runnable_ns;
	o->spilled.cnt += rec->cnt;
	return offcpu_add_row(o, &row);
}

int offcpu__add(struct offcpu *o, const struct event *e)
{
	switch (e->h->kind) {
	case WIRE_INTERVAL:
		return offcpu_add_interval(o, e->interval);
	case WIRE_SPILL:
		return offcpu_add_spill(o, e->spill);
	default:
		return 0;
	}
}
