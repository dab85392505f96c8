/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"

#define TIMELINE_KINDS (TIMELINE_RUNNABLE + 1)

_Static_assert(TIMELINE_KINDS *TIMELINE_LEVELS < 256, "a cell is one byte");

/* A thread, while rows are chosen. */
struct candidate {
	uint64_t busy_ns, idle_ns; /* waited for something, and for something to do */
	uint32_t thread;
	uint32_t first, cnt; /* of its waits, in the order by thread */
};

/* The making of a timeline. */
struct drawing {
	const struct profile *p;
	struct candidate *threads;
	uint32_t *waits; /* positions, by thread */
	uint64_t column_ns;
	uint64_t sums[TIMELINE_COLUMNS][TIMELINE_KINDS]; /* of the thread at hand */
};

static uint32_t wait_thread(const struct profile *p, const struct profile_wait *w)
{
	return p->samples[w->sample].thread;
}

static unsigned int wait_reason(const struct profile *p, const struct profile_wait *w)
{
	uint8_t reason = p->samples[w->sample].reason;

	return reason < REASON_CNT ? reason : REASON_OTHER;
}

/* ---- which threads ---- */

static void add_to_candidate(struct candidate *c, const struct profile *p,
			     const struct profile_wait *w)
{
	bool idle = REASON_IDLE_MASK & 1u << wait_reason(p, w);

	*(idle ? &c->idle_ns : &c->busy_ns) += w->wake_ns - w->from_ns;
	c->busy_ns += w->to_ns - w->wake_ns;
	c->cnt++;
}

static void sort_by_thread(struct drawing *d)
{
	const struct profile *p = d->p;
	uint32_t at = 0;

	for (size_t i = 0; i < p->thread_cnt; i++) {
		d->threads[i].first = at;
		at += d->threads[i].cnt;
		d->threads[i].cnt = 0;
	}
	for (size_t i = 0; i < p->wait_cnt; i++) {
		uint32_t thread = wait_thread(p, &p->waits[i]);

		if (thread < p->thread_cnt) {
			struct candidate *c = &d->threads[thread];

			d->waits[c->first + c->cnt++] = (uint32_t)i;
		}
	}
}

static int most_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->busy_ns != y->busy_ns)
		return x->busy_ns > y->busy_ns ? -1 : 1;
	if (x->idle_ns != y->idle_ns)
		return x->idle_ns > y->idle_ns ? -1 : 1;
	return x->thread < y->thread ? -1 : 1;
}

static int by_thread(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

/* The candidates that get a row come first, in the order of threads. */
static size_t choose(struct drawing *d, size_t *ret_left_out)
{
	size_t cnt = 0;

	for (size_t i = 0; i < d->p->thread_cnt; i++)
		if (d->threads[i].cnt)
			d->threads[cnt++] = d->threads[i];
	qsort(d->threads, cnt, sizeof(*d->threads), most_first);
	*ret_left_out = cnt > TIMELINE_MAX_ROWS ? cnt - TIMELINE_MAX_ROWS : 0;
	cnt -= *ret_left_out;
	qsort(d->threads, cnt, sizeof(*d->threads), by_thread);
	return cnt;
}

/* ---- cells ---- */

static void add_span(struct drawing *d, uint64_t from_ns, uint64_t to_ns, unsigned int kind)
{
	while (from_ns < to_ns) {
		uint64_t column = from_ns / d->column_ns, end_ns = to_ns;

		if (column >= TIMELINE_COLUMNS)
			return;
		/* What is in the last one ends in it; its own end may be beyond what 64 bits hold. */
		if (column + 1 < TIMELINE_COLUMNS && end_ns > (column + 1) * d->column_ns)
			end_ns = (column + 1) * d->column_ns;
		d->sums[column][kind] += end_ns - from_ns;
		from_ns = end_ns;
	}
}

static uint8_t cell_of(const uint64_t *sums, uint64_t column_ns)
{
	uint64_t all = 0, level;
	unsigned int most = 0;

	for (unsigned int kind = 0; kind < TIMELINE_KINDS; kind++) {
		all += sums[kind];
		if (sums[kind] > sums[most])
			most = kind;
	}
	if (!all)
		return 0;
	level = (all * TIMELINE_LEVELS - 1) / column_ns;
	return (uint8_t)(1 + most * TIMELINE_LEVELS +
			 (level < TIMELINE_LEVELS ? level : TIMELINE_LEVELS - 1));
}

static void draw_row(struct drawing *d, const struct candidate *c, struct timeline_row *row)
{
	memset(d->sums, 0, sizeof(d->sums));
	row->thread = c->thread;
	for (uint32_t i = 0; i < c->cnt; i++) {
		const struct profile_wait *w = &d->p->waits[d->waits[c->first + i]];

		add_span(d, w->from_ns, w->wake_ns, wait_reason(d->p, w));
		add_span(d, w->wake_ns, w->to_ns, TIMELINE_RUNNABLE);
	}
	for (size_t i = 0; i < TIMELINE_COLUMNS; i++)
		row->cells[i] = cell_of(d->sums[i], d->column_ns);
}

static uint64_t span_of(const struct profile *p)
{
	uint64_t ns = p->window_ns;

	for (size_t i = 0; i < p->wait_cnt; i++)
		if (p->waits[i].to_ns > ns)
			ns = p->waits[i].to_ns;
	return ns;
}

static int draw(struct drawing *d, struct timeline *t)
{
	const struct profile *p = d->p;
	size_t cnt;

	d->threads = calloc(p->thread_cnt + 1, sizeof(*d->threads));
	d->waits = calloc(p->wait_cnt, sizeof(*d->waits));
	if (!d->threads || !d->waits)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->thread_cnt; i++)
		d->threads[i].thread = i;
	for (size_t i = 0; i < p->wait_cnt; i++) {
		uint32_t thread = wait_thread(p, &p->waits[i]);

		if (thread < p->thread_cnt)
			add_to_candidate(&d->threads[thread], p, &p->waits[i]);
	}
	sort_by_thread(d);
	cnt = choose(d, &t->left_out_cnt);
	t->span_ns = span_of(p);
	d->column_ns = t->span_ns / TIMELINE_COLUMNS + 1;
	t->rows = calloc(cnt + 1, sizeof(*t->rows));
	if (!t->rows)
		return -ENOMEM;
	for (; t->row_cnt < cnt; t->row_cnt++)
		draw_row(d, &d->threads[t->row_cnt], &t->rows[t->row_cnt]);
	return 0;
}

int timeline__init(struct timeline *t, const struct profile *p)
{
	struct drawing *d;
	int err;

	memset(t, 0, sizeof(*t));
	if (!p->wait_cnt)
		return 0;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->p = p;
	err = draw(d, t);
	free(d->threads);
	free(d->waits);
	free(d);
	return err;
}

void timeline__fini(struct timeline *t)
{
	free(t->rows);
	memset(t, 0, sizeof(*t));
}
