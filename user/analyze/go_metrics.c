/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/go_metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct bounds go_bounds_look = {
	.cnt = 5,
	.values = {100000, 1000000, 10000000, 100000000, 1000000000},
	.le = {"0.0001", "0.001", "0.01", "0.1", "1.0"},
};

_Static_assert(GO_BLOCKED_CNT *GO_DEPTH_CNT <= 64, "struct go_service.shown has a bit for each");

const char *go_unread_name(enum go_unread why)
{
	static const char *const names[GO_UNREAD_CNT] = {
		[GO_UNREAD_UNSUPPORTED] = "unsupported",
		[GO_UNREAD_NO_PERMISSION] = "no_permission",
		[GO_UNREAD_NO_GOROUTINES] = "no_goroutines",
		[GO_UNREAD_TOO_MANY] = "too_many",
	};

	return names[why];
}

const char *go_thread_state_name(enum go_thread_state state)
{
	static const char *const names[GO_THREAD_STATE_CNT] = {
		[GO_THREAD_USER] = "user",
		[GO_THREAD_SYSTEM] = "system",
		[GO_THREAD_WAITING] = "idle",
	};

	return names[state];
}

int go_metrics__init(struct go_metrics *m, struct groups *groups)
{
	*m = (struct go_metrics){.groups = *groups};
	*groups = (struct groups){0};
	m->services = calloc(m->groups.max, sizeof(*m->services));
	return m->services ? 0 : -ENOMEM;
}

void go_metrics__fini(struct go_metrics *m)
{
	groups__fini(&m->groups);
	free(m->services);
	m->services = NULL;
}

/* ---- closed sets ---- */

static uint64_t go_other_bits(void)
{
	uint64_t bits = 0;

	for (int d = 0; d < GO_DEPTH_CNT; d++)
		bits |= go_cell_bit(GO_REASON_OTHER, d);
	return bits;
}

/* The reason that a pair counts for: its own, if it has series or gets them. */
static int go_service_cell(struct go_service *s, int reason, int depth)
{
	uint64_t bit = go_cell_bit(reason, depth);

	if (s->shown & bit)
		return reason;
	if (reason != GO_REASON_OTHER &&
	    __builtin_popcountll(s->shown & ~go_other_bits()) >= GO_CELLS_MAX) {
		reason = GO_REASON_OTHER;
		bit = go_cell_bit(reason, depth);
	}
	s->shown |= bit;
	return reason;
}

static int go_service_wait(struct go_service *s, int reason)
{
	uint32_t other = 1u << GO_REASON_OTHER;

	if (!(s->shown_waits & 1u << reason) && reason != GO_REASON_OTHER &&
	    __builtin_popcount(s->shown_waits & ~other) >= GO_WAITS_MAX)
		reason = GO_REASON_OTHER;
	s->shown_waits |= 1u << reason;
	return reason;
}

/* ---- counting ---- */

static void go_service_add_cells(struct go_service *s, const struct go_tally *t)
{
	for (int r = 0; r < GO_BLOCKED_CNT; r++)
		for (int d = 0; d < GO_DEPTH_CNT; d++)
			if (t->now.blocked_cnt[r][d] || t->blocked_ns[r][d])
				s->blocked_ns[go_service_cell(s, r, d)][d] += t->blocked_ns[r][d];
}

static void go_counts_add(struct bounds_counts *to, const struct bounds_counts *from)
{
	for (size_t i = 0; i <= BOUNDS_MAX; i++)
		to->cnts[i] += from->cnts[i];
	to->cnt += from->cnt;
	to->sum += from->sum;
}

static void go_service_add(struct go_service *s, const struct go_tally *t)
{
	s->used = true;
	go_service_add_cells(s, t);
	for (int r = 0; r < GO_BLOCKED_CNT; r++)
		if (t->waits[r].cnt)
			go_counts_add(&s->waits[go_service_wait(s, r)], &t->waits[r]);
	if (!t->has_stops)
		return;
	s->has_parks |= t->stops_are_parks;
	s->has_switches |= !t->stops_are_parks;
	*(t->stops_are_parks ? &s->park_cnt : &s->switch_cnt) += t->stop_cnt;
}

int go_metrics__join(struct go_metrics *m)
{
	for (int i = 0; i < GO_PROCESSES_MAX; i++) {
		if (m->members[i].used)
			continue;
		m->members[i] = (struct go_member){.used = true};
		return i;
	}
	return -1;
}

void go_metrics__leave(struct go_metrics *m, int place)
{
	m->members[place] = (struct go_member){0};
}

void go_metrics__add(struct go_metrics *m, int place, uint32_t group, const struct go_tally *t,
		     uint64_t look_ns)
{
	m->members[place].group = group;
	m->members[place].now = t->now;
	go_service_add(&m->services[group], t);
	bounds_counts__add(&m->looks, &go_bounds_look, 1, look_ns);
	m->torn_cnt += t->torn_cnt;
}

/* The look at goroutines and the reading of the scheduler are of two moments: what is left may be less than nothing. */
static void go_member_set_threads(struct go_member *m, const struct go_sched_tally *t)
{
	uint64_t user = m->now.goroutine_cnt[GO_STATE_RUNNING][0] +
			m->now.goroutine_cnt[GO_STATE_SYSCALL][0];
	uint64_t idle = t->idle_thread_cnt < t->thread_cnt ? t->idle_thread_cnt : t->thread_cnt;

	if (user > t->thread_cnt - idle)
		user = t->thread_cnt - idle;
	m->thread_cnt[GO_THREAD_USER] = user;
	m->thread_cnt[GO_THREAD_WAITING] = idle;
	m->thread_cnt[GO_THREAD_SYSTEM] = t->thread_cnt - idle - user;
}

void go_metrics__add_sched(struct go_metrics *m, int place, const struct go_sched_tally *t)
{
	struct go_service *s = &m->services[m->members[place].group];

	go_member_set_threads(&m->members[place], t);
	s->has_sched = true;
	go_counts_add(&s->latency, &t->latency);
	s->created_cnt += t->created_cnt;
	s->has_mutex_wait |= t->has_mutex_wait;
	s->mutex_wait_ns += t->mutex_wait_ns;
	s->has_pauses |= t->has_pauses;
	for (int i = 0; i < GO_PAUSE_CNT; i++)
		go_counts_add(&s->pauses[i], &t->pauses[i]);
}

void go_metrics__set_leaks(struct go_metrics *m, int place, const struct go_leaks *l)
{
	struct go_leak_counts *c = &m->members[place].leaks;

	for (int v = GO_LEAK_NONE + 1; v < GO_LEAK_VERDICT_CNT; v++)
		c->goroutine_cnt[v] = go_leaks__count(l, (enum go_leak_verdict)v, &c->site_cnt[v]);
}

/* ---- exposition ---- */

static void go_leak_counts_add(struct go_leak_counts *to, const struct go_leak_counts *from)
{
	for (int v = 0; v < GO_LEAK_VERDICT_CNT; v++) {
		to->goroutine_cnt[v] += from->goroutine_cnt[v];
		to->site_cnt[v] += from->site_cnt[v];
	}
}

static void go_service_add_now(struct go_service *s, const struct go_member *m)
{
	const struct go_gauges *now = &m->now;

	s->process_cnt++;
	for (int i = 0; i < GO_THREAD_STATE_CNT; i++)
		s->thread_cnt[i] += m->thread_cnt[i];
	go_leak_counts_add(&s->leaks, &m->leaks);
	for (int i = 0; i < GO_STATE_CNT; i++)
		for (int j = 0; j < 2; j++)
			s->now.goroutine_cnt[i][j] += now->goroutine_cnt[i][j];
	for (int r = 0; r < GO_BLOCKED_CNT; r++) {
		for (int d = 0; d < GO_DEPTH_CNT; d++)
			if (now->blocked_cnt[r][d])
				s->now.blocked_cnt[go_service_cell(s, r, d)][d] +=
					now->blocked_cnt[r][d];
		if (now->oldest_ns[r] > s->now.oldest_ns[r])
			s->now.oldest_ns[r] = now->oldest_ns[r];
	}
}

/* Who has lost its slot begins at 0 when it gets one again. */
static void go_metrics_retire(struct go_metrics *m, uint64_t now_ns)
{
	groups__retire(&m->groups, now_ns);
	for (uint32_t i = 0; i < m->groups.max; i++)
		if (m->groups.items[i].state != GROUP_USED && m->services[i].used)
			m->services[i] = (struct go_service){0};
}

struct go_metrics *go_metrics__copy(struct go_metrics *m, uint64_t now_ns)
{
	struct go_metrics *c = malloc(sizeof(*c));
	size_t bytes = m->groups.max * sizeof(*m->services);
	struct groups groups = {0};

	go_metrics_retire(m, now_ns);
	if (!c || groups__copy(&m->groups, &groups)) {
		free(c);
		return NULL;
	}
	*c = *m;
	c->groups = groups;
	c->services = malloc(bytes);
	if (!c->services) {
		go_metrics__free(c);
		return NULL;
	}
	memcpy(c->services, m->services, bytes);
	for (int i = 0; i < GO_PROCESSES_MAX; i++)
		if (m->members[i].used && c->services[m->members[i].group].used)
			go_service_add_now(&c->services[m->members[i].group], &m->members[i]);
	return c;
}

void go_metrics__free(struct go_metrics *m)
{
	if (!m)
		return;
	go_metrics__fini(m);
	free(m);
}
