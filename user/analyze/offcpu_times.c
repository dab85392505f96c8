/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The single waits of a profile. The analysis keeps the time of each wait with the row that it was added to; on the way to the
 * profile rows are put together and hidden, so each step notes where they went (struct builder_places).
 */
#include <errno.h>
#include <stdlib.h>

#include "analyze/offcpu_builder.h"

int builder_open_places(const struct builder *b, size_t cnt, uint32_t **ret_places)
{
	if (!b->offcpu->keep_times)
		return 0;
	*ret_places = calloc(cnt + 1, sizeof(**ret_places));
	return *ret_places ? 0 : -ENOMEM;
}

void builder_free_places(struct builder *b)
{
	free(b->places.samples);
	free(b->places.rows);
	free(b->places.waits);
	free(b->places.wait_rows);
}

static uint32_t times_sample(const struct builder *b, const struct offcpu_time *t)
{
	const struct builder_places *p = &b->places;
	uint32_t row = t->pos;

	if (t->kept)
		row = p->wait_rows[p->waits[row]];
	else if (p->rows)
		row = p->rows[row];
	return p->samples[row];
}

/* An interrupt ended the others, and took the CPU from whoever had it. */
static uint32_t times_waker(const struct builder *b, const struct offcpu_time *t, uint32_t sample)
{
	bool by_thread =
		sample != PROFILE_NO_SAMPLE && b->profile->samples[sample].waker == WAKER_THREAD;
	uint32_t pos =
		by_thread && t->waker_tid
			? thread_table__find(&b->model->threads, t->waker_tid, t->waker_start_ns)
			: HASH_INDEX_NONE;

	return pos < b->thread_cnt ? b->thread_order[pos] : PROFILE_NO_THREAD;
}

static uint64_t times_since(uint64_t begin_ns, uint64_t ns)
{
	return ns > begin_ns ? ns - begin_ns : 0;
}

int builder_times(struct builder *b)
{
	const struct offcpu *o = b->offcpu;
	uint64_t begin_ns = builder_begin(b)->monotonic_ns;
	int err = 0;

	for (size_t i = 0; !err && i < o->time_cnt; i++) {
		const struct offcpu_time *t = &o->times[i];
		struct profile_wait w = {
			.from_ns = times_since(begin_ns, t->out_ns),
			.wake_ns = times_since(begin_ns, t->wake_ns),
			.to_ns = times_since(begin_ns, t->in_ns),
			.sample = times_sample(b, t),
		};

		w.waker = times_waker(b, t, w.sample);
		if (w.sample != PROFILE_NO_SAMPLE)
			err = profile__add_wait(b->profile, &w);
	}
	profile__sort_waits(b->profile);
	b->profile->untimed_cnt = o->keep_times ? o->untimed_cnt : 0;
	return err;
}
