/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_sched.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "format/go_sched_part.h"

#define WORD	       8
#define MAX_COUNT      (1ull << 48) /* more than is reached in a program's life: numbers, events */
#define MAX_PROCS      (1 << 20)
#define MAX_GOROUTINES (1 << 28)

/* What lies around the limit of threads in all versions, with respect to it. */
enum go_sched_offset {
	IDLE_THREADS = -16, /* nmidle */
	NEXT_THREAD = -8,   /* mnext */
	SYSTEM_THREADS = 4, /* nmsys */
	FREED_THREADS = 8,  /* nmfreed */
	IDLE_PROCS = 32,    /* npidle */
	SPINNING = 36,	    /* nmspinning */
};

#define CREATED	   0 /* goidgen */
#define LAST_POLL  8
#define POLL_UNTIL 16

/* Behind the histogram of latencies, from 1.20 on. */
#define MUTEX_WAIT (sizeof(struct go_histogram) + WORD)
#define PAUSES	   (MUTEX_WAIT + WORD)

/* Up to 1.19 (timeHistogram there): from 16 ns on 16 buckets for each power of two, below one for each ns. */
#define OLD_SUB_BITS 4
#define OLD_SUB_CNT  (1u << OLD_SUB_BITS)
#define OLD_CNT	     (45 * OLD_SUB_CNT)

static const struct go_sched_layout go_sched_layouts[] = {
	{19, 19, 56, 32, 112, 312, true, false, false},
	{20, 21, 56, 32, 120, 320, false, true, false},
	{22, 24, 56, 32, 120, 320, false, true, true},
	{25, 25, 64, 40, 128, 344, false, true, true},
	{26, 27, 80, 40, 144, 360, false, true, true},
};

const struct go_sched_layout *go_sched_layout_of(unsigned int minor)
{
	for (size_t i = 0; i < ARRAY_SIZE(go_sched_layouts); i++)
		if (minor >= go_sched_layouts[i].first && minor <= go_sched_layouts[i].last)
			return &go_sched_layouts[i];
	return NULL;
}

static uint64_t u64_at(const uint8_t *bytes, size_t offset)
{
	uint64_t v;

	memcpy(&v, bytes + offset, sizeof(v));
	return v;
}

static int32_t i32_at(const uint8_t *bytes, size_t offset)
{
	int32_t v;

	memcpy(&v, bytes + offset, sizeof(v));
	return v;
}

static bool is_within(int64_t v, int64_t max)
{
	return v >= 0 && v <= max;
}

/* ---- the first part ---- */

bool go_sched_take_head(const struct go_sched_layout *l, const uint8_t bytes[GO_SCHED_HEAD_BYTES],
			struct go_sched_stats *ret)
{
	const uint8_t *at = bytes + l->limit;
	uint64_t next = u64_at(at + NEXT_THREAD, 0), freed = u64_at(at + FREED_THREADS, 0);
	int32_t limit = i32_at(at, 0);

	if (next > MAX_COUNT || freed >= next || limit < 1 || next - freed > (uint32_t)limit)
		return false;
	ret->threads = (int32_t)(next - freed);
	ret->created = u64_at(bytes, CREATED);
	ret->idle_threads = i32_at(at + IDLE_THREADS, 0);
	ret->spinning_threads = i32_at(at + SPINNING, 0);
	ret->idle_procs = i32_at(at + IDLE_PROCS, 0);
	ret->run_queue = i32_at(bytes, l->run_queue);
	return ret->created && ret->created <= MAX_COUNT && u64_at(bytes, LAST_POLL) <= INT64_MAX &&
	       u64_at(bytes, POLL_UNTIL) <= INT64_MAX &&
	       is_within(i32_at(at + SYSTEM_THREADS, 0), ret->threads) &&
	       is_within(ret->idle_threads, ret->threads) &&
	       is_within(ret->spinning_threads, ret->threads) &&
	       is_within(ret->idle_procs, MAX_PROCS) && is_within(ret->run_queue, MAX_GOROUTINES);
}

/* ---- histograms ---- */

static bool go_histogram_is_sane(const struct go_histogram *h)
{
	for (size_t i = 0; i < GO_HISTOGRAM_CNT; i++)
		if (h->counts[i] > MAX_COUNT)
			return false;
	return h->underflow <= MAX_COUNT && h->overflow <= MAX_COUNT;
}

/* None of the old buckets reaches over a bound of the new ones. */
static void go_histogram_take_old(struct go_histogram *h, const uint8_t *bytes)
{
	*h = (struct go_histogram){.underflow = u64_at(bytes, OLD_CNT * WORD)};
	for (size_t i = 0; i < OLD_CNT; i++) {
		uint64_t power = i / OLD_SUB_CNT, sub = i % OLD_SUB_CNT,
			 cnt = u64_at(bytes, i * WORD);
		size_t to = go_histogram_bucket(power ? (OLD_SUB_CNT + sub) << (power - 1) : sub);

		if (to < GO_HISTOGRAM_CNT)
			h->counts[to] += cnt;
		else
			h->overflow += cnt;
	}
}

size_t go_sched_bytes(const struct go_sched_layout *l)
{
	if (l->is_old)
		return l->latency + (OLD_CNT + 1) * WORD;
	if (l->has_pauses)
		return l->latency + PAUSES + 2 * GO_PAUSE_CNT * sizeof(struct go_histogram);
	return l->latency + MUTEX_WAIT + WORD;
}

static bool go_sched_take_pauses(const uint8_t *bytes, struct go_sched_stats *ret)
{
	bool sane = true;

	memcpy(ret->stopping, bytes, sizeof(ret->stopping));
	memcpy(ret->paused, bytes + sizeof(ret->stopping), sizeof(ret->paused));
	for (size_t i = 0; i < GO_PAUSE_CNT; i++)
		sane &= go_histogram_is_sane(&ret->stopping[i]) &&
			go_histogram_is_sane(&ret->paused[i]);
	return sane;
}

/* @bytes: from the histogram of latencies on. */
static bool go_sched_take_tail(const struct go_sched_layout *l, const uint8_t *bytes,
			       struct go_sched_stats *ret)
{
	ret->has_mutex_wait = l->has_mutex_wait;
	ret->has_pauses = l->has_pauses;
	if (l->is_old) {
		go_histogram_take_old(&ret->latency, bytes);
		return go_histogram_is_sane(&ret->latency);
	}
	memcpy(&ret->latency, bytes, sizeof(ret->latency));
	ret->mutex_wait_ns = u64_at(bytes, MUTEX_WAIT);
	return go_histogram_is_sane(&ret->latency) && ret->mutex_wait_ns <= INT64_MAX &&
	       (!l->has_pauses || go_sched_take_pauses(bytes + PAUSES, ret));
}

int go_sched__read(const struct go_sched *s, const struct go_memory *m, struct go_sched_stats *ret)
{
	const struct go_sched_layout *l = s->layout;
	uint8_t bytes[GO_SCHED_MAX_BYTES];
	size_t len = go_sched_bytes(l);

	*ret = (struct go_sched_stats){0};
	if (!go_memory__read(m, s->addr, bytes, len))
		return -EFAULT;
	return go_sched_take_head(l, bytes, ret) && go_sched_take_tail(l, bytes + l->latency, ret)
		       ? 0
		       : -EBADMSG;
}
