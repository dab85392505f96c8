/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Parts of a run's time: what they show adds up to the run, by thread and in the ledger. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/offcpu_rows.h"
#include "analyze/time_cut.h"
#include "base/compiler.h"
#include "fixtures/random.h"

#define WAITS	500
#define THREADS 5
#define END	100000

struct wait {
	struct wire_waked rec;
};

static void make_waits(struct wait *waits, size_t cnt)
{
	uint64_t at[THREADS] = {0};

	memset(waits, 0, cnt * sizeof(*waits));
	for (size_t i = 0; i < cnt; i++) {
		struct wire_interval *iv = &waits[i].rec.interval;
		uint32_t t = (uint32_t)(random_u64() % THREADS);

		iv->h = (struct wire_header){.kind = WIRE_INTERVAL, .size = sizeof(waits[i].rec)};
		iv->thread = (struct wire_thread_key){.start_ns = 1, .tid = t + 1, .comm_gen = 1};
		iv->kernel_stack = 1 + random_u64() % 7;
		iv->wait = (struct wire_wait){.state = 1, .syscall = -1};
		iv->out_ns = at[t] + random_u64() % 50;
		iv->wake_ns = iv->out_ns + random_u64() % (random_u64() % 8 ? 200 : 9000);
		iv->in_ns = at[t] = iv->wake_ns + random_u64() % 40;
		waits[i].rec.waker.flags = WIRE_W_ANY;
		waits[i].rec.waker.key.tid = 77;
	}
}

struct sum {
	uint64_t blocked, runnable, open, cnt;
};

static struct sum sum_of(const struct offcpu *o, uint32_t tid)
{
	struct sum s = {0};

	for (size_t i = 0; i < o->cnt; i++) {
		const struct offcpu_row *r = &o->rows[i];

		if (tid && r->thread.tid != tid)
			continue;
		s.blocked += r->blocked_ns;
		s.runnable += r->runnable_ns;
		s.cnt += r->cnt;
		s.open += r->wait.flags & WIRE_F_OPEN ? r->blocked_ns + r->runnable_ns : 0;
	}
	return s;
}

static void add_all(struct offcpu *o, const struct time_cut *cut, const struct wait *waits,
		    size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		struct event e = {.interval = &waits[i].rec.interval};

		assert_int_equal(cut ? time_cut__add(cut, o, &e) : offcpu__add(o, &e), 0);
	}
}

/* Three parts that touch hold each thread's time once, and each part's ledger is the run's. */
static void test_parts_add_up(void **state _unused_)
{
	static struct wait waits[WAITS];

	for (int round = 0; round < 50; round++) {
		uint64_t a = random_u64() % END, b = a + random_u64() % END;
		const struct time_cut cuts[] = {{0, a}, {a, b}, {b, UINT64_MAX}};
		struct offcpu whole, part[3];

		make_waits(waits, WAITS);
		offcpu__init(&whole);
		add_all(&whole, NULL, waits, WAITS);
		for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
			offcpu__init(&part[i]);
			if (cuts[i].since_ns < cuts[i].until_ns)
				add_all(&part[i], &cuts[i], waits, WAITS);
			else
				part[i].outside.ns = whole.delivered.ns;
			assert_int_equal(part[i].delivered.ns + part[i].outside.ns,
					 whole.delivered.ns);
			assert_int_equal(part[i].open.ns, sum_of(&part[i], 0).open);
		}
		for (uint32_t tid = 1; tid <= THREADS; tid++) {
			struct sum all = sum_of(&whole, tid), some = {0};

			for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
				some.blocked += sum_of(&part[i], tid).blocked;
				some.runnable += sum_of(&part[i], tid).runnable;
			}
			assert_int_equal(some.blocked, all.blocked);
			assert_int_equal(some.runnable, all.runnable);
		}
		for (size_t i = 0; i < ARRAY_SIZE(cuts); i++)
			offcpu__fini(&part[i]);
		offcpu__fini(&whole);
	}
}

/* Of a wait that lasts beyond the end nobody ended it there; one that was woken before is runnable then. */
static void test_edges(void **state _unused_)
{
	static const struct {
		struct time_cut cut;
		uint64_t blocked, runnable;
		bool open, waker;
	} cases[] = {
		/* The wait is [100, 200) blocked and [200, 230) runnable. */
		{{0, 1000}, 100, 30, false, true}, {{150, 1000}, 50, 30, false, true},
		{{0, 150}, 50, 0, true, false},	   {{120, 150}, 30, 0, true, false},
		{{0, 210}, 100, 10, true, true},   {{210, 220}, 0, 10, true, true},
		{{210, 1000}, 0, 20, false, true}, {{100, 230}, 100, 30, false, true},
	};
	struct wait w;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct offcpu o;

		make_waits(&w, 1);
		w.rec.interval.out_ns = 100;
		w.rec.interval.wake_ns = 200;
		w.rec.interval.in_ns = 230;
		offcpu__init(&o);
		add_all(&o, &cases[i].cut, &w, 1);
		assert_int_equal(o.cnt, 1);
		assert_int_equal(o.rows[0].blocked_ns, cases[i].blocked);
		assert_int_equal(o.rows[0].runnable_ns, cases[i].runnable);
		assert_int_equal(!!(o.rows[0].wait.flags & WIRE_F_OPEN), cases[i].open);
		assert_int_equal(o.rows[0].waker.flags != 0, cases[i].waker);
		assert_int_equal(o.outside.cnt, cases[i].open);
		offcpu__fini(&o);
	}
	for (uint64_t at = 0; at < 2; at++) {
		struct time_cut beside[] = {{0, 100}, {230, 1000}};
		struct offcpu o;

		offcpu__init(&o);
		add_all(&o, &beside[at], &w, 1);
		assert_int_equal(o.cnt, 0);
		assert_int_equal(o.outside.ns, 130);
		assert_int_equal(o.outside.cnt, 1);
		offcpu__fini(&o);
	}
}

/* What was open at the run's end stands on both sides of the ledger, so what is cut of it is nowhere. */
static void test_open_and_spilled(void **state _unused_)
{
	const struct time_cut cut = {0, 150};
	struct wire_waked_spill spill = {.spill = {.h = {.kind = WIRE_SPILL, .size = sizeof(spill)},
						   .cnt = 3,
						   .blocked_ns = 40,
						   .runnable_ns = 2}};
	struct event e = {.spill = &spill.spill};
	struct offcpu o;
	struct wait w;

	make_waits(&w, 1);
	w.rec.interval.out_ns = 100;
	w.rec.interval.wake_ns = w.rec.interval.in_ns = 200;
	w.rec.interval.wait.flags |= WIRE_F_OPEN;
	offcpu__init(&o);
	add_all(&o, &cut, &w, 1);
	assert_int_equal(o.open.ns, 50);
	assert_int_equal(o.outside.ns, 0);
	assert_int_equal(time_cut__add(&cut, &o, &e), 0);
	assert_int_equal(o.outside_spilled.ns, 42);
	assert_int_equal(o.outside_spilled.cnt, 3);
	assert_int_equal(o.spilled.ns, 0);
	offcpu__fini(&o);
}

/* What offcpu__add() refuses is not taken because it lies outside. */
static void test_impossible_ones(void **state _unused_)
{
	const struct time_cut cut = {1000, 2000};
	struct offcpu o;
	struct wait w;
	struct event e = {.interval = &w.rec.interval};

	make_waits(&w, 1);
	w.rec.interval.out_ns = 500;
	w.rec.interval.wake_ns = w.rec.interval.in_ns = 400;
	offcpu__init(&o);
	assert_int_equal(time_cut__add(&cut, &o, &e), -EBADMSG);
	w.rec.interval.wake_ns = 600;
	assert_int_equal(time_cut__add(&cut, &o, &e), -EBADMSG);
	assert_int_equal(o.outside.ns, 0);
	offcpu__fini(&o);
}

static void test_window(void **state _unused_)
{
	struct model m = {
		.start = {.monotonic_ns = 1000, .boottime_ns = 5000, .realtime_ns = 70000},
		.end = {.monotonic_ns = 2000, .boottime_ns = 6000, .realtime_ns = 71000}};
	struct time_cut cut = {1200, UINT64_MAX};
	struct offcpu o;

	offcpu__init(&o);
	time_cut__finish(&cut, &o, &m);
	assert_int_equal(o.begin.monotonic_ns, 1200);
	assert_int_equal(o.begin.boottime_ns, 5200);
	assert_int_equal(o.begin.realtime_ns, 70200);
	assert_int_equal(o.end.monotonic_ns, 2000);
	assert_int_equal(o.end.realtime_ns, 71000);
	offcpu__fini(&o);
}

/* What stands for several waits still does, with its labels; nothing behind the record is read. */
static void test_counted(void **state)
{
	struct wire_counted *rec = test_calloc(1, sizeof(*rec));
	struct time_cut c = {.since_ns = 500, .until_ns = 1000};
	struct event e = {.interval = &rec->waked.interval};
	struct offcpu o;

	(void)state;
	offcpu__init(&o);
	rec->waked.interval = (struct wire_interval){
		.h = {.kind = WIRE_INTERVAL, .size = sizeof(*rec)},
		.thread = {.start_ns = 1, .tid = 1},
		.out_ns = 100,
		.wake_ns = 900,
		.in_ns = 900,
		.wait = {.state = 1, .syscall = -1},
	};
	rec->cnt = 7;
	rec->labels = 99;
	assert_int_equal(time_cut__add(&c, &o, &e), 0);
	assert_int_equal(o.cnt, 1);
	assert_int_equal(o.rows[0].cnt, 7);
	assert_int_equal(o.rows[0].labels, 99);
	assert_int_equal(o.rows[0].blocked_ns, 400);
	assert_int_equal(o.outside.ns, 400);
	assert_int_equal(o.outside.cnt, 0);
	rec->waked.interval.in_ns = rec->waked.interval.wake_ns = 400;
	assert_int_equal(time_cut__add(&c, &o, &e), 0);
	assert_int_equal(o.outside.cnt, 7);
	offcpu__fini(&o);
	test_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_add_up),	 cmocka_unit_test(test_edges),
		cmocka_unit_test(test_open_and_spilled), cmocka_unit_test(test_impossible_ones),
		cmocka_unit_test(test_window),		 cmocka_unit_test(test_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
