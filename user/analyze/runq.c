/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/runq.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"

void runq_table__init(struct runq_table *t)
{
	memset(t, 0, sizeof(*t));
	hash_index__init(&t->index);
	hash_index__init(&t->ran_index);
}

void runq_table__clear(struct runq_table *t)
{
	for (size_t i = 0; i < t->cnt; i++)
		histogram__fini(&t->rows[i].waits);
	t->cnt = 0;
	t->ran_cnt = 0;
	t->sum_cnt = 0;
	free(t->sums);
	t->sums = NULL;
	hash_index__clear(&t->index);
	hash_index__clear(&t->ran_index);
}

void runq_table__fini(struct runq_table *t)
{
	runq_table__clear(t);
	hash_index__fini(&t->index);
	hash_index__fini(&t->ran_index);
	free(t->rows);
	free(t->rans);
}

/* ---- adding ---- */

static bool runq_row_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct runq_table *t = owner;

	return !memcmp(&t->rows[pos].who, key, sizeof(struct runq_who));
}

static bool runq_ran_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct runq_table *t = owner;

	return !memcmp(&t->rans[pos].key, key, sizeof(struct runq_turn_key));
}

/* The row of @who, made if it is new. NULL + errno. */
static struct runq_row *runq_table_row(struct runq_table *t, const struct runq_who *who)
{
	uint64_t hash = hash_bytes(who, sizeof(*who));
	uint32_t pos = hash_index__find(&t->index, hash, runq_row_eq, t, who);
	int err = 0;

	if (pos != HASH_INDEX_NONE)
		return &t->rows[pos];
	err = array__grow((void **)&t->rows, &t->cap, t->cnt + 1, sizeof(*t->rows), RUNQ_MAX_ROWS);
	if (!err)
		err = hash_index__add(&t->index, hash, (uint32_t)t->cnt);
	if (err) {
		errno = -err;
		return NULL;
	}
	memset(&t->rows[t->cnt], 0, sizeof(*t->rows));
	t->rows[t->cnt].who = *who;
	return &t->rows[t->cnt++];
}

static struct runq_ran *runq_table_ran(struct runq_table *t, const struct runq_turn_key *key)
{
	uint64_t hash = hash_bytes(key, sizeof(*key));
	uint32_t pos = hash_index__find(&t->ran_index, hash, runq_ran_eq, t, key);
	int err = 0;

	if (pos != HASH_INDEX_NONE)
		return &t->rans[pos];
	err = array__grow((void **)&t->rans, &t->ran_cap, t->ran_cnt + 1, sizeof(*t->rans),
			  RUNQ_MAX_TURNS);
	if (!err)
		err = hash_index__add(&t->ran_index, hash, (uint32_t)t->ran_cnt);
	if (err) {
		errno = -err;
		return NULL;
	}
	memset(&t->rans[t->ran_cnt], 0, sizeof(*t->rans));
	t->rans[t->ran_cnt].key = *key;
	return &t->rans[t->ran_cnt++];
}

int runq_table__add_cell(struct runq_table *t, const struct runq_cell_key *key,
			 const struct runq_cell *cell)
{
	struct runq_row *row = runq_table_row(t, &key->who);
	int err;

	if (!row)
		return -errno;
	if (cell->last_ns >= row->last_ns) {
		memcpy(row->comm, cell->comm, sizeof(row->comm));
		row->last_ns = cell->last_ns;
	}
	t->wait_cnt += cell->cnt;
	t->wait_ns += cell->ns;
	if (key->bucket == RUNQ_BUCKET_OPEN) {
		row->open_cnt += cell->cnt;
		row->open_ns += cell->ns;
		return 0;
	}
	err = histogram__add(&row->waits, key->bucket, cell->cnt);
	histogram__raise_max(&row->waits, cell->max_ns);
	row->ns += cell->ns;
	return err;
}

static void runq_turn_add(struct runq_turn *to, const struct runq_turn *turn)
{
	to->ns += turn->ns;
	to->cnt += turn->cnt;
	to->preempt_cnt += turn->preempt_cnt;
	if (turn->last_ns >= to->last_ns) {
		memcpy(to->comm, turn->comm, sizeof(to->comm));
		to->last_ns = turn->last_ns;
	}
}

int runq_table__add_turn(struct runq_table *t, const struct runq_turn_key *key,
			 const struct runq_turn *turn)
{
	struct runq_row *row = runq_table_row(t, &key->who);
	struct runq_ran *ran = row ? runq_table_ran(t, key) : NULL;

	if (!ran)
		return -errno;
	runq_turn_add(&ran->sum, turn);
	row->ran_ns += turn->ns;
	t->ran_ns += turn->ns;
	return 0;
}

/* ---- order ---- */

static int runq_who_cmp(const struct runq_who *a, const struct runq_who *b)
{
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

static int runq_row_cmp(const void *left, const void *right)
{
	const struct runq_row *a = left, *b = right;
	uint64_t a_ns = a->ns + a->open_ns, b_ns = b->ns + b->open_ns;

	if (a_ns != b_ns)
		return a_ns < b_ns ? 1 : -1;
	return runq_who_cmp(&a->who, &b->who);
}

static int runq_ran_cmp(const void *left, const void *right)
{
	const struct runq_ran *a = left, *b = right;
	int cmp = runq_who_cmp(&a->key.who, &b->key.who);

	if (cmp)
		return cmp;
	if (a->sum.ns != b->sum.ns)
		return a->sum.ns < b->sum.ns ? 1 : -1;
	return runq_who_cmp(&a->key.ran, &b->key.ran);
}

/* Where the row is, before the rows are sorted. */
static struct runq_row *runq_table_find(struct runq_table *t, const struct runq_who *who)
{
	uint32_t pos =
		hash_index__find(&t->index, hash_bytes(who, sizeof(*who)), runq_row_eq, t, who);

	return pos == HASH_INDEX_NONE ? NULL : &t->rows[pos];
}

static int runq_same_ran_cmp(const void *left, const void *right)
{
	const struct runq_ran *a = left, *b = right;

	return runq_who_cmp(&a->key.ran, &b->key.ran);
}

static int runq_sum_cmp(const void *left, const void *right)
{
	const struct runq_ran *a = left, *b = right;

	if (a->sum.ns != b->sum.ns)
		return a->sum.ns < b->sum.ns ? 1 : -1;
	return runq_who_cmp(&a->key.ran, &b->key.ran);
}

/* Those who ran, whoever waited. */
static int runq_table_sum(struct runq_table *t)
{
	struct runq_ran *sums = calloc(t->ran_cnt + 1, sizeof(*sums));
	size_t cnt = 0;

	if (!sums)
		return -ENOMEM;
	if (t->ran_cnt)
		memcpy(sums, t->rans, t->ran_cnt * sizeof(*sums));
	qsort(sums, t->ran_cnt, sizeof(*sums), runq_same_ran_cmp);
	for (size_t i = 0; i < t->ran_cnt; i++) {
		if (cnt && !runq_same_ran_cmp(&sums[cnt - 1], &sums[i]))
			runq_turn_add(&sums[cnt - 1].sum, &sums[i].sum);
		else
			sums[cnt++] = sums[i];
	}
	qsort(sums, cnt, sizeof(*sums), runq_sum_cmp);
	free(t->sums);
	t->sums = sums;
	t->sum_cnt = cnt;
	return 0;
}

int runq_table__sort(struct runq_table *t)
{
	if (t->ran_cnt)
		qsort(t->rans, t->ran_cnt, sizeof(*t->rans), runq_ran_cmp);
	for (size_t i = 0; i < t->ran_cnt; i++) {
		struct runq_row *row = runq_table_find(t, &t->rans[i].key.who);

		if (!row)
			continue;
		if (!row->ran_cnt)
			row->first_ran = i;
		row->ran_cnt++;
	}
	if (t->rows)
		qsort(t->rows, t->cnt, sizeof(*t->rows), runq_row_cmp);
	return runq_table_sum(t);
}

/* ---- words ---- */

const char *runq_by_name(unsigned int by)
{
	static const char *const names[RUNQ_BY_CNT] = {
		[RUNQ_BY_PROCESS] = "process",
		[RUNQ_BY_THREAD] = "thread",
		[RUNQ_BY_CPU] = "cpu",
		[RUNQ_BY_CLASS] = "class",
	};

	return by < ARRAY_SIZE(names) ? names[by] : NULL;
}

const char *runq_class_name(unsigned int policy)
{
	switch (policy) {
#define X(number, name) \
	case number:    \
		return name;
		RUNQ_CLASSES(X)
#undef X
	default:
		return NULL;
	}
}
