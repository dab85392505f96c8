/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/time_cut.h"

#include <string.h>

static uint64_t cut_clamp(const struct time_cut *c, uint64_t ns)
{
	return ns < c->since_ns ? c->since_ns : ns > c->until_ns ? c->until_ns : ns;
}

/* What an interval adds to the ledger's filtered time by not being there as it was. */
static void cut_account(struct offcpu *o, const struct event *e, const struct wire_interval *is)
{
	const struct wire_interval *was = e->interval;
	uint64_t whole_ns = was->in_ns - was->out_ns;

	/* Open time stands on both sides of the equation. */
	if (was->wait.flags & (WIRE_F_OPEN | WIRE_F_FILTERED))
		return;
	if (is && !(is->wait.flags & WIRE_F_OPEN)) {
		o->outside.ns += whole_ns - (is->in_ns - is->out_ns);
		return;
	}
	o->outside.ns += whole_ns;
	o->outside.cnt += event__wait_cnt(e);
}

static int cut_interval(const struct time_cut *c, struct offcpu *o, const struct event *e)
{
	const struct wire_interval *was = e->interval;
	struct wire_counted copy;
	struct wire_interval *is = &copy.waked.interval;
	struct event part = {.interval = is};

	/* One that can't be is refused there. */
	if (was->wake_ns < was->out_ns || was->in_ns < was->wake_ns)
		return offcpu__add(o, e);
	if (was->in_ns <= c->since_ns || was->out_ns >= c->until_ns) {
		cut_account(o, e, NULL);
		return 0;
	}
	event__copy_interval(e, &copy);
	is->out_ns = cut_clamp(c, was->out_ns);
	is->wake_ns = cut_clamp(c, was->wake_ns);
	is->in_ns = cut_clamp(c, was->in_ns);
	/* It was not over then, and nobody had ended it. */
	if (was->in_ns > c->until_ns)
		is->wait.flags |= WIRE_F_OPEN;
	if (was->wake_ns > c->until_ns)
		memset(&copy.waked.waker, 0, sizeof(copy.waked.waker));
	cut_account(o, e, is);
	return offcpu__add(o, &part);
}

int time_cut__add(const struct time_cut *c, struct offcpu *o, const struct event *e)
{
	switch (e->h->kind) {
	case WIRE_INTERVAL:
		return cut_interval(c, o, e);
	case WIRE_SPILL:
		o->outside_spilled.ns += e->spill->blocked_ns + e->spill->runnable_ns;
		o->outside_spilled.cnt += e->spill->cnt;
		return 0;
	default:
		return offcpu__add(o, e);
	}
}

/* The moment @ns of a run whose clocks stood as @at says. */
static struct wire_window cut_window(const struct wire_window *at, uint64_t ns)
{
	struct wire_window w = *at;

	w.monotonic_ns = ns;
	w.boottime_ns += ns - at->monotonic_ns;
	w.realtime_ns += ns - at->monotonic_ns;
	return w;
}

void time_cut__finish(struct time_cut *c, struct offcpu *o, const struct model *model)
{
	if (c->since_ns < model->start.monotonic_ns)
		c->since_ns = model->start.monotonic_ns;
	if (c->until_ns > model->end.monotonic_ns)
		c->until_ns = model->end.monotonic_ns;
	o->begin = cut_window(&model->start, c->since_ns);
	o->end = cut_window(&model->start, c->until_ns);
}
