/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/goroutines_parts.h"

static void write_histogram(struct json *j, const char *key, const struct go_histogram *h)
{
	json__line(j);
	json__key(j, key);
	json__begin_object(j);
	json__member_u64(j, "count", go_histogram__total(h));
	json__member_u64(j, "p50_ns", go_histogram__quantile_ns(h, 500));
	json__member_u64(j, "p90_ns", go_histogram__quantile_ns(h, 900));
	json__member_u64(j, "p99_ns", go_histogram__quantile_ns(h, 990));
	json__member_u64(j, "max_ns", go_histogram__quantile_ns(h, 1000));
	json__member_u64(j, "underflow", h->underflow);
	json__member_u64(j, "overflow", h->overflow);
	json__key(j, "buckets");
	json__begin_array(j);
	for (size_t i = 0; i < GO_HISTOGRAM_CNT; i++) {
		if (!h->counts[i])
			continue;
		json__begin_object(j);
		json__member_u64(j, "from_ns", go_histogram_bound_ns(i));
		json__member_u64(j, "to_ns", go_histogram_bound_ns(i + 1));
		json__member_u64(j, "count", h->counts[i]);
		json__end_object(j);
	}
	json__end_array(j);
	json__end_object(j);
}

void goroutines_json_scheduler(struct json *j, const struct go_sched_stats *s)
{
	static const char *const stopping[] = {"stopping_gc", "stopping_other"};
	static const char *const paused[] = {"paused_gc", "paused_other"};

	json__line(j);
	json__key(j, "scheduler");
	json__begin_object(j);
	json__member_u64(j, "threads", (uint64_t)s->threads);
	json__member_u64(j, "idle_threads", (uint64_t)s->idle_threads);
	json__member_u64(j, "spinning_threads", (uint64_t)s->spinning_threads);
	json__member_u64(j, "idle_procs", (uint64_t)s->idle_procs);
	json__member_u64(j, "global_run_queue", (uint64_t)s->run_queue);
	json__member_u64(j, "goroutines_created", s->created);
	if (s->has_mutex_wait)
		json__member_u64(j, "mutex_wait_ns", s->mutex_wait_ns);
	write_histogram(j, "latency", &s->latency);
	for (int i = 0; s->has_pauses && i < GO_PAUSE_CNT; i++) {
		write_histogram(j, stopping[i], &s->stopping[i]);
		write_histogram(j, paused[i], &s->paused[i]);
	}
	json__end_object(j);
}
