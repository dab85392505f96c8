/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The profile as one JSON object, for programs: nothing is merged or rounded, times are
 * nanoseconds. Members are only ever added; a change that breaks readers raises "version".
 */
#include "output/json_goroutine.h"
#include "output/json_waker.h"
#include "output/json_writer.h"
#include "output/syscall_text.h"

#include "output/frame_kind.h"
#include "output/writer.h"

#define JSON_VERSION 1

static void write_notes(struct json *j, const struct profile *p)
{
	json__line(j);
	json__key(j, "notes");
	json__begin_object(j);
	for (size_t i = 0; i < p->note_cnt; i++)
		json__member_string(j, profile__str(p, p->notes[i].key),
				    profile__str(p, p->notes[i].value));
	json__end_object(j);
}

static void write_totals(struct json *j, const struct profile *p)
{
	uint64_t blocked_ns = 0, runnable_ns = 0, cnt = 0;

	for (size_t i = 0; i < p->sample_cnt; i++) {
		blocked_ns += p->samples[i].blocked_ns;
		runnable_ns += p->samples[i].runnable_ns;
		cnt += p->samples[i].cnt;
	}
	json__line(j);
	json__key(j, "totals");
	json__begin_object(j);
	json__member_u64(j, "blocked_ns", blocked_ns);
	json__member_u64(j, "runnable_ns", runnable_ns);
	json__member_u64(j, "intervals", cnt);
	json__member_u64(j, "samples", p->sample_cnt);
	json__member_u64(j, "hidden_ns", p->hidden_ns);
	if (p->left_out_ns)
		json__member_u64(j, "not_selected_ns", p->left_out_ns);
	json__end_object(j);
}

static void write_reasons(struct json *j, const struct profile *p)
{
	struct {
		uint64_t blocked_ns, runnable_ns, cnt;
	} sums[REASON_CNT] = {0};

	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];
		unsigned int reason = s->reason < REASON_CNT ? s->reason : REASON_OTHER;

		sums[reason].blocked_ns += s->blocked_ns;
		sums[reason].runnable_ns += s->runnable_ns;
		sums[reason].cnt += s->cnt;
	}
	json__line(j);
	json__key(j, "reasons");
	json__begin_object(j);
	for (int i = 0; i < REASON_CNT; i++) {
		json__line(j);
		json__key(j, reason_name((enum reason)i));
		json__begin_object(j);
		json__member_u64(j, "blocked_ns", sums[i].blocked_ns);
		json__member_u64(j, "runnable_ns", sums[i].runnable_ns);
		json__member_u64(j, "intervals", sums[i].cnt);
		json__end_object(j);
	}
	json__end_object(j);
}

static void write_term(struct json *j, const char *key, struct ledger_term t)
{
	json__key(j, key);
	json__begin_object(j);
	json__member_u64(j, "ns", t.ns);
	json__member_u64(j, "intervals", t.cnt);
	json__end_object(j);
}

static void write_counters(struct json *j, const struct ledger *l)
{
	static const char *const names[WIRE_COUNTER_CNT] = {
#define X(id, name, help) [WIRE_C_##id] = name,
		WIRE_COUNTERS_LIST(X)
#undef X
	};

	json__line(j);
	json__key(j, "counters");
	json__begin_object(j);
	for (int i = 0; i < WIRE_COUNTER_CNT; i++)
		json__member_u64(j, names[i], l->counters[i]);
	json__end_object(j);
}

static void write_ledger(struct json *j, const struct ledger *l)
{
	const struct {
		const char *ns, *cnt;
		struct ledger_term term;
	} terms[] = {
		{"observed_ns", "observed_intervals", l->observed},
		{"delivered_ns", "delivered_intervals", l->delivered},
		{"filtered_ns", "filtered_intervals", l->filtered},
		{"open_ns", "open_intervals", l->open},
		{"spilled_ns", "spilled_intervals", l->spilled},
		{"spilled_read_ns", "spilled_read_intervals", l->spilled_read},
	};

	json__line(j);
	json__key(j, "ledger");
	json__begin_object(j);
	for (size_t i = 0; i < ARRAY_SIZE(terms); i++) {
		json__member_u64(j, terms[i].ns, terms[i].term.ns);
		json__member_u64(j, terms[i].cnt, terms[i].term.cnt);
	}
	json__line(j);
	json__key(j, "lost");
	json__begin_object(j);
	write_term(j, "spill_full", l->lost_spill_full);
	json__end_object(j);
	json__key(j, "imbalance_ns");
	json__s64(j, ledger__imbalance_ns(l));
	write_counters(j, l);
	json__end_object(j);
}

static void write_schedstat(struct json *j, const struct profile_thread *t)
{
	json__key(j, "schedstat");
	json__begin_object(j);
	json__member_u64(j, "on_cpu_ns", t->kernel_on_cpu_ns);
	json__member_u64(j, "runnable_ns", t->kernel_runnable_ns);
	json__member_bool(j, "approximate", t->kernel_approx);
	json__end_object(j);
}

static void write_thread(struct json *j, const struct profile *p, const struct profile_thread *t,
			 uint64_t origin_ns)
{
	json__line(j);
	json__begin_object(j);
	json__member_u64(j, "pid", t->pid);
	json__member_u64(j, "tid", t->tid);
	json__member_string(j, "comm", profile__str(p, t->comm));
	json__member_bool(j, "kthread", t->kthread);
	if (t->goroutine)
		json__member_bool(j, "goroutine", true);
	json__member_bool(j, "exited", t->exited);
	json__member_bool(j, "open", t->open);
	json__member_bool(j, "totals_known", t->totals_known);
	json__member_u64(j, "begin_ns", t->begin_ns > origin_ns ? t->begin_ns - origin_ns : 0);
	json__member_u64(j, "end_ns", t->end_ns > origin_ns ? t->end_ns - origin_ns : 0);
	json__member_u64(j, "on_cpu_ns", t->on_cpu_ns);
	json__member_u64(j, "blocked_ns", t->blocked_ns);
	json__member_u64(j, "runnable_ns", t->runnable_ns);
	json__member_u64(j, "intervals", t->intervals);
	json__member_u64(j, "open_blocked_ns", t->open_blocked_ns);
	json__member_u64(j, "open_runnable_ns", t->open_runnable_ns);
	write_schedstat(j, t);
	json__end_object(j);
}

static void write_threads(struct json *j, const struct profile *p)
{
	uint64_t origin_ns = UINT64_MAX;

	for (size_t i = 0; i < p->thread_cnt; i++)
		if (p->threads[i].totals_known && p->threads[i].begin_ns < origin_ns)
			origin_ns = p->threads[i].begin_ns;
	json__line(j);
	json__key(j, "threads");
	json__begin_array(j);
	for (size_t i = 0; i < p->thread_cnt; i++)
		write_thread(j, p, &p->threads[i], origin_ns);
	json__end_array(j);
}

static void write_frames(struct json *j, const struct profile *p)
{
	json__line(j);
	json__key(j, "frames");
	json__begin_array(j);
	for (size_t i = 0; i < p->frame_cnt; i++) {
		const struct profile_frame *f = &p->frames[i];

		json__line(j);
		json__begin_object(j);
		json__member_string(j, "name", profile__str(p, f->name));
		json__member_string(j, "module", profile__str(p, f->module));
		json__member_string(j, "kind", frame_kind_name(f->kind));
		if (f->file)
			json__member_string(j, "file", profile__str(p, f->file));
		if (f->line)
			json__member_u64(j, "line", f->line);
		json__end_object(j);
	}
	json__end_array(j);
}

static void write_state(struct json *j, const struct profile_sample *s)
{
	const char state[] = {s->state, '\0'};
	char syscall[SYSCALL_TEXT_LEN];

	json__member_string(j, "state", state);
	if (s->syscall)
		json__member_string(j, "syscall", syscall_text(s->syscall, syscall));
	/* With "at_least" and no time at all nothing is known of it. */
	json__member_bool(j, "at_least", s->at_least);
}

static void write_stack(struct json *j, const struct profile *p, const struct profile_sample *s)
{
	static const struct profile_thread nobody;
	const struct profile_thread *t =
		s->thread < p->thread_cnt ? &p->threads[s->thread] : &nobody;

	json__line(j);
	json__begin_object(j);
	json__key(j, "frames");
	json__begin_array(j);
	for (uint32_t i = 0; i < s->frame_cnt; i++)
		json__u64(j, p->frame_ids[s->first_frame + i]);
	json__end_array(j);
	json__member_u64(j, "pid", t->pid);
	json__member_u64(j, "tid", t->tid);
	json__member_string(j, "comm", profile__str(p, t->comm));
	json__member_string(j, "reason", reason_name((enum reason)s->reason));
	if (s->wait_name)
		json__member_string(j, "wait_reason", profile__str(p, s->wait_name));
	if (t->goroutine)
		json__member_goroutine(j, p, s->wait_name);
	json__member_labels(j, p, s->labels);
	json__member_bool(j, "open", s->open);
	json__member_u64(j, "intervals", s->cnt);
	json__member_u64(j, "blocked_ns", s->blocked_ns);
	json__member_u64(j, "runnable_ns", s->runnable_ns);
	json__member_u64(j, "max_ns", s->max_ns);
	if (s->state)
		write_state(j, s);
	if (p->has_wakers)
		json__member_waker(j, p, s);
	if (s->lock) {
		json__member_string(j, "lock", profile__str(p, s->lock));
		json__member_string(j, "lock_owner", profile__str(p, s->lock_owner));
	}
	json__end_object(j);
}

static int json_write(const struct profile *p, const struct writer_opts *opts _unused_, FILE *to)
{
	struct json j;
	struct out out;

	out__init(&out, to);
	json__init(&j, &out);
	json__begin_object(&j);
	json__member_string(&j, "format", "dwell-profile");
	json__member_u64(&j, "version", JSON_VERSION);
	json__member_string(&j, "title", profile__str(p, p->title));
	json__member_u64(&j, "start_realtime_ns", p->start_realtime_ns);
	json__member_u64(&j, "start_boottime_ns", p->start_boottime_ns);
	json__member_u64(&j, "window_ns", p->window_ns);
	write_notes(&j, p);
	write_totals(&j, p);
	write_reasons(&j, p);
	write_ledger(&j, &p->ledger);
	write_threads(&j, p);
	write_frames(&j, p);
	json__line(&j);
	json__key(&j, "stacks");
	json__begin_array(&j);
	for (size_t i = 0; i < p->sample_cnt; i++)
		write_stack(&j, p, &p->samples[i]);
	json__end_array(&j);
	json__end_object(&j);
	out__putc(&out, '\n');
	return out__finish(&out);
}

const struct writer json_writer = {
	.name = "json",
	.ext = ".json",
	.help = "everything that is known, in nanoseconds, for programs",
	.write = json_write,
};
