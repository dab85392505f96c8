/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* System calls as JSON: times are nanoseconds. */
#include <string.h>

#include "format/syscall_table.h"
#include "output/calls.h"
#include "output/json_writer.h"
#include "output/out.h"

static void write_errors(struct json *j, const struct calls_report *r, const struct call_stat *c)
{
	char name[CALL_NAME_LEN];

	json__key(j, "errors");
	json__begin_object(j);
	for (size_t i = 0; i < c->error_cnt; i++)
		json__member_u64(j, calls_report_error(r, c->errors[i].error, name),
				 c->errors[i].cnt);
	json__end_object(j);
}

/* [lower bound, width, count] of each bucket that holds any. */
static void write_histogram(struct json *j, const struct histogram *h)
{
	json__key(j, "histogram");
	json__begin_array(j);
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!histogram__count(h, i))
			continue;
		json__begin_array(j);
		json__u64(j, histogram_lower(i));
		json__u64(j, histogram_width(i));
		json__u64(j, histogram__count(h, i));
		json__end_array(j);
	}
	json__end_array(j);
}

static void write_name(struct json *j, uint32_t nr)
{
	const char *known = syscall_name(nr & ~CALL_NR_COMPAT, nr & CALL_NR_COMPAT);
	char name[CALL_NAME_LEN];

	json__member_string(j, "call", known ? known : call_name(nr & ~CALL_NR_COMPAT, name));
	json__member_u64(j, "nr", nr & ~CALL_NR_COMPAT);
	json__member_bool(j, "compat", nr & CALL_NR_COMPAT);
}

/* Its number is this run's own. */
static void write_other_name(struct json *j, const struct calls_report *r, uint32_t nr)
{
	char name[CALL_NAME_LEN];

	json__member_string(j, "call", calls_report_call(r, nr, name));
}

static void write_stat(struct json *j, const struct calls_report *r, const struct call_stat *c)
{
	char entity[CALLS_NAME_LEN];

	json__line(j);
	json__begin_object(j);
	if (r->entities) {
		r->name(r->arg, &c->entity, entity);
		json__member_string(j, "of", entity);
		json__member_u64(j, "of_id", c->entity.nr ? c->entity.nr : c->entity.id);
	}
	if (r->names)
		write_other_name(j, r, c->nr);
	else
		write_name(j, c->nr);
	json__member_u64(j, "calls", c->lengths.cnt);
	json__member_u64(j, "failed", c->failed_cnt);
	write_errors(j, r, c);
	json__member_u64(j, "total_ns", c->total_ns);
	json__member_u64(j, "on_cpu_ns", call_stat_on_cpu_ns(c));
	json__member_u64(j, "blocked_ns", c->blocked_ns);
	json__member_u64(j, "runnable_ns", c->runnable_ns);
	json__member_u64(j, "mean_ns", call_stat_mean_ns(c));
	json__member_u64(j, "p50_ns", histogram__quantile(&c->lengths, 500));
	json__member_u64(j, "p95_ns", histogram__quantile(&c->lengths, 950));
	json__member_u64(j, "p99_ns", histogram__quantile(&c->lengths, 990));
	json__member_u64(j, "max_ns", c->lengths.max);
	json__member_u64(j, "open", c->open_cnt);
	json__member_u64(j, "open_max_ns", c->open_max_ns);
	if (r->histograms)
		write_histogram(j, &c->lengths);
	json__end_object(j);
}

static void write_ledger(struct json *j, const struct calls_ledger *l)
{
	json__line(j);
	json__key(j, "ledger");
	json__begin_object(j);
	json__member_u64(j, "entered", l->entered_cnt);
	json__member_u64(j, "counted", l->counted_cnt);
	json__member_u64(j, "filtered", l->filtered_cnt);
	json__member_u64(j, "open", l->open_cnt);
	json__key(j, "lost");
	json__begin_object(j);
	json__member_u64(j, "syscall_map_full", l->map_full_cnt);
	json__member_u64(j, "no_return_seen", l->no_return_cnt);
	json__member_u64(j, "undelivered", l->undelivered_cnt);
	json__end_object(j);
	json__member_u64(j, "errno_lost", l->error_full_cnt);
	json__member_u64(j, "probe_runs_missed", l->missed_cnt);
	json__member_u64(j, "task_state_full", l->threads_full_cnt);
	json__member_u64(j, "names_lost", l->names_full_cnt);
	json__member_u64(j, "slow", l->slow_cnt);
	json__member_u64(j, "slow_lost", l->slow_lost_cnt);
	json__end_object(j);
}

int calls_json_write(const struct calls_report *r, FILE *to)
{
	struct json j;
	struct out o;

	out__init(&o, to);
	json__init(&j, &o);
	json__begin_object(&j);
	json__member_string(&j, "format", "dwell-syscalls");
	json__member_string(&j, "version", r->version);
	json__member_string(&j, "target", r->title);
	json__member_string(&j, "probes", r->probes);
	json__member_string(&j, "by", r->by);
	json__member_u64(&j, "start_realtime_ns", r->realtime_ns);
	json__member_u64(&j, "window_ns", r->stop_ns - r->start_ns);
	if (r->ledger)
		write_ledger(&j, r->ledger);
	json__line(&j);
	json__key(&j, "calls");
	json__begin_array(&j);
	for (size_t i = 0; i < r->stats->cnt; i++)
		write_stat(&j, r, &r->stats->items[i]);
	json__line(&j);
	json__end_array(&j);
	json__end_object(&j);
	out__putc(&o, '\n');
	return out__finish(&o);
}

int calls_slow_write_json(const struct calls_slow *s, FILE *to)
{
	char comm[WIRE_COMM_LEN + 1] = {0};
	const struct call_record *rec = s->rec;
	uint32_t error = call_errno(rec->result);
	struct json j;
	struct out o;

	out__init(&o, to);
	memcpy(comm, rec->comm, WIRE_COMM_LEN);
	json__init(&j, &o);
	json__begin_object(&j);
	json__key(&j, "slow");
	json__begin_object(&j);
	json__member_u64(&j, "realtime_ns", s->realtime_ns);
	json__member_u64(&j, "pid", rec->image.pid);
	json__member_u64(&j, "tid", rec->tid);
	json__member_string(&j, "comm", comm);
	write_name(&j, rec->nr);
	json__member_u64(&j, "total_ns", rec->time.total_ns);
	json__member_u64(&j, "blocked_ns", rec->time.blocked_ns);
	json__member_u64(&j, "runnable_ns", rec->time.runnable_ns);
	json__key(&j, "result");
	json__s64(&j, rec->result);
	if (error && syscall_error_name(error))
		json__member_string(&j, "error", syscall_error_name(error));
	if (s->file) {
		json__member_u64(&j, "fd", (uint32_t)rec->arg);
		json__member_string(&j, "file", s->file);
	}
	if (s->frame_cnt) {
		json__key(&j, "stack");
		json__begin_array(&j);
		for (size_t i = 0; i < s->frame_cnt; i++)
			json__string(&j, s->frames[i]);
		json__end_array(&j);
	}
	json__end_object(&j);
	json__end_object(&j);
	out__putc(&o, '\n');
	return out__finish(&o);
}
