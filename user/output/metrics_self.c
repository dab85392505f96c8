/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The metrics of the ledger, of the program itself, and of what it writes and sends. */
#include "output/metrics_part.h"

#define METRICS_PPM_DECIMALS 6

/* ---- the ledger ---- */

static uint64_t metrics_block_cnt(const struct metrics *m)
{
	uint64_t cnt = 0;

	for (int i = 0; i < REASON_CNT; i++)
		cnt += m->block[i].cnt;
	return cnt;
}

static void metrics_sample(struct metrics_writer *w, const char *label, const char *value,
			   uint64_t cnt)
{
	exposition__sample(&w->x, METRICS_LABEL(label, value), cnt, 0);
}

/* One that the tracers of some systems have: of the others it would say that nothing is lost where nobody counts. */
static void metrics_sample_if_any(struct metrics_writer *w, const char *label, const char *value,
				  uint64_t cnt)
{
	if (cnt)
		metrics_sample(w, label, value, cnt);
}

static void metrics_write_events(struct metrics_writer *w)
{
	const struct metrics *m = &w->s->counts;
	const struct call_metrics *calls = w->s->calls;

	metrics_family(w, METRIC_EVENTS);
	metrics_sample(w, "event", "block", metrics_block_cnt(m));
	metrics_sample(w, "event", "preempted", m->preempted_cnt);
	metrics_sample(w, "event", "exec", m->counters[WIRE_C_EXECS]);
	metrics_sample(w, "event", "fork", m->counters[WIRE_C_FORKS]);
	metrics_sample(w, "event", "exit", m->counters[WIRE_C_EXITS]);
	if (calls)
		metrics_sample(w, "event", "syscall_enter", calls->entered_cnt);
	metrics_family(w, METRIC_EVENTS_LOST);
	metrics_sample(w, "cause", "spill_full", m->lost.cnt);
	metrics_sample(w, "cause", "task_state_full", m->counters[WIRE_C_TASK_STATE_FULL]);
	metrics_sample(w, "cause", "stack", m->counters[WIRE_C_STACK_LOST]);
	metrics_sample(w, "cause", "process_event", m->counters[WIRE_C_PROCESS_EVENT_LOST]);
	metrics_sample(w, "cause", "waker", m->counters[WIRE_C_WAKER_LOST]);
	metrics_sample_if_any(w, "cause", "trace_event", m->counters[WIRE_C_TRACE_EVENTS_LOST]);
	metrics_sample_if_any(w, "cause", "trace_buffer", m->counters[WIRE_C_TRACE_BUFFERS_LOST]);
	if (calls)
		metrics_sample(w, "cause", "syscall", calls->lost_cnt);
}

static void metrics_write_terms(struct metrics_writer *w)
{
	const struct metrics *m = &w->s->counts;

	metrics_one(w, METRIC_OBSERVED, m->observed.ns, METRICS_NS);
	metrics_one(w, METRIC_DELIVERED, m->delivered.ns, METRICS_NS);
	metrics_one(w, METRIC_FILTERED, m->filtered.ns, METRICS_NS);
	metrics_one(w, METRIC_SPILLED, m->spilled.ns, METRICS_NS);
	metrics_one(w, METRIC_SPILLED_BEFORE, m->spilled_before.ns, METRICS_NS);
	metrics_family(w, METRIC_LOST);
	exposition__sample(&w->x, METRICS_LABEL("cause", "spill_full"), m->lost.ns, METRICS_NS);
	metrics_one(w, METRIC_AVERAGED, m->averaged_cnt, 0);
	metrics_one(w, METRIC_MERGED, m->merged_cnt, 0);
	metrics_one(w, METRIC_COMPLETENESS, m->completeness_ppm, METRICS_PPM_DECIMALS);
}

static void metrics_write_stacks(struct metrics_writer *w)
{
	static const char *const names[WIRE_END_CNT] = {
#define X(id, name, frame, help) [WIRE_END_##id] = name,
		WIRE_STACK_ENDS_LIST(X)
#undef X
	};
	const uint64_t *c = w->s->counts.counters;

	metrics_family(w, METRIC_UNMATCHED);
	metrics_sample(w, "cause", "no_wakeup", c[WIRE_C_NO_WAKEUP]);
	metrics_sample(w, "cause", "clamped", c[WIRE_C_CLAMPED]);
	metrics_sample(w, "cause", "unpaired", c[WIRE_C_UNPAIRED]);
	metrics_sample_if_any(w, "cause", "chain_break", c[WIRE_C_CHAIN_BREAKS]);
	metrics_family(w, METRIC_STACK_FAILURES);
	metrics_sample(w, "stack", "kernel", c[WIRE_C_KERNEL_STACK_FAILED]);
	metrics_sample(w, "stack", "user", c[WIRE_C_USER_STACK_FAILED]);
	metrics_family(w, METRIC_UNWIND_ERRORS);
	for (int end = WIRE_END_OUTERMOST + 1; end < WIRE_END_CNT; end++)
		metrics_sample(w, "cause", names[end], c[WIRE_C_UNWIND_END(end)]);
}

static void metrics_write_symbols(struct metrics_writer *w)
{
	static const char *const names[SYMBOLIZER_MISS_CNT] = {
		[SYMBOLIZER_NO_SYMBOLS] = "no_symbols",
		[SYMBOLIZER_FILE_GONE] = "file_gone",
		[SYMBOLIZER_JIT] = "jit",
		[SYMBOLIZER_KERNEL_RESTRICTED] = "kernel_restricted",
	};
	const struct symbolizer_counts *c = &w->s->symbols;

	metrics_one(w, METRIC_SYMBOL_LOOKUPS, c->lookup_cnt, 0);
	metrics_family(w, METRIC_SYMBOL_MISSES);
	for (int i = 0; i < SYMBOLIZER_MISS_CNT; i++)
		metrics_sample(w, "cause", names[i], c->miss_cnt[i]);
}

void metrics_write_ledger(struct metrics_writer *w)
{
	metrics_write_events(w);
	metrics_write_terms(w);
	metrics_one(w, METRIC_RING_USED, w->s->ring_used_bytes, 0);
	metrics_one(w, METRIC_RING_SIZE, w->s->ring_size_bytes, 0);
	metrics_family(w, METRIC_EVENT_DELAY);
	exposition__histogram(&w->x, NULL, &bounds_time, &w->s->counts.delay, METRICS_NS);
	metrics_write_stacks(w);
	metrics_write_symbols(w);
	if (w->s->last_event_ns)
		metrics_one(w, METRIC_LAST_EVENT, w->s->last_event_ns, METRICS_NS);
}

/* ---- the program ---- */

static void metrics_write_info(struct metrics_writer *w)
{
	const struct metrics_snapshot *s = w->s;
	const struct metric_labels labels = {.items = {{"version", s->version},
						       {"revision", s->revision},
						       {"kernel", s->kernel},
						       {"libbpf", s->libbpf}}};

	metrics_family(w, METRIC_BUILD_INFO);
	exposition__sample(&w->x, &labels, 1, 0);
}

static void metrics_write_programs(struct metrics_writer *w)
{
	const struct metrics_snapshot *s = w->s;

	if (!s->program_cnt)
		return;
	metrics_family(w, METRIC_PROGRAM_RUNS);
	for (size_t i = 0; i < s->program_cnt; i++)
		metrics_sample(w, "program", s->programs[i].name, s->programs[i].run_cnt);
	metrics_family(w, METRIC_PROGRAM_RUN_TIME);
	for (size_t i = 0; i < s->program_cnt; i++)
		exposition__sample(&w->x, METRICS_LABEL("program", s->programs[i].name),
				   s->programs[i].run_ns, METRICS_NS);
}

static void metrics_write_probes(struct metrics_writer *w)
{
	const struct metrics_snapshot *s = w->s;

	if (s->probe_cnt)
		metrics_family(w, METRIC_PROBE_ATTACHED);
	for (size_t i = 0; i < s->probe_cnt; i++)
		metrics_sample(w, "probe", s->probes[i].name, s->probes[i].attached);
}

static void metrics_write_maps(struct metrics_writer *w)
{
	const struct metrics_snapshot *s = w->s;

	if (!s->map_cnt)
		return;
	metrics_family(w, METRIC_MAP_ENTRIES);
	for (size_t i = 0; i < s->map_cnt; i++)
		metrics_sample(w, "map", s->maps[i].name, s->maps[i].entry_cnt);
	metrics_family(w, METRIC_MAP_MAX_ENTRIES);
	for (size_t i = 0; i < s->map_cnt; i++)
		metrics_sample(w, "map", s->maps[i].name, s->maps[i].max_entries);
}

void metrics_write_program(struct metrics_writer *w)
{
	const struct metrics_snapshot *s = w->s;

	metrics_write_info(w);
	metrics_write_programs(w);
	metrics_write_probes(w);
	metrics_write_maps(w);
	metrics_one(w, METRIC_MIN_INTERVAL, s->min_interval_ns, METRICS_NS);
	metrics_one(w, METRIC_THROTTLE_LEVEL, s->throttle_level, 0);
	if (s->has_config) {
		metrics_one(w, METRIC_RELOAD_OK, s->reload_ok, 0);
		metrics_one(w, METRIC_RELOAD_TIME, s->reload_ns, METRICS_NS);
	}
	metrics_one(w, METRIC_SCRAPE_DURATION, s->scrape_ns, METRICS_NS);
	metrics_one(w, METRIC_EXPOSITION_BYTES, s->exposition_bytes, 0);
}
