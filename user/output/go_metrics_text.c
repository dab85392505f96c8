/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/go_metrics_text.h"

#include "output/metrics_part.h"

#define GO_SCHEDULER \
	"goroutine" /* what the times are of; those of threads have metrics of their own */

/* The families of services, which have a function each. */
typedef void (*go_service_fn)(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			      const struct go_service *s);

struct go_family {
	enum metric_id id;
	go_service_fn fn;
};

static void go_each_service(struct metrics_writer *w, const struct go_metrics *m,
			    const struct go_family *f)
{
	metrics_family(w, f->id);
	for (uint32_t i = 0; i < m->groups.max; i++)
		if (m->services[i].used && m->groups.items[i].state == GROUP_USED)
			f->fn(w, &m->groups, i, &m->services[i]);
}

/* The service's labels, and what is behind them. */
struct go_labels {
	struct metric_labels labels;
	size_t cnt;
};

static void go_label(struct go_labels *l, const char *name, const char *value)
{
	l->labels.items[l->cnt++] = (struct metric_label){name, value};
}

static struct go_labels go_labels_of(const struct groups *g, uint32_t slot)
{
	struct go_labels l = {0};

	if (group_by_label(g->by, 0))
		go_label(&l, group_by_label(g->by, 0), g->items[slot].label);
	if (group_by_label(g->by, 1))
		go_label(&l, group_by_label(g->by, 1), g->items[slot].label2);
	return l;
}

static void go_one(struct metrics_writer *w, const struct groups *g, uint32_t slot, uint64_t value)
{
	struct go_labels l = go_labels_of(g, slot);

	exposition__sample(&w->x, &l.labels, value, 0);
}

static void go_write_processes(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			       const struct go_service *s)
{
	go_one(w, g, slot, s->process_cnt);
}

static void go_write_goroutines(struct metrics_writer *w, const struct groups *g, uint32_t slot,
				const struct go_service *s)
{
	for (int state = 0; state < GO_STATE_CNT; state++) {
		for (int system = 0; system < 2; system++) {
			struct go_labels l = go_labels_of(g, slot);

			go_label(&l, "state", go_state_name((enum go_state)state));
			go_label(&l, "scope", system ? "system" : "user");
			exposition__sample(&w->x, &l.labels, s->now.goroutine_cnt[state][system],
					   0);
		}
	}
}

/* ---- by reason ---- */

static void go_write_cells(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			   const struct go_service *s, bool time)
{
	for (int r = 0; r < GO_BLOCKED_CNT; r++) {
		for (int d = 0; d < GO_DEPTH_CNT; d++) {
			struct go_labels l = go_labels_of(g, slot);

			if (!(s->shown & go_cell_bit(r, d)))
				continue;
			if (time)
				go_label(&l, "scheduler", GO_SCHEDULER);
			go_label(&l, "blocking_reason", go_reason_name((enum go_reason)r));
			go_label(&l, "stack_depth", go_depth_name((enum go_depth)d));
			exposition__sample(&w->x, &l.labels,
					   time ? s->blocked_ns[r][d] : s->now.blocked_cnt[r][d],
					   time ? METRICS_NS : 0);
		}
	}
}

static void go_write_blocked(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			     const struct go_service *s)
{
	go_write_cells(w, g, slot, s, false);
}

static void go_write_blocked_time(struct metrics_writer *w, const struct groups *g, uint32_t slot,
				  const struct go_service *s)
{
	go_write_cells(w, g, slot, s, true);
}

static void go_write_waits(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			   const struct go_service *s)
{
	for (int r = 0; r < GO_BLOCKED_CNT; r++) {
		struct go_labels l = go_labels_of(g, slot);

		if (!(s->shown_waits & 1u << r))
			continue;
		go_label(&l, "blocking_reason", go_reason_name((enum go_reason)r));
		exposition__histogram(&w->x, &l.labels, &go_bounds_wait, &s->waits[r], METRICS_NS);
	}
}

static bool go_shows_reason(const struct go_service *s, int reason)
{
	uint64_t bits = 0;

	for (int d = 0; d < GO_DEPTH_CNT; d++)
		bits |= go_cell_bit(reason, d);
	return s->shown & bits;
}

static void go_write_oldest(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			    const struct go_service *s)
{
	for (int r = 0; r < GO_BLOCKED_CNT; r++) {
		struct go_labels l = go_labels_of(g, slot);

		if (r == GO_REASON_FOREVER || !go_shows_reason(s, r))
			continue;
		go_label(&l, "blocking_reason", go_reason_name((enum go_reason)r));
		exposition__sample(&w->x, &l.labels, s->now.oldest_ns[r], METRICS_NS);
	}
}

static void go_write_parks(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			   const struct go_service *s)
{
	if (s->has_parks)
		go_one(w, g, slot, s->park_cnt);
}

static void go_write_switches(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			      const struct go_service *s)
{
	if (s->has_switches)
		go_one(w, g, slot, s->switch_cnt);
}

/* ---- the scheduler ---- */

static void go_write_created(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			     const struct go_service *s)
{
	if (s->has_sched)
		go_one(w, g, slot, s->created_cnt);
}

static void go_write_latency(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			     const struct go_service *s)
{
	struct go_labels l = go_labels_of(g, slot);

	if (s->has_sched)
		exposition__histogram(&w->x, &l.labels, &go_bounds_latency, &s->latency,
				      METRICS_NS);
}

static void go_write_pauses(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			    const struct go_service *s)
{
	for (int i = 0; s->has_pauses && i < GO_PAUSE_CNT; i++) {
		struct go_labels l = go_labels_of(g, slot);

		go_label(&l, "kind", go_pause_name((enum go_pause)i));
		exposition__histogram(&w->x, &l.labels, &go_bounds_pause, &s->pauses[i],
				      METRICS_NS);
	}
}

static void go_write_mutex_wait(struct metrics_writer *w, const struct groups *g, uint32_t slot,
				const struct go_service *s)
{
	struct go_labels l = go_labels_of(g, slot);

	if (s->has_mutex_wait)
		exposition__sample(&w->x, &l.labels, s->mutex_wait_ns, METRICS_NS);
}

/* ---- its threads ---- */

static void go_write_threads(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			     const struct go_service *s)
{
	for (int i = 0; s->has_sched && i < GO_THREAD_STATE_CNT; i++) {
		struct go_labels l = go_labels_of(g, slot);

		go_label(&l, "state", go_thread_state_name((enum go_thread_state)i));
		exposition__sample(&w->x, &l.labels, s->thread_cnt[i], 0);
	}
}

/* The waits themselves know them, so groups are those of waits. A group without a Go program has none. */
static void go_write_thread_time(struct metrics_writer *w, const struct groups *g, uint32_t slot)
{
	static const char *const names[GO_THREAD_CLASS_CNT] = {
		[GO_THREAD_SYSCALL] = "syscall", [GO_THREAD_FAULT] = "fault",
		[GO_THREAD_PREEMPT] = "preempt", [GO_THREAD_RUNTIME] = "runtime",
		[GO_THREAD_IDLE] = "idle",
	};
	const unsigned __int128 *ns = g->items[slot].counts.go_offcpu_ns;
	bool used = false;

	for (int i = 0; i < GO_THREAD_CLASS_CNT; i++)
		used |= ns[i] != 0;
	for (int i = 0; used && i < GO_THREAD_CLASS_CNT; i++) {
		struct go_labels l = go_labels_of(g, slot);

		go_label(&l, "class", names[i]);
		exposition__sample(&w->x, &l.labels, ns[i], METRICS_NS);
	}
}

static void go_write_thread_times(struct metrics_writer *w)
{
	const struct groups *g = &w->s->counts.groups;

	metrics_family(w, METRIC_GO_THREAD_OFFCPU);
	for (uint32_t i = 0; i < g->max; i++)
		if (g->items[i].state == GROUP_USED)
			go_write_thread_time(w, g, i);
}

/* ---- leaks ---- */

static void go_write_verdicts(struct metrics_writer *w, const struct groups *g, uint32_t slot,
			      const uint64_t cnts[GO_LEAK_VERDICT_CNT])
{
	for (int v = GO_LEAK_NONE + 1; v < GO_LEAK_VERDICT_CNT; v++) {
		struct go_labels l = go_labels_of(g, slot);

		go_label(&l, "verdict", go_leak_verdict_name((enum go_leak_verdict)v));
		exposition__sample(&w->x, &l.labels, cnts[v], 0);
	}
}

static void go_write_leak_goroutines(struct metrics_writer *w, const struct groups *g,
				     uint32_t slot, const struct go_service *s)
{
	go_write_verdicts(w, g, slot, s->leaks.goroutine_cnt);
}

static void go_write_leak_sites(struct metrics_writer *w, const struct groups *g, uint32_t slot,
				const struct go_service *s)
{
	go_write_verdicts(w, g, slot, s->leaks.site_cnt);
}

/* ---- the looks ---- */

static void go_write_looks(struct metrics_writer *w, const struct go_metrics *m)
{
	metrics_family(w, METRIC_GO_METHOD);
	exposition__sample(&w->x, METRICS_LABEL("method", "sampled"), 1, 0);
	metrics_family(w, METRIC_GO_SNAPSHOT);
	exposition__histogram(&w->x, NULL, &go_bounds_look, &m->looks, METRICS_NS);
	metrics_one(w, METRIC_GO_TORN, m->torn_cnt, 0);
	metrics_one(w, METRIC_GO_OVERRUN, m->overrun_cnt, 0);
	metrics_family(w, METRIC_GO_UNSUPPORTED);
	for (unsigned int i = 0; i < GO_UNREAD_CNT; i++)
		exposition__sample(&w->x, METRICS_LABEL("cause", go_unread_name(i)),
				   m->unread_cnt[i] != 0, 0);
}

void go_metrics_write(struct metrics_writer *w, const void *arg)
{
	static const struct go_family families[] = {
		{METRIC_GO_PROCESSES, go_write_processes},
		{METRIC_GO_GOROUTINES, go_write_goroutines},
		{METRIC_GO_BLOCKED, go_write_blocked},
		{METRIC_GO_BLOCKED_TIME, go_write_blocked_time},
		{METRIC_GO_WAITS, go_write_waits},
		{METRIC_GO_OLDEST, go_write_oldest},
		{METRIC_GO_PARKS, go_write_parks},
		{METRIC_GO_SWITCHES, go_write_switches},
		{METRIC_GO_CREATED, go_write_created},
		{METRIC_GO_LATENCY, go_write_latency},
		{METRIC_GO_PAUSE, go_write_pauses},
		{METRIC_GO_MUTEX_WAIT, go_write_mutex_wait},
		{METRIC_GO_THREADS, go_write_threads},
	};
	static const struct go_family leak_families[] = {
		{METRIC_GO_LEAK_GOROUTINES, go_write_leak_goroutines},
		{METRIC_GO_LEAK_SITES, go_write_leak_sites},
	};
	const struct go_metrics *m = arg;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		go_each_service(w, m, &families[i]);
	go_write_thread_times(w);
	for (size_t i = 0; i < ARRAY_SIZE(leak_families); i++)
		go_each_service(w, m, &leak_families[i]);
	go_write_looks(w, m);
}
