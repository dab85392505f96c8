/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/metrics.h"

#include <string.h>

#define METRICS_PPM 1000000u

const char *sched_class_name(unsigned int sched_class)
{
	static const char *const names[METRICS_CLASS_CNT] = {
		[WIRE_CLASS_FAIR] = "fair",	    [WIRE_CLASS_RT] = "rt",
		[WIRE_CLASS_DEADLINE] = "deadline", [WIRE_CLASS_IDLE] = "idle",
		[WIRE_CLASS_EXT] = "ext",
	};

	return names[sched_class < METRICS_CLASS_CNT ? sched_class : WIRE_CLASS_FAIR];
}

void metrics__init(struct metrics *m, const struct bounds *bounds, struct groups *groups)
{
	memset(m, 0, sizeof(*m));
	m->bounds = bounds ? *bounds : bounds_time;
	m->groups = *groups;
	m->completeness_ppm = METRICS_PPM;
	*groups = (struct groups){0};
}

void metrics__fini(struct metrics *m)
{
	groups__fini(&m->groups);
}

/* ---- waits ---- */

/* A wait that was runnable all the time is no block; one that blocked has a reason, if only "other". */
static bool metrics_wait_blocked(const struct metrics_wait *w, enum reason *ret_reason)
{
	if (w->reason == REASON_PREEMPTED && !w->blocked_ns)
		return false;
	*ret_reason = w->reason < REASON_CNT && w->reason != REASON_PREEMPTED
			      ? (enum reason)w->reason
			      : REASON_OTHER;
	return true;
}

/* Slots may have changed hands since the caller asked: what has no slot any more is counted in `other`. */
static struct group_counts *metrics_group(struct metrics *m, uint32_t slot)
{
	if (slot >= m->groups.max || m->groups.items[slot].state != GROUP_USED)
		slot = GROUPS_OTHER;
	return &m->groups.items[slot].counts;
}

static void metrics_add_block(struct metrics *m, struct group_counts *group,
			      const struct metrics_wait *w, enum reason reason)
{
	bounds_counts__add(&m->block[reason], &m->bounds, w->cnt, w->blocked_ns);
	group->blocked_ns[reason] += w->blocked_ns;
	group->block_cnt[reason] += w->cnt;
	if (w->waker != WAKER_NONE && w->waker < WAKER_CNT)
		m->waker_cnt[w->waker] += w->cnt;
}

static void metrics_add_runqueue(struct metrics *m, struct group_counts *group,
				 const struct metrics_wait *w)
{
	unsigned int sched_class =
		w->sched_class < METRICS_CLASS_CNT ? w->sched_class : WIRE_CLASS_FAIR;

	bounds_counts__add(&m->runqueue[sched_class], &m->bounds, w->cnt, w->runnable_ns);
	group->runqueue_ns += w->runnable_ns;
}

static void metrics_add_go(struct group_counts *group, const struct metrics_wait *w)
{
	enum go_thread_class thread_class = go_thread_class_of(w->go, (enum reason)w->reason);

	if (thread_class == GO_THREAD_CLASS_CNT)
		return;
	group->go_offcpu_ns[thread_class] += w->blocked_ns;
	group->go_offcpu_ns[thread_class] += w->runnable_ns;
}

static void metrics_add_frames(struct metrics *m, const struct metrics_wait *w)
{
	if (w->user_frame_cnt)
		bounds_counts__add(&m->user_frames, &bounds_frames, w->cnt,
				   w->cnt * w->user_frame_cnt);
	if (w->kernel_frame_cnt)
		bounds_counts__add(&m->kernel_frames, &bounds_frames, w->cnt,
				   w->cnt * w->kernel_frame_cnt);
}

void metrics__add(struct metrics *m, const struct metrics_wait *w)
{
	struct group_counts *group = metrics_group(m, w->group);
	enum reason reason;

	if (!w->cnt)
		return;
	if (metrics_wait_blocked(w, &reason))
		metrics_add_block(m, group, w, reason);
	else
		m->preempted_cnt += w->cnt;
	metrics_add_runqueue(m, group, w);
	metrics_add_frames(m, w);
	metrics_add_go(group, w);
	if (w->delay_ns != METRICS_NO_DELAY)
		bounds_counts__add(&m->delay, &bounds_time, 1, w->delay_ns);
	if (w->cnt > 1)
		m->averaged_cnt += w->cnt;
	if (w->spilled)
		return;
	m->delivered.ns += w->blocked_ns;
	m->delivered.ns += w->runnable_ns;
	m->delivered.cnt += w->cnt;
}

/* ---- the ledger ---- */

/* How much a cumulative counter of 64 bits has grown; it may wrap, and one that went back has not grown. */
static uint64_t metrics_growth(uint64_t *last, uint64_t now)
{
	uint64_t growth = now - *last;

	if (growth > INT64_MAX)
		return 0;
	*last = now;
	return growth;
}

static void metrics_term__set(struct metrics_term *t, struct ledger_term now)
{
	t->ns += metrics_growth(&t->last_ns, now.ns);
	t->cnt += metrics_growth(&t->last_cnt, now.cnt);
}

void metrics__set_ledger(struct metrics *m, const struct ledger *l)
{
	struct ledger_term before = {.ns = l->counters[WIRE_C_SPILLED_BEFORE_NS]};

	metrics_term__set(&m->observed, l->observed);
	metrics_term__set(&m->filtered, l->filtered);
	metrics_term__set(&m->spilled, l->spilled);
	metrics_term__set(&m->spilled_before, before);
	metrics_term__set(&m->lost, ledger__lost(l));
	for (int i = 0; i < WIRE_COUNTER_CNT; i++)
		if (l->counters[i] > m->counters[i])
			m->counters[i] = l->counters[i];
}

/* ---- exposition ---- */

/* Rounded down, so that it is never 1 while anything was lost. */
static uint32_t metrics_ppm(uint64_t lost_cnt, uint64_t cnt)
{
	if (!lost_cnt)
		return METRICS_PPM;
	if (lost_cnt >= cnt)
		return 0;
	return (uint32_t)((unsigned __int128)(cnt - lost_cnt) * METRICS_PPM / cnt);
}

void metrics__expose(struct metrics *m, uint64_t now_ns)
{
	groups__retire(&m->groups, now_ns);
	m->completeness_ppm =
		metrics_ppm(m->lost.cnt - m->exposed_lost_cnt, m->observed.cnt - m->exposed_cnt);
	m->exposed_cnt = m->observed.cnt;
	m->exposed_lost_cnt = m->lost.cnt;
}

int metrics__copy(const struct metrics *m, struct metrics *ret)
{
	struct groups groups;
	int err = groups__copy(&m->groups, &groups);

	if (err)
		return err;
	*ret = *m;
	ret->groups = groups;
	return 0;
}
