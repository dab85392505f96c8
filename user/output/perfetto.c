/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Single waits as a trace for Perfetto: what each thread waited for, from when to when, and who ended it.
 *
 * Packets are in order of time. Waits come by their begins, and a thread is in one wait at a time, so a heap of the threads
 * that wait gives what ends in between.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "base/log.h"
#include "output/perfetto_trace.h"
#include "output/writer.h"

struct perfetto_thread {
	uint64_t end_ns; /* of its last wait so far */
	size_t wait;	 /* position of that one */
	bool runnable;	 /* woken, and not on a CPU yet */
};

/* When something happens to a thread that waits. */
struct perfetto_due {
	uint64_t ns;
	uint32_t thread;
};

struct perfetto_timeline {
	struct perfetto trace;
	struct perfetto_thread *threads;
	struct perfetto_due *heap; /* the earliest one first */
	size_t heap_cnt;
	uint64_t flows, shown, left_out;
};

/* ---- which thread is next ---- */

static bool is_before(const struct perfetto_due *a, const struct perfetto_due *b)
{
	return a->ns != b->ns ? a->ns < b->ns : a->thread < b->thread;
}

/* A thread is there once at most, so there is room for all. */
static void push_due(struct perfetto_timeline *t, uint64_t ns, uint32_t thread)
{
	struct perfetto_due due = {ns, thread};
	size_t i = t->heap_cnt++;

	for (; i && is_before(&due, &t->heap[(i - 1) / 2]); i = (i - 1) / 2)
		t->heap[i] = t->heap[(i - 1) / 2];
	t->heap[i] = due;
}

static uint32_t pop_due(struct perfetto_timeline *t)
{
	uint32_t thread = t->heap[0].thread;
	struct perfetto_due last = t->heap[--t->heap_cnt];
	size_t i = 0;

	for (size_t child = 1; child < t->heap_cnt; child = 2 * i + 1) {
		if (child + 1 < t->heap_cnt && is_before(&t->heap[child + 1], &t->heap[child]))
			child++;
		if (!is_before(&t->heap[child], &last))
			break;
		t->heap[i] = t->heap[child];
		i = child;
	}
	t->heap[i] = last;
	return thread;
}

/* ---- one wait ---- */

static const struct profile_wait *wait_of(const struct perfetto_timeline *t, uint32_t thread)
{
	return &t->trace.profile->waits[t->threads[thread].wait];
}

static const struct profile_sample *sample_of(const struct perfetto_timeline *t,
					      const struct profile_wait *wait)
{
	return &t->trace.profile->samples[wait->sample];
}

static uint32_t reason_of(const struct profile_sample *s)
{
	return s->reason < REASON_CNT ? s->reason : REASON_OTHER;
}

static void annotate_waker(struct perfetto *w, const struct profile_wait *wait,
			   const struct profile_sample *s)
{
	const struct profile *p = w->profile;
	const struct profile_thread *th =
		wait->waker < p->thread_cnt ? &p->threads[wait->waker] : NULL;
	uint32_t comm = th ? th->comm : s->waker_comm;
	uint32_t kind = s->waker == WAKER_NONE && th ? WAKER_THREAD : s->waker;

	if (kind != WAKER_NONE)
		perfetto_annotate_text(w, PERFETTO_NOTE_WAKER_KIND,
				       waker_kind_name((enum waker_kind)kind));
	if (!comm)
		return;
	perfetto_annotate_text(w, PERFETTO_NOTE_WAKER, profile__str(p, comm));
	perfetto_annotate_u64(w, PERFETTO_NOTE_WAKER_PID, th ? th->pid : s->waker_pid);
	perfetto_annotate_u64(w, PERFETTO_NOTE_WAKER_TID, th ? th->tid : s->waker_tid);
	if (s->via_softirq)
		perfetto_annotate_flag(w, PERFETTO_NOTE_VIA_SOFTIRQ);
}

static void annotate_lock(struct perfetto *w, const struct profile_sample *s)
{
	if (s->lock)
		perfetto_annotate_text(w, PERFETTO_NOTE_LOCK, profile__str(w->profile, s->lock));
	if (s->lock_owner)
		perfetto_annotate_text(w, PERFETTO_NOTE_LOCK_OWNER,
				       profile__str(w->profile, s->lock_owner));
}

/* Its name is not among those that every trace has: most systems have none. */
static void annotate_wait_name(struct perfetto *w, const struct profile_sample *s)
{
	if (s->wait_name)
		perfetto_annotate_named(w, "wait_reason", profile__str(w->profile, s->wait_name));
}

static void begin_blocked(struct perfetto_timeline *t, uint32_t thread)
{
	const struct profile_wait *wait = wait_of(t, thread);
	const struct profile_sample *s = sample_of(t, wait);
	struct perfetto *w = &t->trace;
	struct perfetto_event e = {
		.ns = wait->from_ns,
		.type = PERFETTO_BEGIN,
		.track = perfetto_thread_track(thread),
		.name = reason_of(s) + (s->open && wait->wake_ns == wait->to_ns
						? PERFETTO_OPEN_REASON
						: PERFETTO_REASON),
		.category = PERFETTO_OF_REASON + reason_of(s),
		.stack = perfetto_intern_stack(w, wait->sample),
		.stack_ns = wait->wake_ns - wait->from_ns,
	};

	perfetto_begin_event(w, &e);
	annotate_wait_name(w, s);
	annotate_waker(w, wait, s);
	annotate_lock(w, s);
	perfetto_end_event(w);
	push_due(t, wait->wake_ns, thread);
}

/* On the waker's track, where it has one. The id of the arrow that begins there; 0: none. */
static uint64_t write_wakes(struct perfetto_timeline *t, uint32_t thread)
{
	const struct profile_wait *wait = wait_of(t, thread);
	struct perfetto_event e = {
		.ns = wait->wake_ns,
		.type = PERFETTO_INSTANT,
		.track = perfetto_thread_track(wait->waker),
		.category = PERFETTO_OF_WAKEUP,
	};

	if (wait->waker >= t->trace.profile->thread_cnt || wait->waker == thread)
		return 0;
	e.name = perfetto_intern_wakes(&t->trace, thread);
	e.flow = ++t->flows;
	perfetto_begin_event(&t->trace, &e);
	perfetto_end_event(&t->trace);
	return e.flow;
}

static void begin_runnable(struct perfetto_timeline *t, uint32_t thread)
{
	const struct profile_wait *wait = wait_of(t, thread);
	const struct profile_sample *s = sample_of(t, wait);
	struct perfetto_event e = {
		.ns = wait->wake_ns,
		.type = PERFETTO_BEGIN,
		.track = perfetto_thread_track(thread),
		.name = s->open ? PERFETTO_OPEN_RUNNABLE : PERFETTO_RUNNABLE,
		.category = PERFETTO_OF_REASON + reason_of(s),
		.stack_ns = wait->to_ns - wait->wake_ns,
	};

	t->threads[thread].runnable = true;
	e.ends_flow = write_wakes(t, thread);
	e.stack = perfetto_intern_stack(&t->trace, wait->sample);
	perfetto_begin_event(&t->trace, &e);
	if (wait->wake_ns == wait->from_ns)
		annotate_wait_name(&t->trace, s);
	/* A new thread never blocked, and somebody made it. */
	if (wait->wake_ns == wait->from_ns)
		annotate_waker(&t->trace, wait, s);
	perfetto_end_event(&t->trace);
	push_due(t, wait->to_ns, thread);
}

/* Where the waker's arrow ends when nothing else begins. */
static void write_woken(struct perfetto_timeline *t, uint32_t thread)
{
	struct perfetto_event e = {
		.ns = wait_of(t, thread)->wake_ns,
		.type = PERFETTO_INSTANT,
		.track = perfetto_thread_track(thread),
		.name = PERFETTO_WOKEN,
		.category = PERFETTO_OF_WAKEUP,
		.ends_flow = write_wakes(t, thread),
	};

	if (!e.ends_flow)
		return;
	perfetto_begin_event(&t->trace, &e);
	perfetto_end_event(&t->trace);
}

/* The slice of a thread's that is open ends, the next one begins. */
static void go_on(struct perfetto_timeline *t, uint32_t thread)
{
	const struct profile_wait *wait = wait_of(t, thread);
	bool runnable = t->threads[thread].runnable;
	struct perfetto_event e = {
		.ns = runnable ? wait->to_ns : wait->wake_ns,
		.type = PERFETTO_END,
		.track = perfetto_thread_track(thread),
	};

	perfetto_begin_event(&t->trace, &e);
	perfetto_end_event(&t->trace);
	if (!runnable && wait->to_ns > wait->wake_ns)
		begin_runnable(t, thread);
	else if (!runnable)
		write_woken(t, thread);
}

/* ---- all of them ---- */

/* Does it make sense, and has it a place: a thread's track, behind its last wait? */
static bool has_place(const struct perfetto_timeline *t, const struct profile_wait *wait)
{
	const struct profile *p = t->trace.profile;

	return wait->from_ns <= wait->wake_ns && wait->wake_ns <= wait->to_ns &&
	       wait->sample < p->sample_cnt && sample_of(t, wait)->thread < p->thread_cnt &&
	       t->threads[sample_of(t, wait)->thread].end_ns <= wait->from_ns;
}

static void go_on_until(struct perfetto_timeline *t, uint64_t ns)
{
	while (!t->trace.err && t->heap_cnt && t->heap[0].ns <= ns)
		go_on(t, pop_due(t));
}

static void write_waits(struct perfetto_timeline *t)
{
	const struct profile *p = t->trace.profile;

	for (size_t i = 0; !t->trace.err && i < p->wait_cnt; i++) {
		const struct profile_wait *wait = &p->waits[i];
		uint32_t thread;

		go_on_until(t, wait->from_ns);
		if (!has_place(t, wait)) {
			t->left_out++;
			continue;
		}
		t->shown++;
		thread = sample_of(t, wait)->thread;
		t->threads[thread] = (struct perfetto_thread){.end_ns = wait->to_ns, .wait = i};
		if (wait->wake_ns > wait->from_ns || wait->to_ns == wait->from_ns)
			begin_blocked(t, thread);
		else
			begin_runnable(t, thread);
	}
	go_on_until(t, UINT64_MAX);
}

static void perfetto_timeline_free(struct perfetto_timeline **t)
{
	if (!*t)
		return;
	perfetto_fini(&(*t)->trace);
	free((*t)->threads);
	free((*t)->heap);
	free(*t);
}

static int perfetto_timeline_init(struct perfetto_timeline *t, const struct profile *p, FILE *to)
{
	int err = perfetto_init(&t->trace, p, to);

	t->left_out = p->untimed_cnt;
	t->threads = calloc(p->thread_cnt + 1, sizeof(*t->threads));
	t->heap = calloc(p->thread_cnt + 1, sizeof(*t->heap));
	return err ? err : t->threads && t->heap ? 0 : -ENOMEM;
}

static int perfetto_write(const struct profile *p, const struct writer_opts *opts _unused_,
			  FILE *to)
{
	_cleanup_(perfetto_timeline_free) struct perfetto_timeline *t = NULL;
	int err;

	if (p->sample_cnt && !p->wait_cnt && !p->untimed_cnt)
		return error_set(-ENODATA,
				 "there are no single waits in it: make it of a recording");
	t = calloc(1, sizeof(*t));
	err = t ? perfetto_timeline_init(t, p, to) : -ENOMEM;
	if (err)
		return err;
	perfetto_write_first(&t->trace);
	perfetto_write_tracks(&t->trace);
	write_waits(t);
	perfetto_write_window_end(&t->trace, t->shown, t->left_out);
	return perfetto_finish(&t->trace);
}

const struct writer perfetto_writer = {
	.name = "perfetto",
	.ext = ".pftrace",
	.help = "a timeline of single waits, by process and thread, for Perfetto",
	.waits = true,
	.write = perfetto_write,
};
