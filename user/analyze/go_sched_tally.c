/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/go_sched_tally.h"

#include <string.h>

const struct bounds go_bounds_latency = {
	.cnt = 19,
	.values = {1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000, 2000000,
		   5000000, 10000000, 20000000, 50000000, 100000000, 200000000, 500000000,
		   1000000000},
	.le = {"1e-06", "2e-06", "5e-06", "1e-05", "2e-05", "5e-05", "0.0001", "0.0002", "0.0005",
	       "0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1.0"},
};

const struct bounds go_bounds_pause = {
	.cnt = 6,
	.values = {10000, 100000, 1000000, 10000000, 100000000, 1000000000},
	.le = {"1e-05", "0.0001", "0.001", "0.01", "0.1", "1.0"},
};

const char *go_pause_name(enum go_pause pause)
{
	return pause == GO_PAUSE_GC ? "gc" : "other";
}

static void go_counts_add_some(struct bounds_counts *c, const struct bounds *b, uint64_t end_ns,
			       uint64_t cnt)
{
	c->cnts[bounds__find(b, end_ns)] += cnt;
	c->cnt += cnt;
}

/* A clock may show less than before: such a time is none. */
static void go_counts_add_histogram(struct bounds_counts *c, const struct bounds *b,
				    const struct go_histogram *now,
				    const struct go_histogram *before)
{
	struct go_histogram h = *now;

	go_histogram__subtract(&h, before);
	go_counts_add_some(c, b, 0, h.underflow);
	for (size_t i = 0; i < GO_HISTOGRAM_CNT; i++)
		if (h.counts[i])
			go_counts_add_some(c, b, go_histogram_bound_ns(i + 1), h.counts[i]);
	go_counts_add_some(c, b, UINT64_MAX, h.overflow);
	c->sum += go_histogram__sum_ns(&h);
}

static uint64_t go_growth(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

void go_sched_tally__fill(struct go_sched_tally *t, const struct go_sched_stats *now,
			  const struct go_sched_stats *before)
{
	memset(t, 0, sizeof(*t));
	go_counts_add_histogram(&t->latency, &go_bounds_latency, &now->latency, &before->latency);
	t->created_cnt = go_growth(now->created, before->created);
	t->thread_cnt = now->threads > 0 ? (uint32_t)now->threads : 0;
	t->idle_thread_cnt = now->idle_threads > 0 ? (uint32_t)now->idle_threads : 0;
	t->has_mutex_wait = now->has_mutex_wait;
	if (now->has_mutex_wait)
		t->mutex_wait_ns = go_growth(now->mutex_wait_ns, before->mutex_wait_ns);
	t->has_pauses = now->has_pauses;
	for (int i = 0; now->has_pauses && i < GO_PAUSE_CNT; i++)
		go_counts_add_histogram(&t->pauses[i], &go_bounds_pause, &now->paused[i],
					&before->paused[i]);
}
