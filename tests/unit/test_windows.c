/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One run cut into windows: lives of random threads, told and delivered in all orders that a live source has. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/offcpu_rows.h"
#include "analyze/windows.h"
#include "fixtures/random.h"

#define MAX_WAITS 4096
#define THREADS	  8

/* A wait of a simulated thread. */
struct wait {
	uint32_t tid;
	uint64_t out, wake, in;
	bool delivered;
};

static struct wire_interval interval_of(const struct wait *w)
{
	return (struct wire_interval){
		.h = {.kind = WIRE_INTERVAL, .size = sizeof(struct wire_interval)},
		.thread = {.start_ns = 1, .tid = w->tid, .comm_gen = 1},
		.out_ns = w->out,
		.wake_ns = w->wake,
		.in_ns = w->in,
		.kernel_stack = w->tid,
		.wait = {.state = 1, .syscall = -1},
	};
}

static void deliver(struct windows *w, struct wait *wait)
{
	struct wire_interval iv = interval_of(wait);
	struct event e = {.interval = &iv};

	assert_int_equal(windows__add(w, &e), 0);
	wait->delivered = true;
}

static void tell(struct windows *w, const struct wait *wait, uint64_t cut)
{
	struct wire_interval iv = interval_of(wait);
	struct event e = {.interval = &iv};

	iv.in_ns = cut;
	iv.wake_ns = wait->wake < cut ? wait->wake : cut;
	iv.wait.flags |= WIRE_F_OPEN;
	assert_int_equal(windows__add_open(w, &e), 0);
}

static uint64_t total(const struct offcpu *o, uint32_t tid, bool runnable)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < o->cnt; i++)
		if (o->rows[i].thread.tid == tid)
			ns += runnable ? o->rows[i].runnable_ns : o->rows[i].blocked_ns;
	return ns;
}

static uint64_t count(const struct offcpu *o, uint32_t tid, bool open)
{
	uint64_t cnt = 0;

	for (size_t i = 0; i < o->cnt; i++)
		if (o->rows[i].thread.tid == tid && !(o->rows[i].wait.flags & WIRE_F_OPEN) == !open)
			cnt += o->rows[i].cnt;
	return cnt;
}

static uint64_t overlap(uint64_t a, uint64_t b, uint64_t from, uint64_t to)
{
	a = a > from ? a : from;
	b = b < to ? b : to;
	return b > a ? b - a : 0;
}

static uint64_t offcpu_ns(const struct offcpu *o)
{
	uint64_t ns = 0;

	for (uint32_t tid = 1; tid <= THREADS; tid++)
		ns += total(o, tid, false) + total(o, tid, true);
	return ns;
}

/* What the window must show of a thread, by the waits themselves: each once, in its time, and open where it goes on. */
static void check_window(const struct window *win, const struct wait *waits, size_t cnt)
{
	for (uint32_t tid = 1; tid <= THREADS; tid++) {
		uint64_t blocked = 0, runnable = 0, ended = 0, open = 0;

		for (size_t i = 0; i < cnt; i++) {
			const struct wait *w = &waits[i];

			if (w->tid != tid)
				continue;
			blocked += overlap(w->out, w->wake, win->begin_ns, win->end_ns);
			runnable += overlap(w->wake, w->in, win->begin_ns, win->end_ns);
			ended += w->in > win->begin_ns && w->in <= win->end_ns;
			open += w->in > win->end_ns && w->out < win->end_ns;
		}
		assert_int_equal(total(&win->offcpu, tid, false), blocked);
		assert_int_equal(total(&win->offcpu, tid, true), runnable);
		assert_int_equal(count(&win->offcpu, tid, false), ended);
		assert_int_equal(count(&win->offcpu, tid, true), open);
	}
	assert_int_equal(win->offcpu.open.ns + win->offcpu.delivered.ns, offcpu_ns(&win->offcpu));
}

/* Waits of all threads, sorted by their ends. */
static size_t make_waits(struct wait *waits, uint64_t end)
{
	size_t cnt = 0;

	for (uint32_t tid = 1; tid <= THREADS; tid++) {
		uint64_t at = 1 + random_u64() % 50;

		while (at < end && cnt < MAX_WAITS) {
			struct wait *w = &waits[cnt++];

			w->tid = tid;
			w->out = at + 1 + random_u64() % 20;
			w->wake = w->out + random_u64() % (random_u64() % 8 ? 60 : 3000);
			w->in = w->wake + random_u64() % 30 + 1;
			w->delivered = false;
			at = w->in;
		}
	}
	for (size_t i = 1; i < cnt; i++)
		for (size_t j = i; j && waits[j].in < waits[j - 1].in; j--) {
			struct wait swap = waits[j];

			waits[j] = waits[j - 1];
			waits[j - 1] = swap;
		}
	return cnt;
}

/* All that ended before @before and was not delivered yet: what a round reads. */
static void read_rings(struct windows *w, struct wait *waits, size_t cnt, uint64_t before)
{
	for (size_t i = 0; i < cnt; i++)
		if (!waits[i].delivered && waits[i].in < before)
			deliver(w, &waits[i]);
}

/* The source comes to each thread at some moment after the cut, and tells what it is in then if that began before. */
static void tell_all(struct windows *w, const struct wait *waits, size_t cnt, uint64_t cut,
		     uint64_t now)
{
	for (size_t i = 0; i < cnt; i++) {
		uint64_t visit = cut + random_u64() % (now - cut);

		if (waits[i].out < cut && waits[i].in > visit)
			tell(w, &waits[i], cut);
	}
}

static void take_windows(struct windows *w, const struct wait *waits, size_t cnt,
			 struct window *open[2], size_t *ret_done)
{
	struct window *win;

	while ((win = windows__take(w)) != NULL) {
		check_window(win, waits, cnt);
		for (int i = 0; i < 2; i++)
			if (open[i] == win)
				open[i] = NULL;
		window__free(win);
		++*ret_done;
	}
}

static void one_run(size_t *ret_done)
{
	static struct wait waits[MAX_WAITS];
	size_t cnt = make_waits(waits, 20000);
	struct window *open[2] = {0};
	struct windows w;
	uint64_t now = 10;

	windows__init(&w);
	while (now < 20000) {
		uint64_t cut;

		/* Two that overlap, each over some cuts. */
		for (int i = 0; i < 2; i++) {
			if (open[i] && random_u64() % 3 == 0)
				window__end(open[i]);
			if (!open[i])
				open[i] = windows__open(&w);
		}
		now += 1 + random_u64() % 1500;
		/* What was read before the cut need not be all that was there. */
		read_rings(&w, waits, cnt, now - random_u64() % 10);
		cut = now;
		now += 1 + random_u64() % 40;
		windows__cut_begin(&w, cut);
		tell_all(&w, waits, cnt, cut, now);
		windows__cut_told(&w, now);
		assert_false(windows__round(&w, now - 1));
		now += 1 + random_u64() % 40;
		read_rings(&w, waits, cnt, now);
		assert_true(windows__round(&w, now));
		take_windows(&w, waits, cnt, open, ret_done);
	}
	windows__fini(&w);
}

static void test_random(void **state)
{
	size_t done = 0;

	(void)state;
	for (int i = 0; i < 60; i++)
		one_run(&done);
	assert_true(done > 300);
}

static void test_long_wait(void **state)
{
	struct wait wait = {.tid = 1, .out = 100, .wake = 5000, .in = 5010};
	struct window *win;
	struct windows w;
	uint64_t sum = 0;

	(void)state;
	windows__init(&w);
	assert_non_null(windows__open(&w));
	for (uint64_t cut = 50; cut <= 6050; cut += 1000) {
		for (size_t i = 0; i < WINDOWS_MAX; i++)
			if (w.items[i])
				window__end(w.items[i]);
		assert_non_null(windows__open(&w));
		windows__cut_begin(&w, cut);
		if (cut > wait.out && cut < wait.in)
			tell(&w, &wait, cut);
		/* The kernel may come to a thread twice. */
		if (cut > wait.out && cut < wait.in)
			tell(&w, &wait, cut);
		windows__cut_told(&w, cut + 1);
		if (cut > wait.in && !wait.delivered)
			deliver(&w, &wait);
		assert_true(windows__round(&w, cut + 2));
		while ((win = windows__take(&w)) != NULL) {
			sum += total(&win->offcpu, 1, false) + total(&win->offcpu, 1, true);
			window__free(win);
		}
	}
	/* Each window had its part, and nothing came twice. */
	assert_int_equal(sum, wait.in - wait.out);
	windows__fini(&w);
}

/* -m: what was too short to be told at a cut is shown whole where it ended. */
static void test_not_told(void **state)
{
	struct wait wait = {.tid = 1, .out = 90, .wake = 190, .in = 200};
	struct window *win;
	struct windows w;

	(void)state;
	windows__init(&w);
	assert_non_null(windows__open(&w));
	windows__cut_begin(&w, 50);
	windows__cut_told(&w, 51);
	assert_true(windows__round(&w, 52));
	windows__cut_begin(&w, 100);
	windows__cut_told(&w, 101);
	assert_true(windows__round(&w, 102));
	deliver(&w, &wait);
	win = w.items[0];
	assert_int_equal(total(&win->offcpu, 1, false), 100);
	assert_int_equal(total(&win->offcpu, 1, true), 10);
	windows__fini(&w);
}

/* The run ends: what is open then comes from its own beginning. */
static void test_end(void **state)
{
	struct wait wait = {.tid = 1, .out = 90, .wake = 250, .in = 250};
	struct wire_interval iv = interval_of(&wait);
	struct event e = {.interval = &iv};
	struct window *first, *second;
	struct windows w;

	(void)state;
	iv.wait.flags |= WIRE_F_OPEN;
	windows__init(&w);
	first = windows__open(&w);
	windows__begin(&w, 50);
	assert_false(windows__want_cut(&w));
	second = windows__open(&w);
	windows__cut_begin(&w, 100);
	tell(&w, &wait, 100);
	windows__cut_told(&w, 101);
	assert_true(windows__round(&w, 102));
	assert_int_equal(windows__add(&w, &e), 0);
	assert_non_null(windows__open(&w));
	windows__end(&w, 250);
	assert_int_equal(total(&first->offcpu, 1, false), 160);
	assert_int_equal(total(&second->offcpu, 1, false), 150);
	for (int i = 0; i < 3; i++) {
		struct window *win = windows__take(&w);

		assert_non_null(win);
		assert_int_equal(win->end_ns, 250);
		window__free(win);
	}
	assert_null(windows__take(&w));
	windows__fini(&w);
}

/* A run that ends while a cut settles loses no window. */
static void test_end_unsettled(void **state)
{
	struct window *first, *second;
	struct windows w;

	(void)state;
	windows__init(&w);
	first = windows__open(&w);
	windows__begin(&w, 50);
	window__end(first);
	second = windows__open(&w);
	windows__cut_begin(&w, 100);
	windows__cut_told(&w, 101);
	assert_null(windows__take(&w));
	windows__end(&w, 150);
	assert_ptr_equal(windows__take(&w), first);
	assert_int_equal(first->end_ns, 100);
	assert_ptr_equal(windows__take(&w), second);
	assert_int_equal(second->begin_ns, 100);
	assert_int_equal(second->end_ns, 150);
	window__free(first);
	window__free(second);
	windows__fini(&w);
}

static void test_spill(void **state)
{
	struct wire_spill rec = {
		.h = {.kind = WIRE_SPILL, .size = sizeof(rec)},
		.thread = {.start_ns = 1, .tid = 1, .comm_gen = 1},
		.cnt = 3,
		.blocked_ns = 30,
		.max_ns = 20,
	};
	struct event e = {.spill = &rec};
	struct window *first, *second;
	struct windows w;

	(void)state;
	windows__init(&w);
	first = windows__open(&w);
	windows__cut_begin(&w, 50);
	windows__cut_told(&w, 51);
	assert_true(windows__round(&w, 52));
	assert_int_equal(windows__add(&w, &e), 0);
	window__end(first);
	second = windows__open(&w);
	windows__cut_begin(&w, 100);
	/* While the cut settles: what was spilled before it. */
	assert_int_equal(windows__add(&w, &e), 0);
	windows__cut_told(&w, 101);
	assert_true(windows__round(&w, 102));
	assert_int_equal(total(&first->offcpu, 1, false), 60);
	assert_int_equal(windows__add(&w, &e), 0);
	assert_int_equal(total(&second->offcpu, 1, false), 30);
	assert_ptr_equal(windows__take(&w), first);
	window__free(first);
	assert_null(windows__take(&w));
	windows__fini(&w);
}

static void test_limits(void **state)
{
	struct windows w;

	(void)state;
	windows__init(&w);
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		assert_non_null(windows__open(&w));
	assert_null(windows__open(&w));
	assert_int_equal(errno, EBUSY);
	windows__drop(&w, w.items[3]);
	assert_non_null(windows__open(&w));
	windows__fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),	      cmocka_unit_test(test_long_wait),
		cmocka_unit_test(test_not_told),      cmocka_unit_test(test_spill),
		cmocka_unit_test(test_limits),	      cmocka_unit_test(test_end),
		cmocka_unit_test(test_end_unsettled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
