/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The cells of a timeline against a picture made the slow way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "fixtures/random.h"
#include "output/timeline.h"

static struct profile *make(uint64_t window_ns, uint32_t threads)
{
	struct profile *p = profile__new();

	p->window_ns = window_ns;
	for (uint32_t i = 0; i < threads; i++)
		assert_int_equal(
			profile__add_thread(p, &(struct profile_thread){.pid = 1, .tid = i + 1}),
			0);
	return p;
}

static void add(struct profile *p, uint32_t thread, enum reason reason, uint64_t from,
		uint64_t wake, uint64_t to)
{
	struct profile_sample s = {.thread = thread,
				   .reason = (uint8_t)reason,
				   .cnt = 1,
				   .blocked_ns = wake - from,
				   .runnable_ns = to - wake};
	struct profile_wait w = {.from_ns = from,
				 .wake_ns = wake,
				 .to_ns = to,
				 .sample = (uint32_t)p->sample_cnt,
				 .waker = PROFILE_NO_THREAD};

	assert_int_equal(profile__add_sample(p, &s, NULL, 0), 0);
	assert_int_equal(profile__add_wait(p, &w), 0);
}

static uint8_t cell(unsigned int kind, unsigned int quarters)
{
	return (uint8_t)(1 + kind * TIMELINE_LEVELS + quarters - 1);
}

static void test_columns(void **state _unused_)
{
	/* A column is 1000 ns and one for rounding. */
	const uint64_t column = 1001;
	struct profile *p = make(TIMELINE_COLUMNS * 1000, 1);
	struct timeline t;

	add(p, 0, REASON_LOCK, 0, 2 * column, 2 * column);			/* 0 and 1, whole */
	add(p, 0, REASON_DISK, 3 * column, 3 * column + 250, 3 * column + 250); /* a quarter */
	add(p, 0, REASON_DISK, 4 * column, 4 * column + 251, 4 * column + 251); /* more */
	add(p, 0, REASON_LOCK, 5 * column + 10, 5 * column + 310, 5 * column + 911); /* runnable */
	add(p, 0, REASON_LOCK, 6 * column, 6 * column + 1, 6 * column + 1);	     /* hardly */
	assert_int_equal(timeline__init(&t, p), 0);
	assert_int_equal(t.span_ns, TIMELINE_COLUMNS * 1000);
	assert_int_equal(t.row_cnt, 1);
	assert_int_equal(t.rows[0].cells[0], cell(REASON_LOCK, 4));
	assert_int_equal(t.rows[0].cells[1], cell(REASON_LOCK, 4));
	assert_int_equal(t.rows[0].cells[2], 0);
	assert_int_equal(t.rows[0].cells[3], cell(REASON_DISK, 1));
	assert_int_equal(t.rows[0].cells[4], cell(REASON_DISK, 2));
	assert_int_equal(t.rows[0].cells[5], cell(TIMELINE_RUNNABLE, 4));
	assert_int_equal(t.rows[0].cells[6], cell(REASON_LOCK, 1));
	for (size_t i = 7; i < TIMELINE_COLUMNS; i++)
		assert_int_equal(t.rows[0].cells[i], 0);
	timeline__fini(&t);
	profile__free(p);
}

/* Those that waited for something stay; who only waited for work makes way first. */
static void test_which_threads(void **state _unused_)
{
	struct profile *p = make(1000000, TIMELINE_MAX_ROWS + 60);
	struct timeline t;

	for (uint32_t i = 0; i < p->thread_cnt; i++) {
		if (i % 13 == 0)
			continue; /* never waited */
		add(p, i, i % 2 ? REASON_POLL : REASON_LOCK, 0, 1000 + i, 1000 + i);
	}
	assert_int_equal(timeline__init(&t, p), 0);
	assert_int_equal(t.row_cnt, TIMELINE_MAX_ROWS);
	assert_int_equal(t.row_cnt + t.left_out_cnt, p->thread_cnt - (p->thread_cnt + 12) / 13);
	for (size_t i = 0, next = 0; i < p->thread_cnt; i++) {
		if (i % 13 == 0)
			continue;
		if (i % 2 == 0)
			while (t.rows[next].thread < i)
				next++;
		if (i % 2 == 0)
			assert_int_equal(t.rows[next].thread, i);
	}
	for (size_t i = 1; i < t.row_cnt; i++)
		assert_true(t.rows[i - 1].thread < t.rows[i].thread);
	timeline__fini(&t);
	profile__free(p);
}

/* Who waited for a CPU waited for something. */
static void test_waiting_for_a_cpu_is_not_idle(void **state _unused_)
{
	struct profile *p = make(1000000, TIMELINE_MAX_ROWS + 1);
	struct timeline t;

	for (uint32_t i = 0; i < p->thread_cnt; i++)
		add(p, i, REASON_POLL, 0, i == 7 ? 10 : 5000, i == 7 ? 20 : 5000);
	assert_int_equal(timeline__init(&t, p), 0);
	assert_int_equal(t.row_cnt, TIMELINE_MAX_ROWS);
	assert_int_equal(t.rows[7].thread, 7);
	timeline__fini(&t);
	profile__free(p);
}

/* Random waits, each nanosecond looked at. */
static void test_random(void **state _unused_)
{
	for (int round = 0; round < 20; round++) {
		uint64_t span = TIMELINE_COLUMNS * (1 + random_u64() % 40), at = 0;
		struct profile *p = make(span, 1);
		uint8_t *kinds = calloc(span, 1);
		struct timeline t;
		uint64_t column;

		while (at < span) {
			uint64_t from = at + random_u64() % 60, wake = from + random_u64() % 300,
				 to = wake + random_u64() % 30;
			enum reason reason = (enum reason)(random_u64() % REASON_CNT);

			if (to > span)
				break;
			add(p, 0, reason, from, wake, to);
			for (uint64_t i = from; i < to; i++)
				kinds[i] = (uint8_t)(1 + (i < wake ? reason : TIMELINE_RUNNABLE));
			at = to;
		}
		assert_int_equal(timeline__init(&t, p), 0);
		column = t.span_ns / TIMELINE_COLUMNS + 1;
		for (uint64_t c = 0; t.row_cnt && c < TIMELINE_COLUMNS; c++) {
			uint64_t sums[TIMELINE_RUNNABLE + 2] = {0}, most = 1, all = 0;

			for (uint64_t i = c * column; i < (c + 1) * column && i < span; i++)
				sums[kinds[i]]++;
			for (size_t k = 1; k < ARRAY_SIZE(sums); k++) {
				all += sums[k];
				most = sums[k] > sums[most] ? k : most;
			}
			if (!all) {
				assert_int_equal(t.rows[0].cells[c], 0);
				continue;
			}
			assert_int_equal(t.rows[0].cells[c],
					 cell((unsigned int)most - 1,
					      (unsigned int)((all * 4 + column - 1) / column)));
		}
		timeline__fini(&t);
		profile__free(p);
		free(kinds);
	}
}

static void test_nothing(void **state _unused_)
{
	struct profile *p = make(1000, 3);
	struct timeline t;

	assert_int_equal(timeline__init(&t, p), 0);
	assert_int_equal(t.row_cnt, 0);
	timeline__fini(&t);
	/* Of a thread that nobody knows: there is no row to put it in. */
	add(p, UINT32_MAX, REASON_LOCK, 0, 10, 10);
	assert_int_equal(timeline__init(&t, p), 0);
	assert_int_equal(t.row_cnt, 0);
	timeline__fini(&t);
	profile__free(p);
}

/* A recording may say anything. */
static void test_the_end_of_time(void **state _unused_)
{
	struct profile *p = make(0, 1);
	struct timeline t;

	add(p, 0, REASON_LOCK, 0, UINT64_MAX, UINT64_MAX);
	add(p, 0, REASON_DISK, UINT64_MAX - 5, UINT64_MAX - 3, UINT64_MAX);
	assert_int_equal(timeline__init(&t, p), 0);
	assert_int_equal(t.row_cnt, 1);
	for (size_t i = 0; i < TIMELINE_COLUMNS; i++)
		assert_int_equal((t.rows[0].cells[i] - 1) / TIMELINE_LEVELS, REASON_LOCK);
	timeline__fini(&t);
	profile__free(p);
}

/* Merged recordings have waits behind the length of their windows, as gaps are no window. */
static void test_beyond_the_window(void **state _unused_)
{
	struct profile *p = make(1000, 1);
	struct timeline t;

	add(p, 0, REASON_LOCK, 5000, 9000, 9000);
	assert_int_equal(timeline__init(&t, p), 0);
	assert_int_equal(t.span_ns, 9000);
	timeline__fini(&t);
	profile__free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_which_threads),
		cmocka_unit_test(test_waiting_for_a_cpu_is_not_idle),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_beyond_the_window),
		cmocka_unit_test(test_the_end_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
