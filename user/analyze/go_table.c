/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/go_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void go_table__init(struct go_table *t)
{
	*t = (struct go_table){0};
}

void go_table__fini(struct go_table *t)
{
	free(t->rows);
	hash_index__fini(&t->index);
	*t = (struct go_table){0};
}

bool go_look__is_system(const struct go_look *look, const struct goroutine *g)
{
	return go_name_is_system(go_frames__function(look->frames, g->startpc));
}

const char *go_look__wait_reason(const struct go_look *look, const struct goroutine *g)
{
	if (g->status != GO_WAITING && g->status != GO_LEAKED)
		return "";
	return go_wait_reasons__text(&look->runtime->reasons, g->wait_reason);
}

struct go_stack_view go_look__stack(const struct go_look *look, uint32_t stack)
{
	if (!look->stacks)
		return (struct go_stack_view){0};
	return go_stacks__get(look->stacks, stack);
}

struct go_label_view go_look__labels(const struct go_look *look, const struct goroutine *g)
{
	if (!look->labels)
		return (struct go_label_view){.is_whole = true};
	return go_labels__get(look->labels, go_labels__number(look->labels, g));
}

enum go_reason go_look__reason(const struct go_look *look, const struct goroutine *g)
{
	enum go_reason reason =
		go_reason_of((enum go_status)g->status, go_look__wait_reason(look, g));

	if (reason != GO_REASON_SEMACQUIRE)
		return reason;
	return go_reason_by_stack(look->frames, go_look__stack(look, g->stack));
}

enum go_reason go_look__reason_of_many(const struct go_look *look, const struct goroutine *g,
				       struct go_reason_memo *memo)
{
	uint8_t *text = &memo->texts[g->wait_reason];
	size_t slot = g->stack % ARRAY_SIZE(memo->stacks);

	if (g->status != GO_WAITING && g->status != GO_LEAKED)
		return go_look__reason(look, g);
	if (!*text)
		*text = (uint8_t)(go_reason_of((enum go_status)g->status,
					       go_look__wait_reason(look, g)) +
				  1);
	if (*text - 1 != GO_REASON_SEMACQUIRE || g->stack == GO_STACK_NONE)
		return (enum go_reason)(*text - 1);
	if (memo->stacks[slot].stack != g->stack + 1) {
		memo->stacks[slot].stack = g->stack + 1;
		memo->stacks[slot].reason = go_look__reason(look, g);
	}
	return memo->stacks[slot].reason;
}

static int go_compare_goids(const void *a, const void *b)
{
	const struct goroutine *x = *(const struct goroutine *const *)a;
	const struct goroutine *y = *(const struct goroutine *const *)b;

	return (x->goid > y->goid) - (x->goid < y->goid);
}

const struct goroutine **go_look__sort(const struct go_look *look)
{
	size_t cnt = look->all->cnt;
	const struct goroutine **sorted = calloc(cnt + 1, sizeof(*sorted));

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < cnt; i++)
		sorted[i] = &look->all->items[i];
	qsort(sorted, cnt, sizeof(*sorted), go_compare_goids);
	return sorted;
}

/* ---- rows ---- */

static uint64_t go_row_hash(const struct go_row *r)
{
	uint64_t hash = hash_mix((uint64_t)r->status, (uint64_t)(uintptr_t)r->wait_reason);

	hash = hash_mix(hash_mix(hash, r->gopc), r->startpc);
	if (r->label)
		hash = hash_mix(hash, hash_bytes(r->label, strlen(r->label)));
	return hash_mix(hash, ((uint64_t)r->reason << 32) | r->stack);
}

/* Rows without the label after those with it. */
static int go_row_compare_labels(const struct go_row *a, const struct go_row *b)
{
	if (!a->label || !b->label)
		return !a->label - !b->label;
	return strcmp(a->label, b->label);
}

static bool go_row_equals(const void *owner, uint32_t pos, const void *key)
{
	const struct go_row *a = &((const struct go_table *)owner)->rows[pos], *b = key;

	return a->status == b->status && a->wait_reason == b->wait_reason && a->gopc == b->gopc &&
	       a->startpc == b->startpc && a->stack == b->stack && a->reason == b->reason &&
	       !go_row_compare_labels(a, b);
}

static int go_table_get(struct go_table *t, const struct go_row *key, uint32_t *ret)
{
	uint64_t hash = go_row_hash(key);
	uint32_t found = hash_index__find(&t->index, hash, go_row_equals, t, key);
	int err = 0;

	if (found == HASH_INDEX_NONE) {
		err = array__grow((void **)&t->rows, &t->cap, t->cnt + 1, sizeof(*t->rows),
				  GO_MAX_GOROUTINES);
		if (!err)
			err = hash_index__add(&t->index, hash, (uint32_t)t->cnt);
		if (err)
			return err;
		found = (uint32_t)t->cnt++;
		t->rows[found] = *key;
	}
	*ret = found;
	return 0;
}

static const char *go_table_label(const struct go_table *t, const struct go_look *look,
				  const struct goroutine *g)
{
	struct go_label_view labels = {0};

	if (t->by_label)
		labels = go_look__labels(look, g);
	return labels.cnt ? go_label_view__value(&labels, t->by_label) : NULL;
}

static int go_table_find(struct go_table *t, const struct go_look *look, const struct goroutine *g,
			 bool by_stack, uint32_t *ret)
{
	struct go_row key = {
		.status = (enum go_status)g->status,
		.wait_reason = go_look__wait_reason(look, g),
		.gopc = g->gopc,
		.startpc = g->startpc,
		.stack = by_stack ? g->stack : GO_STACK_NONE,
		.reason = go_look__reason_of_many(look, g, &t->memo),
		.label = go_table_label(t, look, g),
	};

	return go_table_get(t, &key, ret);
}

static void go_table_count(struct go_table *t, const struct go_look *look,
			   const struct goroutine *g, struct go_row *row)
{
	uint64_t age_ns = look->all->now_ns - g->since_ns;

	row->cnt++;
	if (age_ns >= row->oldest_ns) {
		row->oldest_is_bound =
			g->since_first || (age_ns == row->oldest_ns && row->oldest_is_bound);
		row->oldest_ns = age_ns;
	}
	t->by_status[g->status]++;
	t->shown_cnt++;
}

/* What rows are told apart by, or their reason: the stack counts even if rows aren't by it. Labels are left out. */
static bool go_row_memo_equals(const struct go_row_memo *m, const struct goroutine *g)
{
	return m->is_set && m->gopc == g->gopc && m->startpc == g->startpc &&
	       m->stack == g->stack && m->status == g->status && m->wait_reason == g->wait_reason;
}

static int go_table_add(struct go_table *t, const struct go_look *look, const struct goroutine *g,
			bool system, bool by_stack)
{
	uint64_t hash = hash_mix(g->gopc ^ g->startpc, ((uint64_t)g->stack << 16) | g->wait_reason);
	struct go_row_memo *m = &t->recent[hash % ARRAY_SIZE(t->recent)];
	int err = 0;

	if (t->by_label || !go_row_memo_equals(m, g)) {
		*m = (struct go_row_memo){
			.gopc = g->gopc,
			.startpc = g->startpc,
			.stack = g->stack,
			.status = g->status,
			.wait_reason = g->wait_reason,
			.is_set = true,
			.is_system = !system && go_look__is_system(look, g),
		};
		if (!m->is_system)
			err = go_table_find(t, look, g, by_stack, &m->row);
	}
	if (m->is_system)
		t->system_cnt++;
	else if (!err)
		go_table_count(t, look, g, &t->rows[m->row]);
	return err;
}

/* By what is the same in each look at the same program, so that equal counts don't jump. */
static int go_row_compare(const void *a, const void *b)
{
	const struct go_row *x = a, *y = b;
	int order;

	if (x->cnt != y->cnt)
		return x->cnt < y->cnt ? 1 : -1;
	order = strcmp(x->wait_reason, y->wait_reason);
	if (order || x->status != y->status)
		return order ? order : (int)x->status - (int)y->status;
	order = go_row_compare_labels(x, y);
	if (order)
		return order;
	if (x->gopc != y->gopc)
		return x->gopc > y->gopc ? 1 : -1;
	if (x->startpc != y->startpc)
		return x->startpc > y->startpc ? 1 : -1;
	return (x->stack > y->stack) - (x->stack < y->stack);
}

int go_table__fill(struct go_table *t, const struct go_look *look, bool system, bool by_stack)
{
	int err = 0;

	t->cnt = 0;
	t->shown_cnt = t->system_cnt = 0;
	memset(t->by_status, 0, sizeof(t->by_status));
	memset(&t->memo, 0, sizeof(t->memo));
	memset(t->recent, 0, sizeof(t->recent));
	hash_index__clear(&t->index);
	for (size_t i = 0; !err && i < look->all->cnt; i++)
		err = go_table_add(t, look, &look->all->items[i], system, by_stack);
	if (t->cnt)
		qsort(t->rows, t->cnt, sizeof(*t->rows), go_row_compare);
	return err;
}
