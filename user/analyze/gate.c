/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/gate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "base/hash.h"

#define GATE_MAX_WAITS (1u << 28)

int gate_side__init(struct gate_side *s, uint64_t begin_ns, uint64_t end_ns, uint32_t slice_cnt)
{
	*s = (struct gate_side){.slice_cnt = slice_cnt, .begin_ns = begin_ns, .end_ns = end_ns};
	if (slice_cnt < GATE_MIN_SLICES || slice_cnt > GATE_MAX_SLICES || end_ns <= begin_ns ||
	    end_ns - begin_ns < slice_cnt)
		return -EINVAL;
	s->slice_ns = calloc(slice_cnt, sizeof(*s->slice_ns));
	s->slice_cnts = calloc(slice_cnt, sizeof(*s->slice_cnts));
	if (s->slice_ns && s->slice_cnts)
		return 0;
	gate_side__fini(s);
	return -ENOMEM;
}

void gate_side__fini(struct gate_side *s)
{
	free(s->waits);
	free(s->slice_ns);
	free(s->slice_cnts);
	*s = (struct gate_side){.slice_cnt = 0};
}

/* ---- waits ---- */

/* Where slice @i begins. */
static uint64_t gate_edge(const struct gate_side *s, uint32_t i)
{
	return s->begin_ns +
	       (uint64_t)((unsigned __int128)(s->end_ns - s->begin_ns) * i / s->slice_cnt);
}

/* The slice that @ns, inside of the window, is in. */
static uint32_t gate_slice(const struct gate_side *s, uint64_t ns)
{
	uint32_t i = (uint32_t)((unsigned __int128)(ns - s->begin_ns) * s->slice_cnt /
				(s->end_ns - s->begin_ns));

	if (i >= s->slice_cnt)
		i = s->slice_cnt - 1;
	/* Edges are cut off to whole nanoseconds. */
	while (i + 1 < s->slice_cnt && gate_edge(s, i + 1) <= ns)
		i++;
	return i;
}

static int gate_add_length(struct gate_side *s, uint32_t slice, uint64_t ns, uint32_t cnt)
{
	int err = array__grow((void **)&s->waits, &s->wait_cap, s->wait_cnt + 1, sizeof(*s->waits),
			      GATE_MAX_WAITS);

	if (err)
		return err;
	s->waits[s->wait_cnt++] = (struct gate_wait){.ns = ns, .slice = slice, .cnt = cnt};
	s->slice_cnts[slice] += cnt;
	s->cnt += cnt;
	return 0;
}

int gate_side__add(struct gate_side *s, uint64_t from_ns, uint64_t to_ns, bool ended)
{
	uint64_t from = from_ns > s->begin_ns ? from_ns : s->begin_ns;
	uint64_t to = to_ns < s->end_ns ? to_ns : s->end_ns;
	uint32_t slice;

	if (from >= to)
		return 0;
	for (uint32_t i = gate_slice(s, from); i < s->slice_cnt && from < to; i++) {
		uint64_t edge = gate_edge(s, i + 1), stop = to < edge ? to : edge;

		s->slice_ns[i] += stop - from;
		from = stop;
	}
	if (!ended || to_ns > s->end_ns)
		return 0;
	slice = gate_slice(s, to_ns);
	return gate_add_length(s, slice, to_ns - from_ns, 1);
}

int gate_side__add_sum(struct gate_side *s, uint64_t at_ns, uint64_t ns, uint32_t cnt)
{
	uint64_t at = at_ns < s->begin_ns ? s->begin_ns : at_ns > s->end_ns ? s->end_ns : at_ns;
	uint32_t slice = gate_slice(s, at);

	if (!cnt)
		return 0;
	s->slice_ns[slice] += ns;
	return gate_add_length(s, slice, ns / cnt, cnt);
}

uint32_t gate_side__used(const struct gate_side *s)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < s->slice_cnt; i++)
		used += s->slice_cnts[i] != 0;
	return used;
}

/* ---- numbers of a run, with each slice taken so many times ---- */

static int gate_compare_waits(const void *a, const void *b)
{
	const struct gate_wait *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	return x->slice < y->slice ? -1 : x->slice > y->slice;
}

static int gate_compare_draws(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void gate_sort(struct gate_side *s)
{
	if (s->wait_cnt)
		qsort(s->waits, s->wait_cnt, sizeof(*s->waits), gate_compare_waits);
}

/* The nearest rank, from the longest down: one in a hundred is longer. */
static double gate_p99(const struct gate_side *s, const uint32_t *times)
{
	uint64_t cnt = 0, above = 0, longer;

	for (uint32_t i = 0; i < s->slice_cnt; i++)
		cnt += times[i] * s->slice_cnts[i];
	longer = cnt / 100;
	for (size_t i = 0; i < s->wait_cnt; i++) {
		above += (uint64_t)times[s->waits[i].slice] * s->waits[i].cnt;
		if (above > longer)
			return (double)s->waits[i].ns;
	}
	return 0;
}

static double gate_total(const struct gate_side *s, const uint32_t *times)
{
	double ns = 0, window_s = (double)(s->end_ns - s->begin_ns) / 1e9;

	for (uint32_t i = 0; i < s->slice_cnt; i++)
		ns += (double)times[i] * (double)s->slice_ns[i];
	return ns / window_s;
}

static double gate_number(const struct gate_side *s, enum gate_metric metric, const uint32_t *times)
{
	return metric == GATE_P99 ? gate_p99(s, times) : gate_total(s, times);
}

/* ---- chance ---- */

struct gate_random {
	uint64_t state;
};

/* SplitMix64: a counter, mixed. */
static uint32_t gate_below(struct gate_random *r, uint32_t limit)
{
	r->state += 0x9e3779b97f4a7c15ull;
	return (uint32_t)((hash_u64(r->state) >> 32) * limit >> 32);
}

static void gate_draw(struct gate_random *r, uint32_t *times, uint32_t cnt)
{
	memset(times, 0, cnt * sizeof(*times));
	for (uint32_t i = 0; i < cnt; i++)
		times[gate_below(r, cnt)]++;
}

/* Student's t, two-sided 95 %, for @df >= 9: the series of Abramowitz and Stegun, 26.7.5; off by less than 0.001. */
static double gate_t95(double df)
{
	double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;

	return z + (z3 + z) / (4 * df) + (5 * z5 + 16 * z3 + 3 * z) / (96 * df * df) +
	       (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * df * df * df);
}

/* Draws of log(new / base), sorted, to @draws. How many there are: some may lack one of them. */
static int gate_draws(const struct gate_side *base, const struct gate_side *new,
		      enum gate_metric metric, uint32_t *times, double *draws)
{
	struct gate_random random = {.state = 1};
	int n = 0;

	for (int i = 0; i < GATE_DRAWS; i++) {
		double a, b;

		gate_draw(&random, times, base->slice_cnt);
		a = gate_number(base, metric, times);
		gate_draw(&random, times, new->slice_cnt);
		b = gate_number(new, metric, times);
		if (a > 0 && b > 0)
			draws[n++] = log(b / a);
	}
	qsort(draws, (size_t)n, sizeof(*draws), gate_compare_draws);
	return n;
}

/*
 * Which share of the draws lies outside at each end. Percentiles of draws are too close together when the slices are few: they
 * lack the factor n / (n - 1) of the variance, and the tails of Student's t (the expanded percentile interval: Hesterberg 2015, 5.3).
 */
static double gate_tail(uint32_t slices)
{
	double n = slices;

	return erfc(sqrt(n / (n - 1)) * gate_t95(n - 1) / sqrt(2)) / 2;
}

int gate_compare(struct gate_side *base, struct gate_side *new, enum gate_metric metric,
		 struct gate_result *ret)
{
	uint32_t most = base->slice_cnt > new->slice_cnt ? base->slice_cnt : new->slice_cnt;
	uint32_t least = base->slice_cnt < new->slice_cnt ? base->slice_cnt : new->slice_cnt;
	_cleanup_free_ uint32_t *times = calloc(most, sizeof(*times));
	_cleanup_free_ double *draws = calloc(GATE_DRAWS, sizeof(*draws));
	int n, outside;

	if (!times || !draws)
		return -ENOMEM;
	gate_sort(base);
	gate_sort(new);
	for (uint32_t i = 0; i < most; i++)
		times[i] = 1;
	ret->base = gate_number(base, metric, times);
	ret->new = gate_number(new, metric, times);
	if (ret->base <= 0 || ret->new <= 0)
		return -ENODATA;
	n = gate_draws(base, new, metric, times, draws);
	if (n < GATE_DRAWS / 2)
		return -ENODATA;
	outside = (int)(gate_tail(least) * n);
	ret->factor = ret->new / ret->base;
	ret->low = exp(draws[outside]);
	ret->high = exp(draws[n - 1 - outside]);
	return 0;
}
