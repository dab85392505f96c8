/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The metrics of what is written to files and sent to receivers. */
#include "output/metrics_part.h"

static void metrics_write_outputs(struct metrics_writer *w)
{
	const struct metrics_snapshot *s = w->s;

	if (!s->output_cnt)
		return;
	metrics_family(w, METRIC_OUTPUT_FAILING);
	for (size_t i = 0; i < s->output_cnt; i++)
		exposition__sample(&w->x, METRICS_LABEL("output", s->outputs[i].name),
				   s->outputs[i].failing, 0);
	metrics_family(w, METRIC_OUTPUT_FAILURES);
	for (size_t i = 0; i < s->output_cnt; i++)
		exposition__sample(&w->x, METRICS_LABEL("output", s->outputs[i].name),
				   s->outputs[i].failure_cnt, 0);
}

/* What a family shows of a target. */
typedef void (*target_fn)(struct metrics_writer *w, const struct metrics_target *t);

static void metrics_each_target(struct metrics_writer *w, enum metric_id id, target_fn fn)
{
	metrics_family(w, id);
	for (size_t i = 0; i < w->s->target_cnt; i++)
		fn(w, &w->s->targets[i]);
}

static void target_value(struct metrics_writer *w, const struct metrics_target *t, uint64_t value)
{
	exposition__sample(&w->x, METRICS_LABEL("target", t->name), value, 0);
}

static void target_time(struct metrics_writer *w, const struct metrics_target *t, uint64_t ns)
{
	if (ns)
		exposition__sample(&w->x, METRICS_LABEL("target", t->name), ns, METRICS_NS);
}

static void target_causes(struct metrics_writer *w, const struct metrics_target *t,
			  const struct metrics_cause *causes, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		exposition__sample(&w->x,
				   METRICS_LABELS("target", t->name, "cause", causes[i].name),
				   causes[i].cnt, 0);
}

static void target_bytes(struct metrics_writer *w, const struct metrics_target *t)
{
	target_value(w, t, t->bytes);
}

static void target_segments(struct metrics_writer *w, const struct metrics_target *t)
{
	target_value(w, t, t->segment_cnt);
}

static void target_oldest(struct metrics_writer *w, const struct metrics_target *t)
{
	target_time(w, t, t->oldest_ns);
}

static void target_dropped(struct metrics_writer *w, const struct metrics_target *t)
{
	target_causes(w, t, t->dropped, t->dropped_cnt);
}

static void target_requests(struct metrics_writer *w, const struct metrics_target *t)
{
	if (t->has_status)
		target_value(w, t, t->request_cnt);
}

static void target_failures(struct metrics_writer *w, const struct metrics_target *t)
{
	if (t->has_status)
		target_causes(w, t, t->failures, t->failure_cnt);
}

static void target_sent(struct metrics_writer *w, const struct metrics_target *t)
{
	if (t->has_status)
		target_value(w, t, t->sent_cnt);
}

static void target_success(struct metrics_writer *w, const struct metrics_target *t)
{
	if (t->has_status)
		target_time(w, t, t->last_success_ns);
}

void metrics_write_targets(struct metrics_writer *w)
{
	metrics_write_outputs(w);
	if (!w->s->target_cnt)
		return;
	metrics_each_target(w, METRIC_SPOOL_BYTES, target_bytes);
	metrics_each_target(w, METRIC_SPOOL_SEGMENTS, target_segments);
	metrics_each_target(w, METRIC_SPOOL_OLDEST, target_oldest);
	metrics_each_target(w, METRIC_SPOOL_DROPPED, target_dropped);
	metrics_each_target(w, METRIC_UPLOAD_REQUESTS, target_requests);
	metrics_each_target(w, METRIC_UPLOAD_FAILURES, target_failures);
	metrics_each_target(w, METRIC_UPLOAD_SEGMENTS, target_sent);
	metrics_each_target(w, METRIC_UPLOAD_TIME, target_success);
}
