/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* All of several profiles in one. See profile_append.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "model/profile_append.h"

/* As far as the wall clock may have been moved between two recordings of one boot. */
#define MERGE_SAME_CLOCK_NS 1000000000

static int merge_threads(struct profile *to, const struct profile *from)
{
	int err = 0;

	for (size_t i = 0; !err && i < from->thread_cnt; i++) {
		struct profile_thread t = from->threads[i];

		err = profile__copy_text(to, from, &t.comm);
		if (!err)
			err = profile__copy_text(to, from, &t.process);
		if (!err)
			err = profile__copy_text(to, from, &t.group);
		if (!err)
			err = profile__add_thread(to, &t);
	}
	return err;
}

static void merge_term(struct ledger_term *to, const struct ledger_term *from)
{
	to->ns += from->ns;
	to->cnt += from->cnt;
}

static void merge_ledger(struct ledger *to, const struct ledger *from)
{
	merge_term(&to->observed, &from->observed);
	merge_term(&to->delivered, &from->delivered);
	merge_term(&to->filtered, &from->filtered);
	merge_term(&to->open, &from->open);
	merge_term(&to->spilled, &from->spilled);
	merge_term(&to->spilled_read, &from->spilled_read);
	merge_term(&to->lost_spill_full, &from->lost_spill_full);
	for (int i = 0; i < WIRE_COUNTER_CNT; i++)
		to->counters[i] += from->counters[i];
}

/* Overlaps, of several hosts or of runs side by side, are counted once; gaps are not. */
static void merge_window(struct profile *to, const struct profile *from)
{
	uint64_t to_end = to->start_realtime_ns + to->window_ns;
	uint64_t from_end = from->start_realtime_ns + from->window_ns;

	if (!to->start_realtime_ns || !from->start_realtime_ns ||
	    from->start_realtime_ns >= to_end || to->start_realtime_ns >= from_end) {
		to->window_ns += from->window_ns;
	} else {
		uint64_t begin = to->start_realtime_ns < from->start_realtime_ns
					 ? to->start_realtime_ns
					 : from->start_realtime_ns;

		to->window_ns = (to_end > from_end ? to_end : from_end) - begin;
	}
	if (!to->start_realtime_ns ||
	    (from->start_realtime_ns && from->start_realtime_ns < to->start_realtime_ns))
		to->start_realtime_ns = from->start_realtime_ns;
}

/*
 * The waits of both, from the start of the earlier one on. Of two machines, or two boots, only the wall clock tells how far apart
 * they are; one that has none lies where it is.
 */
static int merge_waits(struct profile *to, const struct profile *from, uint32_t first_sample,
		       uint32_t first_thread)
{
	uint64_t start = from->start_realtime_ns, was = to->start_realtime_ns;
	size_t first;
	int err = 0;

	/* What comes out of a recording has half of PROFILE_MAX_WAITS at most, so there is room for one more. */
	if (to->wait_cnt + from->wait_cnt > PROFILE_MAX_WAITS)
		err = profile__thin_waits(to, PROFILE_MAX_WAITS / 2);
	first = to->wait_cnt;
	if (start && was && start < was)
		profile__shift_waits(to, 0, was - start);
	for (size_t i = 0; !err && i < from->wait_cnt; i++) {
		struct profile_wait w = from->waits[i];

		if (to->wait_cnt == PROFILE_MAX_WAITS) {
			to->untimed_cnt += from->wait_cnt - i;
			break;
		}
		w.sample += first_sample;
		if (w.waker != PROFILE_NO_THREAD)
			w.waker += first_thread;
		err = profile__add_wait(to, &w);
	}
	if (start && was && start > was)
		profile__shift_waits(to, first, start - was);
	to->untimed_cnt += from->untimed_cnt;
	return err;
}

/* Two recordings of one boot have one clock. */
static void merge_boottime(struct profile *to, const struct profile *from)
{
	int64_t apart;

	if (!to->start_boottime_ns || !from->start_boottime_ns || !to->start_realtime_ns ||
	    !from->start_realtime_ns) {
		to->start_boottime_ns = 0;
		return;
	}
	apart = (int64_t)(from->start_boottime_ns - to->start_boottime_ns) -
		(int64_t)(from->start_realtime_ns - to->start_realtime_ns);
	if (apart > MERGE_SAME_CLOCK_NS || apart < -MERGE_SAME_CLOCK_NS)
		to->start_boottime_ns = 0;
	else if (from->start_boottime_ns < to->start_boottime_ns)
		to->start_boottime_ns = from->start_boottime_ns;
}

static bool merge_has_note(const struct profile *p, const char *key, const char *value)
{
	for (size_t i = 0; i < p->note_cnt; i++)
		if (!strcmp(profile__str(p, p->notes[i].key), key) &&
		    !strcmp(profile__str(p, p->notes[i].value), value))
			return true;
	return false;
}

/* Facts of one of them are no facts of all. */
static void merge_notes(struct profile *to, const struct profile *from)
{
	size_t cnt = 0;

	for (size_t i = 0; i < to->note_cnt; i++)
		if (merge_has_note(from, profile__str(to, to->notes[i].key),
				   profile__str(to, to->notes[i].value)))
			to->notes[cnt++] = to->notes[i];
	to->note_cnt = cnt;
}

static int merge_first(struct profile *to, const struct profile *from)
{
	int err = 0;

	for (size_t i = 0; !err && i < from->note_cnt; i++)
		err = profile__add_note(to, profile__str(from, from->notes[i].key),
					profile__str(from, from->notes[i].value));
	to->title = from->title;
	if (!err)
		err = profile__copy_text(to, from, &to->title);
	to->window_ns = from->window_ns;
	to->start_realtime_ns = from->start_realtime_ns;
	to->start_boottime_ns = from->start_boottime_ns;
	to->has_wakers = from->has_wakers;
	to->by_lock = from->by_lock;
	to->by_waker = from->by_waker;
	return err;
}

static bool merge_is_empty(const struct profile *p)
{
	return !p->sample_cnt && !p->thread_cnt && !p->window_ns && !p->note_cnt && !p->title;
}

int profile__merge(struct profile *to, const struct profile *from)
{
	uint32_t first_thread = (uint32_t)to->thread_cnt, first_sample = (uint32_t)to->sample_cnt;
	bool empty = merge_is_empty(to);
	int err = merge_waits(to, from, first_sample, first_thread);

	if (err)
		return err;
	if (empty) {
		err = merge_first(to, from);
	} else {
		merge_boottime(to, from);
		merge_window(to, from);
		merge_notes(to, from);
		to->has_wakers &= from->has_wakers;
	}
	merge_ledger(&to->ledger, &from->ledger);
	to->hidden_ns += from->hidden_ns;
	to->go_idle_ns += from->go_idle_ns;
	to->left_out_ns += from->left_out_ns;
	if (!err)
		err = profile__append_with_threads(to, from, first_thread);
	return err ? err : merge_threads(to, from);
}

/* ---- the order of threads ---- */

struct merge_place {
	const struct profile_thread *thread;
	uint32_t was;
};

static int merge_compare(const void *a, const void *b)
{
	const struct merge_place *x = a, *y = b;

	if (x->thread->pid != y->thread->pid)
		return x->thread->pid < y->thread->pid ? -1 : 1;
	if (x->thread->tid != y->thread->tid)
		return x->thread->tid < y->thread->tid ? -1 : 1;
	return x->was < y->was ? -1 : 1;
}

int profile__finish_merge(struct profile *p)
{
	_cleanup_free_ struct merge_place *order = calloc(p->thread_cnt + 1, sizeof(*order));
	_cleanup_free_ uint32_t *places = calloc(p->thread_cnt + 1, sizeof(*places));
	struct profile_thread *sorted = calloc(p->thread_cnt + 1, sizeof(*sorted));

	if (!order || !places || !sorted) {
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < p->thread_cnt; i++)
		order[i] = (struct merge_place){&p->threads[i], (uint32_t)i};
	qsort(order, p->thread_cnt, sizeof(*order), merge_compare);
	for (size_t i = 0; i < p->thread_cnt; i++) {
		sorted[i] = *order[i].thread;
		places[order[i].was] = (uint32_t)i;
	}
	for (size_t i = 0; i < p->sample_cnt; i++)
		if (p->samples[i].thread < p->thread_cnt)
			p->samples[i].thread = places[p->samples[i].thread];
	profile__place_waits(p, NULL, places);
	profile__sort_waits(p);
	free(p->threads);
	p->threads = sorted;
	p->thread_cap = p->thread_cnt + 1;
	return 0;
}
