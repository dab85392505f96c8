/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/offcpu_builder.h"
#include "analyze/wait_why.h"
#include "model/wait_state.h"

#define BUILDER_PAUSE_ROWS 64
#define BUILDER_MAX_LABELS (1u << 20) /* bytes of a set */

static int builder_marks(struct builder *b)
{
	const struct {
		const char *name;
		enum frame_kind kind;
		uint32_t *ret_id;
	} marks[] = {
		{"-", FRAME_KIND_DELIMITER, &b->delimiter},
		{"--", FRAME_KIND_DELIMITER, &b->waker_delimiter},
		{"blocked", FRAME_KIND_STATE, &b->blocked},
		{"runnable", FRAME_KIND_STATE, &b->runnable},
		{"[Missed User Stack]", FRAME_KIND_MISSING, &b->missed_user},
		{"[Missed Kernel Stack]", FRAME_KIND_MISSING, &b->missed_kernel},
		{"[new thread]", FRAME_KIND_MISSING, &b->new_thread},
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(marks); i++)
		err = profile__frame(b->profile, marks[i].name, NULL, marks[i].kind,
				     marks[i].ret_id);
	return err;
}

/* Is it of a part of the run only? Then the totals of threads are of another time. */
static bool builder_is_part(const struct builder *b)
{
	return b->offcpu->end.monotonic_ns != 0;
}

const struct wire_window *builder_begin(const struct builder *b)
{
	return builder_is_part(b) ? &b->offcpu->begin : &b->model->start;
}

/* ---- threads ---- */

static const struct thread *sort_threads; /* of the model, while sorting: one collector thread */

static int compare_threads(const void *a, const void *b)
{
	const struct thread *x = &sort_threads[*(const uint32_t *)a];
	const struct thread *y = &sort_threads[*(const uint32_t *)b];

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

static int builder_comm(struct builder *b, const char *comm, uint32_t *ret_id)
{
	uint32_t frame;
	int err = profile__frame(b->profile, comm, NULL, FRAME_KIND_PROCESS, &frame);

	if (!err)
		*ret_id = b->profile->frames[frame].name;
	return err;
}

/* Its name, its process's, and what its time is added up under. */
static int builder_thread_names(struct builder *b, uint32_t pos, struct profile_thread *row)
{
	const struct thread *th = &b->model->threads.items[pos];
	const struct thread_name *last = thread__find_name(th, THREAD_NEWEST_NAME);
	const struct offcpu_view *view = b->view;
	const char *group = view->group ? view->group(view->group_arg, pos) : NULL;
	char text[32];
	int err = builder_comm(b, last ? thread_name__text(last) : "[unknown]", &row->comm);

	row->process = row->group = row->comm;
	if (!err && last)
		err = builder_comm(b, model__process_name(b->model, last), &row->process);
	if (!err && row->goroutine) {
		row->group = row->process;
		snprintf(text, sizeof(text), "goroutine-%u", row->tid);
		err = builder_comm(b, text, &row->comm);
	}
	if (!err && group)
		err = profile__text(b->profile, group, &row->group);
	return err;
}

static int builder_thread(struct builder *b, uint32_t pos)
{
	const struct thread *th = &b->model->threads.items[pos];
	const struct wire_summary *sum = &th->summary;
	struct profile_thread row = {
		.pid = th->pid,
		.tid = th->tid,
		.kthread = th->flags & WIRE_THREAD_KTHREAD,
		.goroutine = th->flags & WIRE_THREAD_GOROUTINE,
		.exited = th->flags & WIRE_THREAD_EXITED,
		.open = th->open,
		.open_blocked_ns = th->open_blocked_ns,
		.open_runnable_ns = th->open_runnable_ns,
		.totals_known = th->has_summary,
		.begin_ns = sum->begin_ns,
		.end_ns = sum->end_ns,
		.on_cpu_ns = sum->on_cpu_ns,
		.blocked_ns = sum->blocked_ns,
		.runnable_ns = sum->runnable_ns,
		.intervals = sum->intervals,
		.kernel_on_cpu_ns = sum->kernel_on_cpu_ns,
		.kernel_runnable_ns = sum->kernel_runnable_ns,
		.kernel_approx = sum->flags & (WIRE_THREAD_BASE_APPROX | WIRE_THREAD_RUNNING),
	};
	int err;

	if (builder_is_part(b))
		row = (struct profile_thread){.pid = row.pid,
					      .tid = row.tid,
					      .kthread = row.kthread,
					      .goroutine = row.goroutine};
	err = builder_thread_names(b, pos, &row);
	return err ? err : profile__add_thread(b->profile, &row);
}

/* Was it seen asleep before the window began, and gone when it did? */
static bool builder_ended_before(const struct builder *b, const struct thread *th)
{
	return th->has_summary && th->flags & WIRE_THREAD_EXITED &&
	       th->summary.end_ns < b->model->start.monotonic_ns;
}

/*
 * Is the thread of no interest: here because it woke a target, busy at other times, or gone before? @waited: it has intervals.
 */
static bool builder_leaves_out(const struct builder *b, const struct thread *th, bool waited)
{
	if (builder_is_part(b))
		return !waited;
	if (th->open || waited)
		return false;
	return builder_ended_before(b, th) || (th->flags & WIRE_THREAD_WAKER && !th->has_summary);
}

static void builder_mark(struct builder *b, const struct wire_thread_key *key)
{
	uint32_t pos = thread_table__find(&b->model->threads, key->tid, key->start_ns);

	if (pos != HASH_INDEX_NONE)
		b->thread_order[pos] = 1;
}

/* Sets the order of each thread that has intervals to 1, for now. */
static void builder_mark_waiting(struct builder *b)
{
	for (size_t i = 0; i < b->offcpu->cnt; i++)
		builder_mark(b, &b->offcpu->rows[i].thread);
	for (size_t i = 0; i < b->offcpu->wait_cnt; i++)
		builder_mark(b, &b->offcpu->waits[i].interval.thread);
}

static int builder_threads(struct builder *b)
{
	const struct thread_table *t = &b->model->threads;
	_cleanup_free_ uint32_t *order = calloc(t->cnt + 1, sizeof(*order));
	int err = 0;

	b->thread_cnt = t->cnt;
	b->thread_order = calloc(t->cnt + 1, sizeof(*b->thread_order));
	if (!order || !b->thread_order)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->cnt; i++)
		order[i] = i;
	builder_mark_waiting(b);
	sort_threads = t->items;
	qsort(order, t->cnt, sizeof(*order), compare_threads);
	for (uint32_t i = 0, n = 0; !err && i < t->cnt; i++) {
		const struct thread *th = &t->items[order[i]];

		if (builder_leaves_out(b, th, b->thread_order[order[i]])) {
			b->thread_order[order[i]] = PROFILE_NO_THREAD;
			continue;
		}
		b->thread_order[order[i]] = n++;
		err = builder_thread(b, order[i]);
	}
	return err;
}

/* ---- samples ---- */

/* With --split an interval makes two samples; it is counted in one of them. */
static int builder_split(struct builder *b, const struct offcpu_row *row,
			 const struct profile_sample *whole, uint32_t *frames, uint32_t n)
{
	struct profile_sample half = *whole;
	int err = 0;

	if (whole->blocked_ns) {
		half.runnable_ns = 0;
		half.max_ns = row->max_blocked_ns;
		frames[n] = b->blocked;
		err = profile__add_sample(b->profile, &half, frames, n + 1);
	}
	if (!err && whole->runnable_ns) {
		half = *whole;
		half.blocked_ns = 0;
		half.max_ns = row->max_runnable_ns;
		half.cnt = whole->blocked_ns ? 0 : whole->cnt;
		frames[n] = b->runnable;
		err = profile__add_sample(b->profile, &half, frames, n + 1);
	}
	return err;
}

/* --reason filters like -m does: what it drops moves from its place in the ledger to `filtered`. */
static void builder_hide(struct builder *b, const struct offcpu_row *row)
{
	uint64_t ns = row->blocked_ns + row->runnable_ns;

	b->profile->hidden_ns += ns;
	if (b->go == WIRE_GO_IDLE)
		b->profile->go_idle_ns += ns;
	if (row->wait.flags & WIRE_F_OPEN) {
		b->hidden_open.ns += ns;
		b->hidden_open.cnt += row->cnt;
		return;
	}
	b->hidden_spilled.ns += row->spilled.ns;
	b->hidden_spilled.cnt += row->spilled.cnt;
	b->hidden_delivered.ns += ns - row->spilled.ns;
	b->hidden_delivered.cnt += row->cnt - row->spilled.cnt;
}

/* Is the row left out by what the view asks for? */
static bool builder_is_hidden(const struct builder *b, const struct offcpu_row *row,
			      enum reason reason)
{
	return (b->view->reasons && !(b->view->reasons & 1u << reason)) ||
	       (b->view->by_waker && b->waker.context.kind == WAKER_NONE) ||
	       (b->view->by_lock && !row->lock) || (b->go == WIRE_GO_IDLE && !b->view->go_idle);
}

/* Go's word for what a parked goroutine waits for is its innermost frame. */
static int builder_go(struct builder *b, const struct offcpu_row *row)
{
	const struct stack *s = stack_table__find(&b->model->stacks, row->user_stack);
	const struct wait_reason_table *t = &b->model->wait_reasons;
	char text[256];

	b->go = s ? s->go : WIRE_GO_NONE;
	if (b->go == WIRE_GO_IDLE)
		return profile__frame(b->profile, "[go idle]", NULL, FRAME_KIND_STATE, &b->go_idle);
	if (b->go != WIRE_GO_PARKED)
		return 0;
	snprintf(text, sizeof(text), "[%s]",
		 row->wait.flags & WIRE_F_PREEMPT
			 ? "runnable"
			 : wait_reason_table__find(t, row->wait.state, NULL, 0).name);
	return profile__frame(b->profile, text, NULL, FRAME_KIND_STATE, &b->go_reason);
}

static int builder_labels(struct builder *b, uint64_t id, uint32_t *ret_id)
{
	const struct label_set *set = id ? label_table__find(&b->model->labels, id) : NULL;
	_cleanup_buf_ struct buf text = {0};
	int err;

	if (!set)
		return 0;
	buf__init(&text, BUILDER_MAX_LABELS);
	err = label_set__write(set, &text);
	return err ? err : strtab__intern(&b->profile->strings, buf__str(&text), ret_id);
}

static int builder_row(struct builder *b, const struct offcpu_row *row)
{
	uint32_t pos =
		thread_table__find(&b->model->threads, row->thread.tid, row->thread.start_ns);
	struct profile_sample sample = {
		.thread = pos < b->thread_cnt ? b->thread_order[pos] : PROFILE_NO_THREAD,
		.open = row->wait.flags & WIRE_F_OPEN,
		.at_least = row->wait.flags & WIRE_F_AT_LEAST,
		.syscall = profile_syscall(row->wait.syscall, row->wait.flags & WIRE_F_COMPAT),
		.cnt = row->cnt,
		.blocked_ns = row->blocked_ns,
		.runnable_ns = row->runnable_ns,
		.max_ns = row->max_ns,
	};
	uint32_t frames[PROFILE_MAX_STACK + PROFILE_MAX_WAKER + 1], n;
	struct wait_why why;
	int err = wait_why_get(&b->names, &row->wait, row->kernel_stack, row->user_stack,
			       row->date_ns, &why);

	if (!err)
		err = waker_frames__get(&b->waker, &b->names, &row->waker, b->view);
	if (!err)
		err = builder_go(b, row);
	if (err)
		return err;
	b->profile->has_wakers |= row->waker.flags != 0;
	if (builder_is_hidden(b, row, why.reason)) {
		builder_hide(b, row);
		return 0;
	}
	if (b->view->states)
		sample.state = wait_state_letter(&row->wait);
	sample.reason = (uint8_t)why.reason;
	if (*why.name)
		err = profile__text(b->profile, why.name, &sample.wait_name);
	if (!err)
		err = builder_labels(b, row->labels, &sample.labels);
	if (err)
		return err;
	sample.waker = (uint8_t)b->waker.context.kind;
	sample.via_softirq = b->waker.context.via_softirq;
	sample.waker_comm = b->waker.comm;
	sample.waker_pid = b->waker.pid;
	sample.waker_tid = b->waker.tid;
	if (row->lock) {
		err = lock_frames_get(b->profile, b->model, row, &b->lock_owner, &b->lock);
		if (err)
			return err;
		sample.lock_owner = b->profile->frames[b->lock_owner].name;
		sample.lock = b->profile->frames[b->lock].name;
	}
	err = builder_frames(b, row, frames, &n);
	if (err)
		return err;
	if (b->view->split)
		return builder_split(b, row, &sample, frames, n);
	return profile__add_sample(b->profile, &sample, frames, n);
}

/* ---- the rest ---- */

static void ledger_move(struct ledger_term *from, struct ledger_term *to, struct ledger_term part)
{
	from->ns -= part.ns;
	from->cnt -= part.cnt;
	to->ns += part.ns;
	to->cnt += part.cnt;
}

static void builder_ledger(struct builder *b)
{
	struct ledger *l = &b->profile->ledger;

	*l = b->model->ledger;
	l->delivered = b->offcpu->delivered;
	l->spilled_read = b->offcpu->spilled;
	l->open = b->offcpu->open;
	/* Open time stands on both sides of the equation: what is hidden of it just leaves. */
	l->open.ns -= b->hidden_open.ns;
	l->open.cnt -= b->hidden_open.cnt;
	l->filtered.ns += b->offcpu->outside.ns;
	l->filtered.cnt += b->offcpu->outside.cnt;
	ledger_move(&l->spilled, &l->filtered, b->offcpu->outside_spilled);
	ledger_move(&l->delivered, &l->filtered, b->hidden_delivered);
	ledger_move(&l->spilled, &l->filtered, b->hidden_spilled);
	l->spilled_read.ns -= b->hidden_spilled.ns;
	l->spilled_read.cnt -= b->hidden_spilled.cnt;
	l->counters[WIRE_C_STACK_LOST] += b->names.lost_cnt;
}

static int builder_title(struct builder *b)
{
	const char *target = model__note(b->model, "target");
	const char *what = b->view->by_waker  ? "Off-CPU time by waker"
			   : b->view->by_lock ? "Contended locks"
			   : b->view->chains  ? "Off-CPU time by wake chain"
					      : "Off-CPU time";
	char text[512];

	b->profile->window_ns =
		builder_is_part(b) ? b->offcpu->end.monotonic_ns - b->offcpu->begin.monotonic_ns
				   : model__window_ns(b->model);
	b->profile->start_realtime_ns = builder_begin(b)->realtime_ns;
	b->profile->start_boottime_ns = builder_begin(b)->boottime_ns;
	b->profile->by_waker = b->view->by_waker;
	b->profile->by_lock = b->view->by_lock;
	snprintf(text, sizeof(text), "%s: %s, %.1f s", what, *target ? target : "the whole system",
		 (double)b->profile->window_ns / 1e9);
	return strtab__intern(&b->profile->strings, text, &b->profile->title);
}

/* Waits that are shown without their threads and stacks. */
static int builder_note_merged(struct builder *b)
{
	const struct ledger_term *merged = &b->offcpu->merged;
	char text[96];

	if (!merged->cnt)
		return 0;
	snprintf(text, sizeof(text), "%llu waits, %.3f s", (unsigned long long)merged->cnt,
		 (double)merged->ns / 1e9);
	return profile__add_note(b->profile, "merged", text);
}

static int builder_notes(struct builder *b)
{
	const struct model *m = b->model;
	int err = 0;

	for (size_t i = 0; !err && i < m->note_cnt; i++) {
		const char *key = strtab__get(&m->strings, m->notes[i].key);

		/* view.* are the options of the run, for report; no facts. */
		if (strncmp(key, "view.", 5) != 0)
			err = profile__add_note(b->profile, key,
						strtab__get(&m->strings, m->notes[i].value));
	}
	return err;
}

static int builder_pause(const struct builder *b, size_t row)
{
	const struct offcpu_view *view = b->view;

	return view->pause && row % BUILDER_PAUSE_ROWS == 0 ? view->pause(view->pause_arg) : 0;
}

/* Rows that differ in their moments only, and not in the names of that time, are one. @places, if any: where each went. */
static int builder_settle(struct builder *b, const struct offcpu *from, struct offcpu *to,
			  uint32_t *places)
{
	int err = 0;

	for (size_t i = 0; !err && i < from->cnt; i++) {
		struct offcpu_row row = from->rows[i];

		err = builder_pause(b, i);
		if (!err && row.date_ns)
			err = stack_names__settle(&b->names, row.user_stack, &row.date_ns);
		if (!err)
			err = offcpu__add_row(to, &row);
		if (!err && places)
			places[i] = to->last_row;
	}
	return err;
}

static int builder_show(struct builder *b, const struct offcpu *o)
{
	int err = builder_open_places(b, o->cnt, &b->places.samples);

	for (size_t i = 0; !err && i < o->cnt; i++) {
		size_t first = b->profile->sample_cnt;

		err = builder_pause(b, i);
		if (!err)
			err = builder_row(b, &o->rows[i]);
		if (!err && b->places.samples)
			b->places.samples[i] = b->profile->sample_cnt > first ? (uint32_t)first
									      : PROFILE_NO_SAMPLE;
	}
	return err;
}

/* Of all rows and single waits, which is another set of rows. */
static int builder_merge_rows(struct builder *b, struct offcpu *waits, struct offcpu *merged)
{
	int err = builder_open_places(b, b->offcpu->cnt, &b->places.rows);

	if (!err)
		err = builder_open_places(b, b->offcpu->wait_cnt, &b->places.waits);
	if (!err)
		err = builder_add_waits(b, waits);
	if (!err)
		err = builder_open_places(b, waits->cnt, &b->places.wait_rows);
	if (!err)
		err = builder_settle(b, b->offcpu, merged, b->places.rows);
	return err ? err : builder_settle(b, waits, merged, b->places.wait_rows);
}

static int builder_rows(struct builder *b)
{
	struct offcpu waits, merged;
	int err;

	if (!b->offcpu->dated_cnt && !b->offcpu->wait_cnt)
		return builder_show(b, b->offcpu);
	offcpu__init(&waits);
	offcpu__init(&merged);
	err = builder_merge_rows(b, &waits, &merged);
	if (!err)
		err = builder_show(b, &merged);
	offcpu__fini(&waits);
	offcpu__fini(&merged);
	return err;
}

static int builder_run(struct builder *b)
{
	int err = builder_marks(b);

	if (!err)
		err = builder_threads(b);
	if (!err)
		err = builder_rows(b);
	if (!err)
		err = builder_title(b);
	if (!err)
		err = builder_times(b);
	if (!err)
		err = builder_notes(b);
	if (!err)
		err = builder_note_merged(b);
	if (!err)
		builder_ledger(b);
	return err;
}

struct profile *offcpu__profile(const struct offcpu *o, const struct model *model,
				struct symbolizer *symbols, const struct offcpu_view *view)
{
	struct builder b = {.offcpu = o, .model = model, .view = view};
	int err;

	b.profile = profile__new();
	if (!b.profile)
		return NULL;
	stack_names__init(&b.names, model, symbols, b.profile, view->lines);
	b.names.creators = view->created_by;
	err = builder_run(&b);
	stack_names__fini(&b.names);
	chains__fini(&b.chains);
	builder_free_places(&b);
	free(b.thread_order);
	if (err) {
		profile__free(b.profile);
		errno = -err;
		return NULL;
	}
	return b.profile;
}
