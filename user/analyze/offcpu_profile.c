/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/offcpu.h"
#include "analyze/offcpu_rows.h"
#include "analyze/reason_rules.h"
#include "analyze/stack_names.h"

#define PROFILE_MAX_STACK (2 * (WIRE_MAX_FRAMES + 1) + 8) /* both parts, first frame, marks */

/* The making of one profile. */
struct builder {
	const struct offcpu *offcpu;
	const struct model *model;
	const struct offcpu_view *view;
	struct profile *profile;
	struct stack_names names;
	uint32_t *thread_order; /* position in the profile of each thread of the model */
	uint32_t delimiter, blocked, runnable; /* frame ids */
	uint32_t missed_user, missed_kernel, new_thread;
	struct ledger_term hidden_delivered, hidden_spilled, hidden_open; /* by --reason */
};

static int builder_marks(struct builder *b)
{
	const struct {
		const char *name;
		enum frame_kind kind;
		uint32_t *ret_id;
	} marks[] = {
		{"-", FRAME_KIND_DELIMITER, &b->delimiter},
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

static int builder_thread(struct builder *b, const struct thread *th)
{
	const struct thread_name *last = thread__find_name(th, THREAD_NEWEST_NAME);
	const struct wire_summary *sum = &th->summary;
	struct profile_thread row = {
		.pid = th->pid,
		.tid = th->tid,
		.kthread = th->flags & WIRE_THREAD_KTHREAD,
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
	uint32_t frame;
	int err;

	err = profile__frame(b->profile, last ? last->comm : "[unknown]", NULL, FRAME_KIND_PROCESS,
			     &frame);
	if (err)
		return err;
	row.comm = b->profile->frames[frame].name;
	return profile__add_thread(b->profile, &row);
}

static int builder_threads(struct builder *b)
{
	const struct thread_table *t = &b->model->threads;
	_cleanup_free_ uint32_t *order = calloc(t->cnt + 1, sizeof(*order));
	int err = 0;

	b->thread_order = calloc(t->cnt + 1, sizeof(*b->thread_order));
	if (!order || !b->thread_order)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->cnt; i++)
		order[i] = i;
	sort_threads = t->items;
	qsort(order, t->cnt, sizeof(*order), compare_threads);
	for (uint32_t i = 0; !err && i < t->cnt; i++) {
		b->thread_order[order[i]] = i;
		err = builder_thread(b, &t->items[order[i]]);
	}
	return err;
}

/* ---- samples ---- */

static int builder_first_frame(struct builder *b, const struct offcpu_row *row,
			       const struct thread *th, uint32_t *ret_id)
{
	const struct thread_name *name = th ? thread__find_name(th, row->thread.comm_gen) : NULL;
	const char *comm = name && name->comm[0] ? name->comm : "[unknown]";
	char text[WIRE_COMM_LEN + 32];

	if (b->view->per_thread)
		snprintf(text, sizeof(text), "%s-%u/%u", comm, th ? th->pid : 0, row->thread.tid);
	else
		snprintf(text, sizeof(text), "%s", comm);
	return profile__frame(b->profile, text, NULL, FRAME_KIND_PROCESS, ret_id);
}

/* Appends a stack, outermost first. */
static int builder_append(struct builder *b, uint64_t id, uint32_t missing, uint32_t *frames,
			  uint32_t *n)
{
	const struct named_stack *s;

	if (!id) {
		frames[(*n)++] = missing;
		return 0;
	}
	s = stack_names__get(&b->names, id);
	if (!s)
		return -errno;
	for (uint32_t i = s->cnt; i-- > 0 && *n < PROFILE_MAX_STACK - 4;)
		frames[(*n)++] = s->frames[i];
	return 0;
}

static int builder_frames(struct builder *b, const struct offcpu_row *row, const struct thread *th,
			  uint32_t *frames, uint32_t *ret_n)
{
	bool user = !(row->wait.flags & WIRE_F_KTHREAD) && !b->view->no_user_stacks;
	bool kernel = !b->view->no_kernel_stacks;
	uint32_t n = 0;
	int err;

	err = builder_first_frame(b, row, th, &frames[n++]);
	if (!err && row->wait.flags & WIRE_F_NEW) {
		/* It never ran: there is no stack to see. */
		frames[n++] = b->new_thread;
		user = kernel = false;
	}
	if (!err && user)
		err = builder_append(b, row->user_stack, b->missed_user, frames, &n);
	if (!err && user && kernel && b->view->delimiter)
		frames[n++] = b->delimiter;
	if (!err && kernel)
		err = builder_append(b, row->kernel_stack, b->missed_kernel, frames, &n);
	*ret_n = n;
	return err;
}

static int builder_reason(struct builder *b, const struct offcpu_row *row, enum reason *ret_reason)
{
	const char *names[WIRE_MAX_FRAMES + 1];
	const struct named_stack *s = NULL;
	uint32_t n = 0;

	if (row->kernel_stack) {
		s = stack_names__get(&b->names, row->kernel_stack);
		if (!s)
			return -errno;
	}
	for (; s && n < s->cnt && n < ARRAY_SIZE(names); n++)
		names[n] = profile__str(b->profile, b->profile->frames[s->frames[n]].name);
	*ret_reason = reason_of_wait(&row->wait, names, n);
	return 0;
}

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

static int builder_row(struct builder *b, const struct offcpu_row *row)
{
	uint32_t pos =
		thread_table__find(&b->model->threads, row->thread.tid, row->thread.start_ns);
	const struct thread *th = pos == HASH_INDEX_NONE ? NULL : &b->model->threads.items[pos];
	struct profile_sample sample = {
		.thread = th ? b->thread_order[pos] : UINT32_MAX,
		.open = row->wait.flags & WIRE_F_OPEN,
		.cnt = row->cnt,
		.blocked_ns = row->blocked_ns,
		.runnable_ns = row->runnable_ns,
		.max_ns = row->max_ns,
	};
	uint32_t frames[PROFILE_MAX_STACK + 1], n;
	enum reason reason = REASON_OTHER;
	int err;

	err = builder_reason(b, row, &reason);
	if (err)
		return err;
	if (b->view->reasons && !(b->view->reasons & 1u << reason)) {
		builder_hide(b, row);
		return 0;
	}
	sample.reason = (uint8_t)reason;
	err = builder_frames(b, row, th, frames, &n);
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
	ledger_move(&l->delivered, &l->filtered, b->hidden_delivered);
	ledger_move(&l->spilled, &l->filtered, b->hidden_spilled);
	l->spilled_read.ns -= b->hidden_spilled.ns;
	l->spilled_read.cnt -= b->hidden_spilled.cnt;
	l->counters[WIRE_C_STACK_LOST] += b->names.lost_cnt;
}

static int builder_title(struct builder *b)
{
	const char *target = model__note(b->model, "target");
	char text[512];

	b->profile->window_ns = model__window_ns(b->model);
	snprintf(text, sizeof(text), "Off-CPU time: %s, %.1f s",
		 *target ? target : "the whole system", (double)b->profile->window_ns / 1e9);
	return strtab__intern(&b->profile->strings, text, &b->profile->title);
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

static int builder_run(struct builder *b)
{
	int err = builder_marks(b);

	if (!err)
		err = builder_threads(b);
	for (size_t i = 0; !err && i < b->offcpu->cnt; i++)
		err = builder_row(b, &b->offcpu->rows[i]);
	if (!err)
		err = builder_title(b);
	if (!err)
		err = builder_notes(b);
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
	stack_names__init(&b.names, model, symbols, b.profile);
	err = builder_run(&b);
	stack_names__fini(&b.names);
	free(b.thread_order);
	if (err) {
		profile__free(b.profile);
		errno = -err;
		return NULL;
	}
	return b.profile;
}
