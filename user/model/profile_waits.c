/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Single waits of a profile, with their times. See profile.h. */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/compiler.h"
#include "model/profile.h"

int profile__add_wait(struct profile *p, const struct profile_wait *w)
{
	int err = array__grow((void **)&p->waits, &p->wait_cap, p->wait_cnt + 1, sizeof(*p->waits),
			      PROFILE_MAX_WAITS);

	if (!err)
		p->waits[p->wait_cnt++] = *w;
	return err;
}

static int compare_waits(const void *a, const void *b)
{
	const struct profile_wait *x = a, *y = b;

	if (x->from_ns != y->from_ns)
		return x->from_ns < y->from_ns ? -1 : 1;
	if (x->to_ns != y->to_ns)
		return x->to_ns < y->to_ns ? -1 : 1;
	return x->sample < y->sample ? -1 : x->sample > y->sample;
}

void profile__sort_waits(struct profile *p)
{
	if (p->wait_cnt)
		qsort(p->waits, p->wait_cnt, sizeof(*p->waits), compare_waits);
}

void profile__place_waits(struct profile *p, const uint32_t *samples, const uint32_t *threads)
{
	size_t cnt = 0;

	for (size_t i = 0; i < p->wait_cnt; i++) {
		struct profile_wait w = p->waits[i];

		if (samples)
			w.sample = samples[w.sample];
		if (threads && w.waker != PROFILE_NO_THREAD)
			w.waker = threads[w.waker];
		if (w.sample != PROFILE_NO_SAMPLE)
			p->waits[cnt++] = w;
	}
	p->wait_cnt = cnt;
}

static int longest_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x > y ? -1 : x < y;
}

int profile__thin_waits(struct profile *p, size_t max)
{
	_cleanup_free_ uint64_t *lengths = NULL;
	size_t cnt = 0, equal = max; /* so many as long as the last that fits may stay */
	uint64_t last_ns;

	if (p->wait_cnt <= max)
		return 0;
	lengths = malloc(p->wait_cnt * sizeof(*lengths));
	if (!lengths)
		return -ENOMEM;
	for (size_t i = 0; i < p->wait_cnt; i++)
		lengths[i] = p->waits[i].to_ns - p->waits[i].from_ns;
	qsort(lengths, p->wait_cnt, sizeof(*lengths), longest_first);
	last_ns = lengths[max - 1];
	for (size_t i = 0; i < max && lengths[i] > last_ns; i++)
		equal--;
	for (size_t i = 0; i < p->wait_cnt; i++) {
		uint64_t ns = p->waits[i].to_ns - p->waits[i].from_ns;

		if (ns < last_ns || (ns == last_ns && !equal))
			continue;
		equal -= ns == last_ns;
		p->waits[cnt++] = p->waits[i];
	}
	p->untimed_cnt += p->wait_cnt - cnt;
	p->wait_cnt = cnt;
	return 0;
}

void profile__shift_waits(struct profile *p, size_t first, uint64_t ns)
{
	for (size_t i = first; i < p->wait_cnt; i++) {
		p->waits[i].from_ns += ns;
		p->waits[i].wake_ns += ns;
		p->waits[i].to_ns += ns;
	}
}
