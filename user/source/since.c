/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/since.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

#define SINCE_MAX_CPUS	65536
#define SINCE_SLACK_NS	10000000 /* a tick: figures that are accounted by them may disagree by it */
#define SINCE_FUTURE_NS 100000000
/* What may be missing of a time before it is called a lower bound. */
#define SINCE_SHARE	 20 /* 5 % */
#define SINCE_MISSING_NS 10000000

void since__init(struct since *s)
{
	*s = (struct since){.cpus = NULL};
}

void since__fini(struct since *s)
{
	free(s->cpus);
	since__init(s);
}

/* When it left by the scheduler's clock, or was last accounted. 0: not known. */
static uint64_t since_by_arrival(const struct since *s, const struct snapshot_clock *c)
{
	bool fair = c->class == WIRE_CLASS_FAIR || c->class == WIRE_CLASS_IDLE;

	if (!fair || s->fair_is_ext || !c->last_arrival_ns || c->sum_exec_ns < c->prev_sum_exec_ns)
		return 0;
	return c->last_arrival_ns + (c->sum_exec_ns - c->prev_sum_exec_ns);
}

static struct since_cpu since_cpu(const struct since *s, uint32_t cpu)
{
	return cpu < s->cpu_cnt ? s->cpus[cpu] : (struct since_cpu){0};
}

static int since_put(struct since *s, uint32_t cpu, const struct since_cpu *value)
{
	int err = array__grow((void **)&s->cpus, &s->cpu_cap, (size_t)cpu + 1, sizeof(*s->cpus),
			      SINCE_MAX_CPUS);

	if (err)
		return err == -E2BIG ? 0 : err;
	while (s->cpu_cnt <= cpu)
		s->cpus[s->cpu_cnt++] = (struct since_cpu){0};
	s->cpus[cpu] = *value;
	return 0;
}

/*
 * Is a moment of the scheduler's clock after @now_ns by CLOCK_MONOTONIC? A bit may be: the reader has had its CPU for a while,
 * so the distance of the clocks is more than it seems.
 */
static bool since_is_future(const struct since *s, uint64_t ns, uint64_t now_ns)
{
	return s->has_ahead && (int64_t)ns - s->ahead_ns > (int64_t)(now_ns + SINCE_FUTURE_NS);
}

/* The newest account of a CPU: what it is behind by only grows. */
static int since_learn_cpu(struct since *s, const struct snapshot_header *h)
{
	const struct snapshot_clock *c = &h->clock;
	uint64_t left = since_by_arrival(s, c);
	struct since_cpu value = {.exec_ns = c->exec_start_ns};

	if (!left || !c->exec_start_ns || left < c->exec_start_ns ||
	    since_is_future(s, left, h->now_ns) || c->exec_start_ns < since_cpu(s, c->cpu).exec_ns)
		return 0;
	value.taken_ns = left - c->exec_start_ns;
	value.behind_ns = (int64_t)value.taken_ns;
	return since_put(s, c->cpu, &value);
}

int since__set(struct since *s, uint32_t cpu, uint64_t exec_ns, int64_t behind_ns,
	       uint64_t taken_ns)
{
	struct since_cpu value = {exec_ns, behind_ns, taken_ns};

	s->has_ahead = true;
	return since_put(s, cpu, &value);
}

bool since__knows(const struct since *s, uint32_t cpu)
{
	return since_cpu(s, cpu).exec_ns != 0;
}

int since__learn(struct since *s, const struct snapshot_header *h, bool steady)
{
	int64_t ahead_ns = (int64_t)(h->reader_ns - h->now_ns);

	/* The reader came to its CPU before it read: the largest is the nearest. */
	if (h->reader_ns && (!s->has_ahead || ahead_ns > s->ahead_ns)) {
		s->ahead_ns = ahead_ns;
		s->has_ahead = true;
	}
	return steady ? since_learn_cpu(s, h) : 0;
}

/* Figures that a change of class or a take-over left behind are in contradiction with the clocks. */
static bool since_is_plausible(const struct since *s, const struct snapshot_header *h,
			       uint64_t left)
{
	const struct snapshot_clock *c = &h->clock;
	struct since_cpu cpu = since_cpu(s, c->cpu);
	uint64_t behind_ns = left - c->exec_start_ns;

	if (since_is_future(s, left, h->now_ns))
		return false;
	if (!c->exec_start_ns) /* some kernels clear it when the thread is moved to another CPU */
		return true;
	return left >= c->exec_start_ns &&
	       (cpu.exec_ns < c->exec_start_ns || behind_ns <= cpu.taken_ns + SINCE_SLACK_NS);
}

/* A moment of the scheduler's clock by CLOCK_MONOTONIC; none is after @now_ns. 0: before the machine began, so it is none. */
static uint64_t since_monotonic(const struct since *s, uint64_t ns, uint64_t now_ns)
{
	int64_t at = (int64_t)ns - s->ahead_ns;

	if (at <= 0)
		return 0;
	return (uint64_t)at > now_ns ? now_ns : (uint64_t)at;
}

struct off_cpu since__ask(const struct since *s, const struct snapshot_header *h,
			  enum snapshot_state state)
{
	const struct snapshot_clock *c = &h->clock;
	const struct off_cpu unknown = {h->now_ns, h->now_ns, true};
	struct since_cpu cpu = since_cpu(s, c->cpu);
	uint64_t left = since_by_arrival(s, c);
	struct off_cpu ret = unknown;

	if (!s->has_ahead || (state == SNAPSHOT_RUNNABLE && !c->last_queued_ns))
		return unknown;
	ret.at_least = false;
	if (state == SNAPSHOT_RUNNABLE && !c->last_arrival_ns && !c->exec_start_ns) {
		/* It is new, and never had a CPU. */
		ret.out_ns = since_monotonic(s, c->last_queued_ns, h->now_ns);
	} else if (left && since_is_plausible(s, h, left)) {
		ret.out_ns = since_monotonic(s, left, h->now_ns);
	} else if (c->exec_start_ns && cpu.exec_ns) {
		/* Since it left, the CPU's clock may have fallen behind by a part of that. */
		ret.out_ns =
			since_monotonic(s, c->exec_start_ns + (uint64_t)cpu.behind_ns, h->now_ns);
		ret.at_least =
			cpu.taken_ns > SINCE_MISSING_NS + (h->now_ns - ret.out_ns) / SINCE_SHARE;
	} else {
		return unknown;
	}
	if (!ret.out_ns)
		return unknown;
	if (state == SNAPSHOT_RUNNABLE)
		ret.wake_ns = since_monotonic(s, c->last_queued_ns, h->now_ns);
	if (ret.wake_ns < ret.out_ns)
		ret.wake_ns = ret.out_ns;
	return ret;
}
