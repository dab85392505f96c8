/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Members are only ever added; a change that breaks readers raises "version". */
#include "output/json_writer.h"
#include "output/runq.h"

#define RUNQ_JSON_VERSION 1

int64_t runq_report_imbalance_ns(const struct runq_report *r)
{
	const __u64 *c = r->counters.values;

	return (int64_t)(c[RUNQ_C_WAIT_NS] + c[RUNQ_C_OPEN_NS] - r->table->wait_ns -
			 c[RUNQ_C_LOST_NS]);
}

/* Names are NUL-terminated by the kernel; that is not taken for granted. */
static void write_comm(struct json *j, const char *comm)
{
	char text[WIRE_COMM_LEN + 1] = {0};

	for (int i = 0; i < WIRE_COMM_LEN; i++)
		text[i] = comm[i];
	json__member_string(j, "comm", text);
}

static void write_who(struct json *j, const struct runq_report *r, const struct runq_row *row)
{
	const char *class;

	switch (r->by) {
	case RUNQ_BY_THREAD:
		json__member_u64(j, "tid", row->who.tid);
		/* fallthrough */
	case RUNQ_BY_PROCESS:
		json__member_u64(j, "pid", row->who.pid);
		write_comm(j, row->comm);
		break;
	case RUNQ_BY_CPU:
		json__member_u64(j, "cpu", row->who.pid);
		break;
	default:
		class = runq_class_name(row->who.pid);
		json__member_u64(j, "policy", row->who.pid);
		json__member_string(j, "class", class ? class : "unknown");
		break;
	}
}

static void write_histogram(struct json *j, const struct histogram *h)
{
	json__key(j, "histogram");
	json__begin_array(j);
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t cnt = histogram__count(h, i);

		if (!cnt)
			continue;
		json__begin_object(j);
		json__member_u64(j, "from_ns", histogram_lower(i));
		json__member_u64(j, "width_ns", histogram_width(i));
		json__member_u64(j, "waits", cnt);
		json__end_object(j);
	}
	json__end_array(j);
}

static void write_ran(struct json *j, const struct runq_report *r, const struct runq_ran *ran)
{
	const struct runq_who *who = &ran->key.ran;

	json__line(j);
	json__begin_object(j);
	if (who->pid == RUNQ_NOBODY_KNOWS) {
		json__member_string(j, "kind", "unknown");
	} else if (!who->start_ns) {
		json__member_string(j, "kind", "idle");
	} else {
		json__member_string(j, "kind", "task");
		json__member_u64(j, "pid", who->pid);
		if (r->by == RUNQ_BY_THREAD)
			json__member_u64(j, "tid", who->tid);
		write_comm(j, ran->sum.comm);
	}
	json__member_u64(j, "ns", ran->sum.ns);
	json__member_u64(j, "stretches", ran->sum.cnt);
	json__member_u64(j, "preemptions", ran->sum.preempt_cnt);
	json__end_object(j);
}

static void write_rans(struct json *j, const struct runq_report *r, const struct runq_ran *rans,
		       size_t cnt)
{
	json__line(j);
	json__key(j, "ran_instead");
	json__begin_array(j);
	for (size_t i = 0; i < cnt; i++)
		write_ran(j, r, &rans[i]);
	json__end_array(j);
}

static void write_row(struct json *j, const struct runq_report *r, const struct runq_row *row)
{
	const struct histogram *h = &row->waits;

	json__line(j);
	json__begin_object(j);
	write_who(j, r, row);
	json__member_u64(j, "waits", h->cnt);
	json__member_u64(j, "wait_ns", row->ns);
	json__member_u64(j, "mean_ns", h->cnt ? row->ns / h->cnt : 0);
	json__member_u64(j, "p50_ns", histogram__quantile(h, 500));
	json__member_u64(j, "p95_ns", histogram__quantile(h, 950));
	json__member_u64(j, "p99_ns", histogram__quantile(h, 990));
	json__member_u64(j, "max_ns", h->max);
	json__member_u64(j, "open", row->open_cnt);
	json__member_u64(j, "open_ns", row->open_ns);
	json__line(j);
	write_histogram(j, h);
	write_rans(j, r, &r->table->rans[row->first_ran], row->ran_cnt);
	json__end_object(j);
}

static void write_ledger(struct json *j, const struct runq_report *r)
{
	static const char *const names[RUNQ_COUNTER_CNT] = {
#define X(id, name, help) [RUNQ_C_##id] = name,
		RUNQ_COUNTERS_LIST(X)
#undef X
	};

	json__line(j);
	json__key(j, "ledger");
	json__begin_object(j);
	json__member_u64(j, "delivered", r->table->wait_cnt);
	json__member_u64(j, "delivered_ns", r->table->wait_ns);
	json__member_u64(j, "ran_delivered_ns", r->table->ran_ns);
	json__key(j, "imbalance_ns");
	json__s64(j, runq_report_imbalance_ns(r));
	json__key(j, "counters");
	json__begin_object(j);
	for (int i = 0; i < RUNQ_COUNTER_CNT; i++)
		json__member_u64(j, names[i], r->counters.values[i]);
	json__member_u64(j, "task_state_full", r->untraced_cnt);
	json__end_object(j);
	json__end_object(j);
}

int runq_write_json(const struct runq_report *r, FILE *to)
{
	struct json j;
	struct out out;

	out__init(&out, to);
	json__init(&j, &out);
	json__begin_object(&j);
	json__member_string(&j, "format", "dwell-runq");
	json__member_u64(&j, "version", RUNQ_JSON_VERSION);
	json__member_string(&j, "title", r->title);
	json__member_string(&j, "by", runq_by_name(r->by));
	json__member_string(&j, "probes", r->probes);
	json__member_u64(&j, "begin_ns", r->begin_ns);
	json__member_u64(&j, "end_ns", r->end_ns);
	json__member_bool(&j, "last", r->last);
	json__line(&j);
	json__key(&j, "rows");
	json__begin_array(&j);
	for (size_t i = 0; i < r->table->cnt; i++)
		write_row(&j, r, &r->table->rows[i]);
	json__end_array(&j);
	write_rans(&j, r, r->table->sums, r->table->sum_cnt);
	if (r->last)
		write_ledger(&j, r);
	json__end_object(&j);
	out__putc(&out, '\n');
	return out__finish(&out);
}
