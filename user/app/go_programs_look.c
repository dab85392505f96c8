/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Looking at a process, and when next. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "app/go_programs_part.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_self.h"

#define SECOND_NS	 1000000000ull
#define PPM		 1000000u
#define COST_SHARE	 8 /* the last look is so much of the average, as a part */
#define LONGEST_INTERVAL 8 /* times the mean: exponential intervals have no end */

/* ---- when ---- */

static uint64_t watch_base_ns(const struct go_programs *w)
{
	return SECOND_NS / w->opts.hz;
}

/* The mean interval: as asked for, or as the budget allows, of which each process has an equal part. */
static uint64_t watch_mean_ns(const struct go_programs *w, const struct go_seen *s)
{
	uint64_t base_ns = watch_base_ns(w);
	uint64_t dear_ns = s->cost_ns * w->seen_cnt * PPM / w->opts.budget_ppm;

	return dear_ns > base_ns ? dear_ns : base_ns;
}

/* Marsaglia, Xorshift RNGs (2003). More than 0, at most 1. */
static double watch_random(struct go_programs *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (double)((w->random >> 11) + 1) / (double)(1ull << 53);
}

/*
 * The next look, after an interval of a Poisson process: even intervals would always find a program that does something at even intervals
 * at the same thing.
 */
static void watch_plan(struct go_programs *w, struct go_seen *s, uint64_t now_ns)
{
	uint64_t base_ns = watch_base_ns(w), mean_ns = watch_mean_ns(w, s);
	double factor = -log(watch_random(w));

	if (factor > LONGEST_INTERVAL)
		factor = LONGEST_INTERVAL;
	s->due_ns = now_ns + (uint64_t)((double)mean_ns * factor);
	w->left_out_ns += mean_ns - base_ns;
	os_mutex__lock(&w->lock);
	w->metrics.overrun_cnt += w->left_out_ns / base_ns;
	os_mutex__unlock(&w->lock);
	w->left_out_ns %= base_ns;
}

/* The first look names everything and reads all stacks: it says nothing of those that follow. */
static void watch_cost(struct go_seen *s, uint64_t ns)
{
	if (s->process->watch.look_cnt < 2)
		return;
	if (!s->cost_ns)
		s->cost_ns = ns;
	else
		s->cost_ns += ns / COST_SHARE - s->cost_ns / COST_SHARE;
}

/* ---- what ---- */

static int watch_leaves(struct go_programs *w, struct go_seen *s)
{
	return w->opts.leaves ? w->opts.leaves(w->opts.arg, s) : 0;
}

static void watch_count(struct go_programs *w, struct go_seen *s, uint64_t look_ns)
{
	const struct group_member who = {
		.comm = s->process->go->process.comm,
		.cgroup_id = s->target.cgroup_id,
		.image = s->target.image,
	};

	os_mutex__lock(&w->lock);
	go_metrics__add(&w->metrics, s->place,
			groups__get(&w->metrics.groups, &who, os_monotonic_ns()), &w->tally,
			look_ns);
	os_mutex__unlock(&w->lock);
}

static int watch_read(struct go_programs *w, struct go_seen *s)
{
	int err = 0;

	if (go_stacks__is_full(s->process->watch.stacks)) {
		err = watch_leaves(w, s);
		go_facts__forget(&s->facts);
	}
	return err ? err : go_watch__try(&s->process->watch, true);
}

static int watch_take(struct go_programs *w, struct go_seen *s, uint64_t cpu_ns)
{
	struct go_look look = go_process__look(s->process);
	int err = go_tally__fill(&w->tally, &s->facts, &s->looks, &look,
				 go_watch__before(&s->process->watch));
	uint64_t look_ns;

	if (err)
		return err;
	look_ns = os_self_thread_cpu_ns() - cpu_ns;
	watch_cost(s, look_ns);
	watch_count(w, s, look_ns);
	err = go_programs_look_slowly(w, s, look.all->now_ns);
	if (err)
		return err;
	return w->opts.looked ? w->opts.looked(w->opts.arg, s) : 0;
}

/* Its place among those that are seen. */
static size_t watch_find(const struct go_programs *w, const struct go_seen *s)
{
	size_t i = 0;

	while (w->seen[i] != s)
		i++;
	return i;
}

int go_programs__look(struct go_programs *w, struct go_seen *s, bool *ret_gone)
{
	uint64_t cpu_ns = os_self_thread_cpu_ns();
	struct go_target target = s->target;
	int err = watch_read(w, s);

	*ret_gone = err && err != -ENOMEM;
	if (!err)
		return watch_take(w, s, cpu_ns);
	if (!*ret_gone)
		return err;
	log_debug("process %u is not watched any more: %s", target.image.pid, error_text(err));
	err = go_programs_remove(w, watch_find(w, s));
	go_programs_lost(w, &target);
	return err;
}

int go_programs_look_due(struct go_programs *w, uint64_t now_ns)
{
	bool gone;
	int err = 0;

	for (size_t i = 0; !err && i < w->seen_cnt;) {
		struct go_seen *s = w->seen[i];

		gone = false;
		if (s->due_ns <= now_ns) {
			err = go_programs__look(w, s, &gone);
			if (!err && !gone)
				watch_plan(w, s, os_monotonic_ns());
		}
		i += !gone;
	}
	return err;
}

/* ---- coming and going ---- */

int go_programs_add(struct go_programs *w, const struct go_target *t, struct go_process *p,
		    uint64_t now_ns)
{
	struct go_seen *s;

	if (w->seen_cnt >= w->opts.max) {
		go_process__free(p);
		return -E2BIG;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		go_process__free(p);
		return -ENOMEM;
	}
	*s = (struct go_seen){.target = *t, .process = p, .due_ns = now_ns};
	go_facts__init(&s->facts);
	go_leaks__init(&s->leaks, w->opts.leak_window_ns);
	os_mutex__lock(&w->lock);
	s->place = go_metrics__join(&w->metrics);
	os_mutex__unlock(&w->lock);
	w->seen[w->seen_cnt++] = s;
	return 0;
}

int go_programs_remove(struct go_programs *w, size_t i)
{
	struct go_seen *s = w->seen[i];
	int err = watch_leaves(w, s);

	os_mutex__lock(&w->lock);
	go_metrics__leave(&w->metrics, s->place);
	os_mutex__unlock(&w->lock);
	go_facts__fini(&s->facts);
	go_leaks__fini(&s->leaks);
	go_process__free(s->process);
	free(s);
	w->seen[i] = w->seen[--w->seen_cnt];
	return err;
}
