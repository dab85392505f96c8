/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The metrics of waits: by reason, scheduling class, system call, group, waker. */
#include "output/metrics_part.h"

/* Blocks have every reason but this one: see metrics.h. */
static bool metrics_is_block_reason(int reason)
{
	return reason != REASON_PREEMPTED;
}

static void metrics_write_durations(struct metrics_writer *w)
{
	const struct metrics *m = &w->s->counts;

	metrics_family(w, METRIC_BLOCK_DURATION);
	for (int i = 0; i < REASON_CNT; i++)
		if (metrics_is_block_reason(i))
			exposition__histogram(&w->x, METRICS_LABEL("reason", reason_name(i)),
					      &m->bounds, &m->block[i], METRICS_NS);
	metrics_family(w, METRIC_RUNQUEUE_WAIT);
	for (unsigned int i = 0; i < METRICS_CLASS_CNT; i++)
		exposition__histogram(&w->x, METRICS_LABEL("sched_class", sched_class_name(i)),
				      &m->bounds, &m->runqueue[i], METRICS_NS);
}

/* ---- system calls ---- */

typedef void (*call_metric_fn)(struct metrics_writer *w, const struct call_metric *c);

static void metrics_each_call(struct metrics_writer *w, enum metric_id id, call_metric_fn fn)
{
	const struct call_metrics *calls = w->s->calls;

	metrics_family(w, id);
	for (uint32_t i = 0; i < calls->cnt; i++)
		fn(w, &calls->items[i]);
	fn(w, &calls->items[CALL_METRICS_MAX]);
}

static void metrics_write_call_lengths(struct metrics_writer *w, const struct call_metric *c)
{
	exposition__histogram(&w->x, METRICS_LABEL("syscall", c->name), &w->s->calls->bounds,
			      &c->lengths, METRICS_NS);
}

static void metrics_write_call_cnt(struct metrics_writer *w, const struct call_metric *c)
{
	exposition__sample(&w->x, METRICS_LABEL("syscall", c->name), c->lengths.cnt, 0);
}

static void metrics_write_call_errors(struct metrics_writer *w, const struct call_metric *c)
{
	for (unsigned int i = 0; i < CALL_METRICS_ERROR_CNT; i++)
		exposition__sample(
			&w->x,
			METRICS_LABELS("syscall", c->name, "errno", call_metrics_error_name(i)),
			c->error_cnts[i], 0);
}

/* ---- groups ---- */

/* The labels of a group, and its reason if there is one. */
static struct metric_labels metrics_group_labels(const struct groups *g, const struct group *group,
						 const char *reason)
{
	struct metric_labels labels = {0};
	size_t n = 0;

	labels.items[n++] = (struct metric_label){group_by_label(g->by, 0), group->label};
	if (group_by_label(g->by, 1))
		labels.items[n++] = (struct metric_label){group_by_label(g->by, 1), group->label2};
	if (reason)
		labels.items[n] = (struct metric_label){"reason", reason};
	return labels;
}

enum metrics_of_group { OF_GROUP_BLOCKED, OF_GROUP_BLOCKS, OF_GROUP_RUNQUEUE };

/* A sample for each reason, or one. @labels holds the group's. */
static void metrics_write_counts(struct metrics_writer *w, enum metrics_of_group what,
				 const struct group *group, const struct group_counts *c)
{
	const struct groups *g = &w->s->counts.groups;
	struct metric_labels labels = {0};

	if (what == OF_GROUP_RUNQUEUE) {
		if (group)
			labels = metrics_group_labels(g, group, NULL);
		exposition__sample(&w->x, &labels, c->runqueue_ns, METRICS_NS);
		return;
	}
	for (int i = 0; i < REASON_CNT; i++) {
		if (!metrics_is_block_reason(i))
			continue;
		labels = group ? metrics_group_labels(g, group, reason_name(i))
			       : *METRICS_LABEL("reason", reason_name(i));
		if (what == OF_GROUP_BLOCKED)
			exposition__sample(&w->x, &labels, c->blocked_ns[i], METRICS_NS);
		else
			exposition__sample(&w->x, &labels, c->block_cnt[i], 0);
	}
}

static void metrics_write_groups(struct metrics_writer *w)
{
	static const enum metric_id shown[] = {METRIC_GROUP_BLOCKED, METRIC_GROUP_BLOCKS,
					       METRIC_GROUP_RUNQUEUE};
	static const enum metric_id retired[] = {METRIC_RETIRED_BLOCKED, METRIC_RETIRED_BLOCKS,
						 METRIC_RETIRED_RUNQUEUE};
	const struct groups *g = &w->s->counts.groups;

	for (int what = OF_GROUP_BLOCKED; what <= OF_GROUP_RUNQUEUE; what++) {
		metrics_family(w, shown[what]);
		for (uint32_t i = 0; i < g->max; i++)
			if (g->items[i].state == GROUP_USED)
				metrics_write_counts(w, what, &g->items[i], &g->items[i].counts);
	}
	for (int what = OF_GROUP_BLOCKED; what <= OF_GROUP_RUNQUEUE; what++) {
		metrics_family(w, retired[what]);
		metrics_write_counts(w, what, NULL, &g->retired);
	}
	metrics_one(w, METRIC_GROUPS, groups__used_cnt(g), 0);
	metrics_one(w, METRIC_GROUP_OVERFLOW, g->overflow_cnt, 0);
}

/* ---- the rest ---- */

static void metrics_write_wakers(struct metrics_writer *w)
{
	metrics_family(w, METRIC_WAKEUPS);
	for (int i = 0; i < WAKER_CNT; i++)
		if (i != WAKER_NONE)
			exposition__sample(&w->x, METRICS_LABEL("waker", waker_kind_name(i)),
					   w->s->counts.waker_cnt[i], 0);
}

static void metrics_write_frames(struct metrics_writer *w)
{
	metrics_family(w, METRIC_STACK_FRAMES);
	exposition__histogram(&w->x, METRICS_LABEL("stack", "kernel"), &bounds_frames,
			      &w->s->counts.kernel_frames, 0);
	exposition__histogram(&w->x, METRICS_LABEL("stack", "user"), &bounds_frames,
			      &w->s->counts.user_frames, 0);
}

static void metrics_write_blocked_now(struct metrics_writer *w)
{
	metrics_family(w, METRIC_THREADS_BLOCKED);
	for (int i = 0; i < REASON_CNT; i++)
		if (metrics_is_block_reason(i))
			exposition__sample(&w->x, METRICS_LABEL("reason", reason_name(i)),
					   w->s->blocked_cnt[i], 0);
	metrics_one(w, METRIC_LONGEST_BLOCK, w->s->longest_block_ns, METRICS_NS);
}

void metrics_write_waits(struct metrics_writer *w)
{
	metrics_write_durations(w);
	if (w->s->calls) {
		metrics_each_call(w, METRIC_SYSCALL_DURATION, metrics_write_call_lengths);
		metrics_each_call(w, METRIC_SYSCALLS, metrics_write_call_cnt);
		metrics_each_call(w, METRIC_SYSCALL_ERRORS, metrics_write_call_errors);
	}
	if (w->s->counts.groups.by != GROUP_BY_NONE)
		metrics_write_groups(w);
	if (w->s->wakers)
		metrics_write_wakers(w);
	metrics_write_frames(w);
	metrics_write_blocked_now(w);
}
