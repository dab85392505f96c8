/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/go_waits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"

void go_waits__init(struct go_waits *w, const struct go_runtime *runtime, struct go_frames *frames,
		    bool system, bool by_stack)
{
	*w = (struct go_waits){
		.runtime = runtime,
		.frames = frames,
		.system = system,
		.by_stack = by_stack,
	};
}

void go_waits__fini(struct go_waits *w)
{
	for (size_t i = 0; i < w->cnt; i++) {
		histogram__fini(&w->rows[i].blocked);
		histogram__fini(&w->rows[i].delay);
	}
	free(w->rows);
	hash_index__fini(&w->index);
	*w = (struct go_waits){0};
}

static uint64_t go_waits_hash(const struct go_waits_row *r)
{
	uint64_t hash = hash_mix((uint64_t)(uintptr_t)r->wait_reason, r->gopc);

	return hash_mix(hash_mix(hash, r->startpc), ((uint64_t)r->reason << 32) | r->stack);
}

static bool go_waits_equals(const void *owner, uint32_t pos, const void *key)
{
	const struct go_waits_row *a = &((const struct go_waits *)owner)->rows[pos], *b = key;

	return a->wait_reason == b->wait_reason && a->gopc == b->gopc && a->startpc == b->startpc &&
	       a->reason == b->reason && a->stack == b->stack;
}

static int go_waits_get(struct go_waits *w, const struct go_waits_row *key,
			struct go_waits_row **ret)
{
	uint64_t hash = go_waits_hash(key);
	uint32_t found = hash_index__find(&w->index, hash, go_waits_equals, w, key);
	int err = 0;

	if (found == HASH_INDEX_NONE) {
		err = array__grow((void **)&w->rows, &w->cap, w->cnt + 1, sizeof(*w->rows),
				  GO_WAITS_MAX_ROWS);
		if (!err)
			err = hash_index__add(&w->index, hash, (uint32_t)w->cnt);
		if (err)
			return err;
		found = (uint32_t)w->cnt++;
		w->rows[found] = *key;
	}
	*ret = &w->rows[found];
	return 0;
}

/* Names along a stack decide which kind of lock it is: not for every wait anew. */
static enum go_reason go_waits_reason(struct go_waits *w, const struct go_wait *wait,
				      const char *text, struct go_stack_view stack)
{
	enum go_reason reason = go_reason_of(GO_WAITING, text);
	size_t slot = wait->stack % ARRAY_SIZE(w->memo);

	if (reason != GO_REASON_SEMACQUIRE || wait->stack == GO_STACK_NONE)
		return reason;
	if (w->memo[slot].stack != wait->stack + 1) {
		w->memo[slot].stack = wait->stack + 1;
		w->memo[slot].reason = go_reason_by_stack(w->frames, stack);
	}
	return w->memo[slot].reason;
}

static int go_waits_count(struct go_waits_row *row, const struct go_wait *wait)
{
	bool known = wait->ready_ns >= wait->park_ns && wait->ready_ns <= wait->run_ns;
	uint64_t end_ns = known ? wait->ready_ns : wait->run_ns;
	int err = histogram__record(&row->blocked, end_ns - wait->park_ns);

	if (!err && known)
		err = histogram__record(&row->delay, wait->run_ns - wait->ready_ns);
	if (err)
		return err;
	row->cnt++;
	row->total_ns += wait->run_ns - wait->park_ns;
	return 0;
}

int go_waits__add(struct go_waits *w, const struct go_wait *wait, struct go_stack_view stack)
{
	const char *text = go_wait_reasons__text(&w->runtime->reasons, wait->reason);
	struct go_waits_row *row, key = {
					  .wait_reason = text,
					  .gopc = wait->gopc,
					  .startpc = wait->startpc,
					  .stack = w->by_stack ? wait->stack : GO_STACK_NONE,
				  };
	int err;

	if (wait->run_ns < wait->park_ns)
		return 0;
	if (!w->system && go_name_is_system(go_frames__function(w->frames, wait->startpc))) {
		w->system_cnt++;
		return 0;
	}
	key.reason = go_waits_reason(w, wait, text, stack);
	err = go_waits_get(w, &key, &row);
	if (err == -E2BIG) {
		w->unkept_cnt++;
		return 0;
	}
	if (!err)
		err = go_waits_count(row, wait);
	if (!err)
		w->wait_cnt++;
	return err;
}

/* By what is the same in each run of the same program, where totals are equal. */
static int go_waits_compare(const void *a, const void *b)
{
	const struct go_waits_row *x = a, *y = b;
	int order;

	if (x->total_ns != y->total_ns)
		return x->total_ns < y->total_ns ? 1 : -1;
	order = strcmp(x->wait_reason, y->wait_reason);
	if (order)
		return order;
	if (x->gopc != y->gopc)
		return x->gopc > y->gopc ? 1 : -1;
	if (x->startpc != y->startpc)
		return x->startpc > y->startpc ? 1 : -1;
	return (x->stack > y->stack) - (x->stack < y->stack);
}

void go_waits__sort(struct go_waits *w)
{
	if (w->cnt)
		qsort(w->rows, w->cnt, sizeof(*w->rows), go_waits_compare);
}
