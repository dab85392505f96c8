/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which single waits keep their times. */
#include "analyze/offcpu.h"
#include "analyze/offcpu_rows.h"
#include "base/array.h"

#define TIME_CLASSES (64 * 8) /* of lengths: eight for each power of two */

/* The class of a length; the shortest one that is in a class or above, back. */
static unsigned int time_class(uint64_t ns)
{
	unsigned int power;

	if (ns < 8)
		return (unsigned int)ns;
	power = 63 - (unsigned int)__builtin_clzll(ns);
	return (power - 2) * 8 + (unsigned int)(ns >> (power - 3) & 7);
}

static uint64_t class_begin(unsigned int class)
{
	return class < 8 ? class : (8ull + (class & 7)) << (class / 8 - 1);
}

/* The class in which the middle of them is, by length. */
static unsigned int times_middle(const struct offcpu *o)
{
	size_t cnt[TIME_CLASSES] = {0}, above = 0;
	unsigned int class = TIME_CLASSES - 1;

	for (size_t i = 0; i < o->time_cnt; i++)
		cnt[time_class(o->times[i].in_ns - o->times[i].out_ns)]++;
	while (class && above + cnt[class] <= o->time_cnt / 2)
		above += cnt[class --];
	return class;
}

/* Is a wait of this length kept? Of those in the class of the shortest one in so many. */
static bool times_take(struct offcpu *o, uint64_t ns)
{
	if (ns < o->min_time_ns)
		return false;
	if (!o->time_step || time_class(ns) != time_class(o->min_time_ns))
		return true;
	return o->time_seq++ % o->time_step == 0;
}

/*
 * Makes room for a quarter of them or more. A timeline of the whole run that lacks short waits tells more than one that ends in the
 * middle of it.
 */
static void times_thin_out(struct offcpu *o)
{
	unsigned int middle = times_middle(o);
	bool again = o->time_step && time_class(o->min_time_ns) == middle;
	uint32_t step = again ? o->time_step * 2 : 2;
	size_t cnt = 0;

	o->min_time_ns = class_begin(middle);
	o->time_step = 2; /* of those there are, every second one */
	o->time_seq = 0;
	for (size_t i = 0; i < o->time_cnt; i++)
		if (times_take(o, o->times[i].in_ns - o->times[i].out_ns))
			o->times[cnt++] = o->times[i];
	o->untimed_cnt += o->time_cnt - cnt;
	o->time_cnt = cnt;
	o->time_step = step;
}

int offcpu_keep_time(struct offcpu *o, const struct chain_wait *w, bool kept)
{
	const struct wire_interval *iv = &w->interval;
	struct offcpu_time t = {
		.out_ns = iv->out_ns,
		.wake_ns = iv->wake_ns,
		.in_ns = iv->in_ns,
		.waker_start_ns = w->waker.key.start_ns,
		.waker_tid = w->waker.key.tid,
		.pos = kept ? (uint32_t)o->wait_cnt - 1 : o->last_row,
		.kept = kept,
	};
	int err;

	if (o->keep_times && o->time_cnt == (o->max_times ? o->max_times : OFFCPU_MAX_TIMES))
		times_thin_out(o);
	if (!o->keep_times || !times_take(o, iv->in_ns - iv->out_ns)) {
		o->untimed_cnt++;
		return 0;
	}
	err = array__grow((void **)&o->times, &o->time_cap, o->time_cnt + 1, sizeof(*o->times),
			  OFFCPU_MAX_TIMES);
	if (!err)
		o->times[o->time_cnt++] = t;
	return err;
}
