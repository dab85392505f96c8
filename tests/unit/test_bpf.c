/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the probes decide, on the host: the life of a thread (bpf/interval.h), the way out and the ledger
 * (emit.bpf.h), the filters (filter.h) and stack ids (intern.h). The files are those that the kernel
 * gets; only the maps are arrays (fixtures/bpf_host.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>

#include "analyze/offcpu.h"
#include "base/compiler.h"
#include "fixtures/bpf_host.h"
#include "format/record.h"
#include "model/ledger.h"
#include "source/bpf_seeds.h"
#include "source/glob.h"

/* ---- random numbers, the same in each run ---- */

static uint64_t random_state;

static void random_seed(uint64_t seed)
{
	random_state = seed;
}

static uint64_t random_u64(void) /* splitmix64 */
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint64_t random_below(uint64_t n)
{
	return random_u64() % n;
}

/* True once in @n times. */
static bool once_in(uint64_t n)
{
	return !random_below(n);
}

/* ---- the life of a thread ---- */

#define START 1000 /* of the window, where a test says nothing else */

/* On CPU since @in_ns. */
static struct task_state running_since(uint64_t in_ns)
{
	return (struct task_state){.in_ns = in_ns, .start_ns = 1, .tid = 42};
}

/* The thread went to sleep at @out_ns, after having run since 1 ns before. */
static struct task_state asleep_since(uint64_t out_ns)
{
	struct task_state st = running_since(out_ns - 1);

	task_state__out(&st, out_ns, START, false);
	return st;
}

static struct interval woken_up(struct task_state *st, uint64_t in_ns)
{
	struct interval iv = {0};

	assert_true(task_state__in(st, in_ns, START, &iv));
	return iv;
}

static void check_interval(const struct interval *iv, uint64_t out, uint64_t wake, uint64_t in,
			   uint32_t flags)
{
	assert_int_equal(iv->out_ns, out);
	assert_int_equal(iv->wake_ns, wake);
	assert_int_equal(iv->in_ns, in);
	assert_int_equal(iv->flags, flags);
}

static void check_totals(const struct task_state *st, uint64_t on_cpu, uint64_t blocked,
			 uint64_t runnable, uint64_t intervals)
{
	assert_int_equal(st->on_cpu_ns, on_cpu);
	assert_int_equal(st->blocked_ns, blocked);
	assert_int_equal(st->runnable_ns, runnable);
	assert_int_equal(st->intervals, intervals);
}

static void test_a_sleep_is_blocked_until_its_wakeup_then_runnable(void **state _unused_)
{
	struct task_state st = running_since(2000);
	struct interval iv;

	task_state__out(&st, 2100, START, false);
	assert_int_equal(st.out_ns, 2100);
	assert_false(st.wait.flags & WIRE_F_PREEMPT);
	task_state__wake(&st, 2700);
	iv = woken_up(&st, 2750);
	check_interval(&iv, 2100, 2700, 2750, 0);
	check_totals(&st, 100, 600, 50, 1);
	assert_int_equal(st.in_ns, 2750);
	assert_int_equal(st.out_ns, 0);
}

static void test_a_preempted_thread_is_never_blocked(void **state _unused_)
{
	struct task_state st = running_since(2000);
	struct interval iv;

	task_state__out(&st, 2100, START, true);
	assert_true(st.wait.flags & WIRE_F_PREEMPT);
	iv = woken_up(&st, 2500);
	check_interval(&iv, 2100, 2100, 2500, 0);
	check_totals(&st, 100, 0, 400, 1);
}

/* Also state 0 and a signal that cancelled the sleep: the caller says `runnable`, whatever came before. */
static void test_what_is_still_queued_is_runnable_in_spite_of_an_early_wakeup(void **state _unused_)
{
	struct task_state st = running_since(2000);
	struct interval iv;

	task_state__wake(&st, 2050);
	task_state__out(&st, 2100, START, true);
	task_state__wake(&st, 2300);
	iv = woken_up(&st, 2500);
	check_interval(&iv, 2100, 2100, 2500, 0);
	check_totals(&st, 100, 0, 400, 1);
}

static void test_a_wakeup_between_dequeue_and_switch_out_is_not_erased(void **state _unused_)
{
	struct task_state st = running_since(2000);
	struct interval iv;

	task_state__wake(&st, 2099);
	task_state__out(&st, 2100, START, false);
	iv = woken_up(&st, 2500);
	check_interval(&iv, 2100, 2100, 2500, 0);
	check_totals(&st, 100, 0, 400, 1);
}

static void test_an_early_wakeup_in_the_nanosecond_of_the_switch_in_counts(void **state _unused_)
{
	struct task_state st = running_since(2000);
	struct interval iv;

	task_state__wake(&st, 2000);
	task_state__out(&st, 2100, START, false);
	iv = woken_up(&st, 2500);
	check_interval(&iv, 2100, 2100, 2500, 0);
}

static void test_a_real_wakeup_wins_over_a_stale_early_one(void **state _unused_)
{
	struct task_state st = running_since(2000);
	struct interval iv;

	task_state__wake(&st, 2010);
	task_state__out(&st, 2100, START, false);
	task_state__wake(&st, 2400);
	iv = woken_up(&st, 2500);
	check_interval(&iv, 2100, 2400, 2500, 0);
	check_totals(&st, 100, 300, 100, 1);
}

static void test_an_early_wakeup_does_not_outlive_its_stint(void **state _unused_)
{
	struct task_state st = running_since(2000);
	struct interval iv;

	task_state__wake(&st, 2010);
	task_state__out(&st, 2100, START, false);
	task_state__wake(&st, 2400);
	woken_up(&st, 2500);
	task_state__out(&st, 2600, START, false);
	iv = woken_up(&st, 2900);
	check_interval(&iv, 2600, 2900, 2900, WIRE_F_NO_WAKEUP);
	check_totals(&st, 200, 600, 100, 2);
}

static void test_only_the_first_wakeup_counts(void **state _unused_)
{
	struct task_state st = asleep_since(2100);
	struct interval iv;

	task_state__wake(&st, 2300);
	task_state__wake(&st, 2400);
	iv = woken_up(&st, 2500);
	check_interval(&iv, 2100, 2300, 2500, 0);
}

static void test_without_a_wakeup_all_is_blocked_and_flagged(void **state _unused_)
{
	struct task_state st = asleep_since(2100);
	struct interval iv = woken_up(&st, 2500);

	check_interval(&iv, 2100, 2500, 2500, WIRE_F_NO_WAKEUP);
	check_totals(&st, 1, 400, 0, 1);
}

static void test_a_wakeup_before_the_switch_out_is_clamped(void **state _unused_)
{
	struct task_state st = asleep_since(2100);
	struct interval iv;

	task_state__wake(&st, 2099);
	iv = woken_up(&st, 2500);
	check_interval(&iv, 2100, 2100, 2500, WIRE_F_CLAMPED);
	check_totals(&st, 1, 0, 400, 1);
}

static void test_a_wakeup_after_the_switch_in_is_clamped(void **state _unused_)
{
	struct task_state st = asleep_since(2100);
	struct interval iv;

	task_state__wake(&st, 2501);
	iv = woken_up(&st, 2500);
	check_interval(&iv, 2100, 2500, 2500, WIRE_F_CLAMPED);
	check_totals(&st, 1, 400, 0, 1);
}

static void test_wakeups_at_the_edges_are_not_clamped(void **state _unused_)
{
	struct task_state a = asleep_since(2100), b = a;
	struct interval iv;

	task_state__wake(&a, 2100);
	iv = woken_up(&a, 2500);
	check_interval(&iv, 2100, 2100, 2500, 0);
	task_state__wake(&b, 2500);
	iv = woken_up(&b, 2500);
	check_interval(&iv, 2100, 2500, 2500, 0);
}

static void test_an_interval_is_clipped_at_the_windows_start(void **state _unused_)
{
	struct task_state st = asleep_since(400);
	struct interval iv;

	task_state__wake(&st, 1300);
	iv = woken_up(&st, 1500);
	check_interval(&iv, 1000, 1300, 1500, WIRE_F_SEEDED);
	check_totals(&st, 0, 300, 200, 1);
}

static void test_a_wakeup_before_the_window_leaves_only_waiting_for_a_cpu(void **state _unused_)
{
	struct task_state st = asleep_since(400);
	struct interval iv;

	task_state__wake(&st, 700);
	iv = woken_up(&st, 1500);
	check_interval(&iv, 1000, 1000, 1500, WIRE_F_SEEDED);
	check_totals(&st, 0, 0, 500, 1);
}

static void test_what_ended_before_the_window_counts_for_nothing(void **state _unused_)
{
	static const uint64_t ends[] = {500, 999, 1000};
	struct interval iv;

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct task_state st = asleep_since(400);

		task_state__wake(&st, 450);
		assert_false(task_state__in(&st, ends[i], START, &iv));
		check_totals(&st, 0, 0, 0, 0);
		assert_int_equal(st.in_ns, ends[i]);
		task_state__out(&st, 1200, START, false);
		check_totals(&st, 200, 0, 0, 0);
	}
}

static void test_nothing_counts_before_the_window_has_begun(void **state _unused_)
{
	struct task_state st = running_since(100);
	struct interval iv;

	task_state__out(&st, 200, 0, false);
	task_state__wake(&st, 300);
	assert_false(task_state__in(&st, 400, 0, &iv));
	check_totals(&st, 0, 0, 0, 0);
	assert_int_equal(st.in_ns, 400);
}

static void test_a_thread_that_was_never_seen_to_come_has_no_run_time(void **state _unused_)
{
	struct task_state st = {.tid = 42};

	task_state__out(&st, 5000, START, false);
	check_totals(&st, 0, 0, 0, 0);
	assert_int_equal(st.out_ns, 5000);
}

static void test_an_interval_of_no_length_is_none(void **state _unused_)
{
	struct task_state st = asleep_since(2100);
	struct interval iv;

	task_state__wake(&st, 2100);
	assert_false(task_state__in(&st, 2100, START, &iv));
	check_totals(&st, 1, 0, 0, 0);
}

static void test_an_open_interval_leaves_the_state_as_it_is(void **state _unused_)
{
	struct task_state st = asleep_since(2100), before = st;
	struct interval iv;

	assert_true(task_state__split(&st, 9000, START, &iv));
	check_interval(&iv, 2100, 9000, 9000, WIRE_F_NO_WAKEUP);
	assert_memory_equal(&st, &before, sizeof(st));
	task_state__wake(&st, 8000);
	assert_true(task_state__split(&st, 9000, START, &iv));
	check_interval(&iv, 2100, 8000, 9000, 0);
}

static void test_a_running_thread_has_no_open_interval(void **state _unused_)
{
	struct task_state st = running_since(2000);
	struct interval iv;

	assert_false(task_state__split(&st, 9000, START, &iv));
}

static void test_asleep_throughout_the_window_is_one_open_interval(void **state _unused_)
{
	struct task_state st = asleep_since(400);
	struct interval iv;

	assert_true(task_state__split(&st, 9000, START, &iv));
	check_interval(&iv, 1000, 9000, 9000, WIRE_F_NO_WAKEUP | WIRE_F_SEEDED);
}

/* As sched_wakeup_new leaves it: off CPU and woken in the same moment. */
static void test_a_new_thread_waits_for_a_cpu_from_its_first_wakeup(void **state _unused_)
{
	struct task_state st = {.out_ns = 3000, .wake_ns = 3000, .begin_ns = 3000};
	struct interval iv = woken_up(&st, 3200);

	check_interval(&iv, 3000, 3000, 3200, 0);
	check_totals(&st, 0, 0, 200, 1);
}

/* ---- switches that the kernel does not report ---- */

static void test_a_missed_switch_in_is_where_the_run_time_began(void **state _unused_)
{
	struct task_state st = asleep_since(2000);

	st.exec_ns = 70;
	assert_int_equal(task_state__missed_in(&st, 3000, 70 + 250), 2750);
	assert_int_equal(task_state__missed_in(&st, 3000, 70), 3000);
	assert_int_equal(task_state__missed_in(&st, 3000, 70 + 1000), 2000);
}

static void test_a_missed_switch_in_is_never_before_the_wakeup(void **state _unused_)
{
	struct task_state st = asleep_since(2000);

	task_state__wake(&st, 2600);
	assert_int_equal(task_state__missed_in(&st, 3000, 399), 2601);
	assert_int_equal(task_state__missed_in(&st, 3000, 400), 2600);
	assert_int_equal(task_state__missed_in(&st, 3000, 401), 2600);
}

static void test_absurd_run_times_put_a_missed_switch_in_at_its_earliest(void **state _unused_)
{
	struct task_state st = asleep_since(2000);

	st.exec_ns = 500;
	assert_int_equal(task_state__missed_in(&st, 3000, 499), 2000); /* went backwards */
	assert_int_equal(task_state__missed_in(&st, 3000, UINT64_MAX), 2000);
	assert_int_equal(task_state__missed_in(&st, 3000, 500 + 1001), 2000);
}

/* The waker's clock may be ahead of ours. */
static void test_a_missed_switch_is_never_later_than_now(void **state _unused_)
{
	struct task_state st = asleep_since(2000);

	task_state__wake(&st, 3010);
	assert_int_equal(task_state__missed_in(&st, 3000, 0), 3000);
	assert_int_equal(task_state__missed_in(&st, 3000, 50), 3000);
	st = running_since(3010);
	assert_int_equal(task_state__missed_out(&st, 3000, 0), 3000);
	assert_int_equal(task_state__missed_out(&st, 3000, 50), 3000);
}

static void test_a_missed_switch_out_is_where_the_run_time_ended(void **state _unused_)
{
	struct task_state st = running_since(2000);

	st.exec_ns = 70;
	assert_int_equal(task_state__missed_out(&st, 3000, 70 + 250), 2250);
	assert_int_equal(task_state__missed_out(&st, 3000, 70), 2000);
	assert_int_equal(task_state__missed_out(&st, 3000, 70 + 1000), 3000);
}

/* Its run time stood still long before the end, yet nothing was seen: it sleeps, or is on its CPU, unseen. */
static void test_a_last_switch_that_went_unreported_is_noticed(void **state _unused_)
{
	struct task_state on = running_since(1000), off = {.out_ns = 1000, .in_ns = 500};
	const uint64_t s = 1000000000;

	/* on CPU by our books, found off it, and it ran 1 s of 5 */
	assert_int_equal(task_state__missed(&on, false, s, 5 * s + 9, 5 * s), INTERVAL_MISSED_OUT);
	/* it ran to the end, then left: no news */
	assert_int_equal(task_state__missed(&on, false, 5 * s, 5 * s + 9, 5 * s),
			 INTERVAL_MISSED_NONE);
	/* interrupts and stolen time of 1 % are no sleep */
	assert_int_equal(task_state__missed(&on, false, 5 * s - s / 20, 5 * s + 9, 5 * s),
			 INTERVAL_MISSED_NONE);
	assert_int_equal(task_state__missed(&on, true, s, 5 * s + 9, 5 * s), INTERVAL_MISSED_NONE);
	/* off CPU by our books, found on it: since before the end, or only since */
	assert_int_equal(task_state__missed(&off, true, s, 5 * s + 9, 5 * s), INTERVAL_MISSED_IN);
	assert_int_equal(task_state__missed(&off, true, s / 2, 6 * s, 5 * s), INTERVAL_MISSED_NONE);
	assert_int_equal(task_state__missed(&off, false, s, 5 * s + 9, 5 * s),
			 INTERVAL_MISSED_NONE);
}

static void test_a_rebuilt_switch_out_tells_no_stack_of_before(void **state _unused_)
{
	struct task_state st = running_since(1000);

	st.kernel_stack = st.user_stack = 7;
	st.wait.state = 2;
	st.wait.syscall = 3;
	st.flags = TASK_F_KTHREAD;
	st.early_wake_ns = 1500;
	task_state__rebuild_out(&st, 2000, 200, 1);
	assert_int_equal(st.out_ns, 1200);
	assert_int_equal(st.wake_ns, 1500); /* woken since: it slept */
	assert_int_equal(st.on_cpu_ns, 200);
	assert_int_equal(st.kernel_stack | st.user_stack | st.wait.state, 0);
	assert_int_equal(st.wait.syscall, -1);
	assert_int_equal(st.wait.flags, WIRE_F_REBUILT | WIRE_F_KTHREAD);
	st = running_since(1000);
	task_state__rebuild_out(&st, 2000, 200, 1);
	assert_int_equal(st.wake_ns, 1200); /* nothing woke it: it waited for a CPU */
	assert_int_equal(st.wait.flags, WIRE_F_REBUILT | WIRE_F_PREEMPT);
}

/* futex and poll often cancel a sleep: the wake-up of that one must not make the next one runnable. */
static void test_an_open_sleep_is_blocked_in_spite_of_a_cancelled_one_before(void **state _unused_)
{
	struct task_state st = running_since(1000);
	struct interval iv;

	task_state__wake(&st, 1100);
	task_state__out(&st, 1200, 1, false);
	task_state__settle(&st, false);
	assert_true(task_state__split(&st, 5000, 1, &iv));
	assert_int_equal(iv.wake_ns, 5000);
	st.early_wake_ns = 1100;
	task_state__settle(&st, true); /* queued to run: that was its wake-up */
	assert_true(task_state__split(&st, 5000, 1, &iv));
	assert_int_equal(iv.wake_ns, 1200);
}

static void test_absurd_run_times_put_a_missed_switch_out_at_its_latest(void **state _unused_)
{
	struct task_state st = running_since(2000);

	st.exec_ns = 500;
	assert_int_equal(task_state__missed_out(&st, 3000, 499), 3000);
	assert_int_equal(task_state__missed_out(&st, 3000, UINT64_MAX), 3000);
	assert_int_equal(task_state__missed_out(&st, 3000, 500 + 1001), 3000);
}

/* ---- random lives ---- */

/* A thread's life as it is, and what is seen of it. All of its sums are made by clipping whole segments. */
struct life {
	struct task_state st;
	uint64_t start, stop;		    /* the window */
	uint64_t born;			    /* when the life was first seen */
	uint64_t now, exec;		    /* the kernel's clocks */
	uint64_t out, wake;		    /* of the present wait; wake 0: none */
	bool asleep;			    /* off CPU */
	bool missed;			    /* the last switch was not seen */
	unsigned int miss_one_in;	    /* switches; 0: all are seen */
	unsigned int absurd_one_in;	    /* run times; 0: all are right */
	uint64_t skew;			    /* by which the wakers\' clocks are ahead at most */
	uint64_t on_cpu, blocked, runnable; /* what is true */
};

/* The part of [from, to) inside the window. */
static uint64_t life_inside(const struct life *l, uint64_t from, uint64_t to)
{
	from = from > l->start ? from : l->start;
	to = to < l->stop ? to : l->stop;
	return to > from ? to - from : 0;
}

static uint64_t life_exec(const struct life *l)
{
	return l->absurd_one_in && once_in(l->absurd_one_in) ? random_u64() : l->exec;
}

/* The rules of offcpu.bpf.c for a switch whose counterpart was not seen, and for one that was. */
static void life_see_out(struct life *l, bool runnable)
{
	uint64_t exec = life_exec(l);
	struct interval iv;

	if (l->st.out_ns)
		task_state__in(&l->st, task_state__missed_in(&l->st, l->now, exec), l->start, &iv);
	l->st.wait.flags = 0;
	task_state__out(&l->st, l->now, l->start, runnable);
	l->st.exec_ns = exec;
}

static void life_see_in(struct life *l)
{
	uint64_t exec = life_exec(l);
	struct interval iv;

	if (!l->st.out_ns && l->st.in_ns)
		task_state__rebuild_out(&l->st, l->now, exec, l->start);
	task_state__in(&l->st, l->now, l->start, &iv);
	l->st.exec_ns = exec;
}

/* Is the coming switch seen? Never two in a row are missed, nor those next to an absurd run time. */
static bool life_sees(struct life *l)
{
	bool miss = l->miss_one_in && !l->missed && once_in(l->miss_one_in);

	l->missed = miss;
	return !miss;
}

static void life_run(struct life *l)
{
	uint64_t ran = random_below(50);
	bool runnable = once_in(3);

	/* A sleep that was cancelled, or one whose wake-up hits the gap before the switch. */
	if (once_in(4))
		task_state__wake(&l->st, l->now + random_below(ran + 1));
	l->on_cpu += life_inside(l, l->now, l->now + ran);
	l->now += ran;
	l->exec += ran;
	l->asleep = true;
	l->out = l->now;
	l->wake = runnable ? l->now : 0;
	if (life_sees(l))
		life_see_out(l, runnable);
}

static void life_wait(struct life *l)
{
	uint64_t in;

	if (!l->wake) {
		l->now += random_below(100);
		l->wake = l->now;
		task_state__wake(&l->st, l->now + (l->skew ? random_below(l->skew) : 0));
	}
	in = l->now + random_below(30);
	l->blocked += life_inside(l, l->out, l->wake);
	l->runnable += life_inside(l, l->wake, in);
	l->now = in;
	l->asleep = false;
	if (life_sees(l))
		life_see_in(l);
}

/* The end of the window: what is open counts up to it. */
static void life_end(struct life *l)
{
	uint64_t on_cpu = l->st.on_cpu_ns, open = 0;
	struct interval iv;

	l->stop = l->now;
	if (!l->st.out_ns && l->st.in_ns && l->stop > l->st.in_ns)
		on_cpu += l->stop - interval_max(l->st.in_ns, l->start);
	else if (task_state__split(&l->st, l->stop, l->start, &iv))
		open = iv.in_ns - iv.out_ns;
	assert_int_equal(on_cpu + l->st.blocked_ns + l->st.runnable_ns + open,
			 life_inside(l, l->born, l->stop));
	assert_true(on_cpu <= life_inside(l, l->born, l->stop));
}

static void life_begin(struct life *l, uint64_t seed)
{
	random_seed(seed);
	l->now = l->born = 1 + random_below(500);
	l->start = 1 + random_below(1000);
	l->stop = UINT64_MAX;
	l->exec = random_below(1000);
	l->st = running_since(l->now);
	l->st.exec_ns = l->exec;
}

/* @switches switches, the last of which is seen, so that the end is known. */
static void life_live(struct life *l, unsigned int switches)
{
	for (unsigned int i = 0; i < switches; i++) {
		if (i + 1 == switches)
			l->miss_one_in = 0;
		if (l->asleep)
			life_wait(l);
		else
			life_run(l);
	}
	life_end(l);
}

static void test_on_cpu_blocked_and_runnable_are_the_whole_life(void **state _unused_)
{
	for (uint64_t seed = 0; seed < 40000; seed++) {
		struct life l = {0};

		life_begin(&l, seed);
		life_live(&l, 2 * (1 + (unsigned int)random_below(20)));
		assert_int_equal(l.st.on_cpu_ns, l.on_cpu);
		/* Runs end asleep or, like here, on CPU: nothing is open, all terms must be true. */
		assert_int_equal(l.st.blocked_ns, l.blocked);
		assert_int_equal(l.st.runnable_ns, l.runnable);
	}
}

static void test_totals_hold_with_an_open_interval_at_the_end(void **state _unused_)
{
	for (uint64_t seed = 100000; seed < 110000; seed++) {
		struct life l = {0};

		life_begin(&l, seed);
		life_live(&l, 1 + 2 * (unsigned int)random_below(20));
		assert_int_equal(l.st.on_cpu_ns, l.on_cpu);
	}
}

static void test_single_missed_switches_are_rebuilt_exactly(void **state _unused_)
{
	for (uint64_t seed = 200000; seed < 240000; seed++) {
		struct life l = {.miss_one_in = 4};

		life_begin(&l, seed);
		life_live(&l, 2 * (1 + (unsigned int)random_below(20)));
		assert_int_equal(l.st.on_cpu_ns, l.on_cpu);
	}
}

static void test_absurd_run_times_and_clocks_cost_accuracy_but_no_nanosecond(void **state _unused_)
{
	for (uint64_t seed = 300000; seed < 320000; seed++) {
		struct life l = {.miss_one_in = 3, .absurd_one_in = 3, .skew = seed % 2 * 40};

		life_begin(&l, seed);
		life_live(&l, 1 + (unsigned int)random_below(40));
	}
}

/* ---- the way out ---- */

static unsigned int broken_mask;

static unsigned int broken_always(void)
{
	return broken_mask;
}

static void break_down(unsigned int mask)
{
	broken_mask = mask;
	host.broken = broken_always;
}

static struct task_state traced_thread(void)
{
	return (struct task_state){
		.start_ns = 5,
		.tid = 42,
		.comm_gen = 3,
		.kernel_stack = 77,
		.user_stack = 88,
		.wait = {.state = 1, .syscall = 202, .flags = WIRE_F_IOWAIT},
	};
}

static void check_ledger_terms(uint64_t observed, uint64_t filtered, uint64_t spilled,
			       uint64_t lost)
{
	assert_int_equal(host.counters[WIRE_C_OBSERVED_NS], observed);
	assert_int_equal(host.counters[WIRE_C_FILTERED_NS], filtered);
	assert_int_equal(host.counters[WIRE_C_SPILLED_NS], spilled);
	assert_int_equal(host.counters[WIRE_C_LOST_SPILL_FULL_NS], lost);
	assert_int_equal(host.counters[WIRE_C_OBSERVED_CNT], observed != 0);
	assert_int_equal(host.counters[WIRE_C_FILTERED_CNT], filtered != 0);
	assert_int_equal(host.counters[WIRE_C_SPILLED_CNT], spilled != 0);
	assert_int_equal(host.counters[WIRE_C_LOST_SPILL_FULL_CNT], lost != 0);
}

static void test_an_interval_goes_out_with_all_that_is_known_of_it(void **state _unused_)
{
	struct interval iv = {2000, 2300, 2500, WIRE_F_SEEDED};
	struct task_state st = traced_thread();
	const struct wire_interval *rec = &host.ring[1].interval;

	host_reset();
	emit_interval(&st, &iv);
	assert_int_equal(host.ring_cnt, 2);
	assert_int_equal(host.ring[0].h.kind, WIRE_THREAD); /* who it is comes first */
	assert_int_equal(rec->h.kind, WIRE_INTERVAL);
	assert_int_equal(rec->h.size, sizeof(*rec));
	assert_int_equal(rec->thread.start_ns, 5);
	assert_int_equal(rec->thread.tid, 42);
	assert_int_equal(rec->thread.comm_gen, 3);
	assert_int_equal(rec->out_ns, 2000);
	assert_int_equal(rec->wake_ns, 2300);
	assert_int_equal(rec->in_ns, 2500);
	assert_int_equal(rec->kernel_stack, 77);
	assert_int_equal(rec->user_stack, 88);
	assert_int_equal(rec->wait.state, 1);
	assert_int_equal(rec->wait.syscall, 202);
	assert_int_equal(rec->wait.flags, WIRE_F_IOWAIT | WIRE_F_SEEDED);
	check_ledger_terms(500, 0, 0, 0);
}

static void test_a_thread_is_announced_once_per_name(void **state _unused_)
{
	struct interval iv = {2000, 2300, 2500, 0};
	struct task_state st = traced_thread();

	host_reset();
	emit_interval(&st, &iv);
	emit_interval(&st, &iv);
	assert_int_equal(host.ring_cnt, 3);
	st.comm_gen++;
	emit_interval(&st, &iv);
	assert_int_equal(host.ring_cnt, 5);
	assert_int_equal(host.ring[3].thread.key.comm_gen, 4);
}

static void test_a_full_ring_spills_the_interval(void **state _unused_)
{
	struct interval iv = {2000, 2300, 2500, 0};
	struct task_state st = traced_thread();

	host_reset();
	break_down(HOST_RING);
	emit_interval(&st, &iv);
	assert_int_equal(host.ring_cnt, 0);
	assert_int_equal(host.spill_cnt, 1);
	assert_int_equal(host.spills[0].value.blocked_ns, 300);
	assert_int_equal(host.spills[0].value.runnable_ns, 200);
	check_ledger_terms(500, 0, 500, 0);
}

/* User space could not say whose it is. */
static void test_an_interval_of_an_unannounced_thread_never_takes_the_ring(void **state _unused_)
{
	struct interval iv = {2000, 2300, 2500, 0};
	struct task_state st = traced_thread();

	host_reset();
	break_down(HOST_THREAD);
	emit_interval(&st, &iv);
	assert_int_equal(host.ring_cnt, 0);
	assert_int_equal(host.spill_cnt, 1);
	check_ledger_terms(500, 0, 500, 0);
}

static void test_with_ring_and_spill_map_full_the_loss_is_counted(void **state _unused_)
{
	struct interval iv = {2000, 2300, 2500, 0};
	struct task_state st = traced_thread();

	host_reset();
	break_down(HOST_RING | HOST_SPILL);
	emit_interval(&st, &iv);
	assert_int_equal(host.ring_cnt + host.spill_cnt, 0);
	check_ledger_terms(500, 0, 0, 500);
}

static void test_what_the_filters_drop_is_observed_and_filtered(void **state _unused_)
{
	struct interval iv = {2000, 2300, 2500, 0};
	struct task_state st = traced_thread();

	host_reset();
	cfg.min_ns = 501;
	emit_interval(&st, &iv);
	assert_int_equal(host.ring_cnt + host.spill_cnt, 0);
	check_ledger_terms(500, 500, 0, 0);
}

static void test_flagged_intervals_are_counted_even_when_filtered(void **state _unused_)
{
	struct interval iv = {2000, 2500, 2500, WIRE_F_NO_WAKEUP | WIRE_F_CLAMPED};
	struct task_state st = traced_thread();

	host_reset();
	cfg.min_ns = 501;
	emit_interval(&st, &iv);
	assert_int_equal(host.counters[WIRE_C_NO_WAKEUP], 1);
	assert_int_equal(host.counters[WIRE_C_CLAMPED], 1);
	iv.flags = WIRE_F_SEEDED;
	emit_interval(&st, &iv);
	assert_int_equal(host.counters[WIRE_C_NO_WAKEUP], 1);
	assert_int_equal(host.counters[WIRE_C_CLAMPED], 1);
}

/* ---- the ledger under random failures ---- */

static unsigned int broken_one_in; /* of four; 0: never */

static unsigned int broken_randomly(void)
{
	unsigned int mask = 0;

	for (int i = 0; i < 4; i++)
		if (broken_one_in && once_in(broken_one_in))
			mask |= 1u << i;
	return mask;
}

static void emit_random_interval(void)
{
	struct task_state st = traced_thread();
	struct interval iv;

	st.tid = 1 + (__u32)random_below(5);
	st.flags = once_in(2) ? TASK_F_KTHREAD : 0;
	st.wait.state = (__u32)random_below(3);
	st.kernel_stack = random_below(3);
	iv.out_ns = random_below(1000);
	iv.wake_ns = iv.out_ns + random_below(500);
	iv.in_ns = iv.wake_ns + 1 + random_below(500);
	iv.flags = once_in(9) ? WIRE_F_NO_WAKEUP : 0;
	emit_interval(&st, &iv);
}

static void random_config(void)
{
	cfg.threads = (__u32)random_below(3);
	cfg.min_ns = once_in(2) ? random_below(300) : 0;
	cfg.max_ns = once_in(2) ? 300 + random_below(600) : 0;
	cfg.state_filter = once_in(2);
	cfg.state_mask = (__u32)random_below(4);
	broken_one_in = (unsigned int)random_below(5);
	host.broken = broken_randomly;
}

/* User space's half: decodes what is in the ring from record @first on, and reads the spilled rows. */
static void collect(struct offcpu *o, size_t first)
{
	for (size_t i = first; i < host.ring_cnt; i++) {
		struct event e;

		assert_int_equal(record_decode(&host.ring[i], sizeof(host.ring[i]), &e), 0);
		assert_int_equal(offcpu__add(o, &e), 0);
	}
	for (size_t i = 0; i < host.spill_cnt; i++) {
		const struct host_spill *s = &host.spills[i];
		struct wire_spill rec = {
			.h = {.kind = WIRE_SPILL, .size = sizeof(rec)},
			.thread = s->key.thread,
			.cnt = s->value.cnt,
			.blocked_ns = s->value.blocked_ns,
			.runnable_ns = s->value.runnable_ns,
		};

		assert_int_equal(offcpu__add(o, &(struct event){.spill = &rec}), 0);
	}
}

static struct ledger ledger_of(const struct offcpu *o)
{
	struct ledger l = {.delivered = o->delivered, .spilled_read = o->spilled};

	ledger__set_counters(&l, host.counters, WIRE_COUNTER_CNT);
	return l;
}

static void check_ledger_balances(void)
{
	struct offcpu o;
	struct ledger l;

	offcpu__init(&o);
	collect(&o, 0);
	l = ledger_of(&o);
	assert_int_equal(ledger__imbalance_ns(&l), 0);
	assert_int_equal(l.observed.cnt,
			 l.delivered.cnt + l.filtered.cnt + l.spilled.cnt + ledger__lost(&l).cnt);
	assert_int_equal(l.spilled.ns, l.spilled_read.ns);
	assert_int_equal(l.spilled.cnt, l.spilled_read.cnt);
	offcpu__fini(&o);
}

static void test_every_observed_nanosecond_is_in_exactly_one_place(void **state _unused_)
{
	uint64_t seen[4] = {0};

	for (uint64_t seed = 0; seed < 2000; seed++) {
		host_reset();
		random_seed(seed);
		random_config();
		for (int i = 0; i < 100; i++)
			emit_random_interval();
		check_ledger_balances();
		seen[0] += host.ring_cnt;
		seen[1] += host.counters[WIRE_C_FILTERED_CNT];
		seen[2] += host.counters[WIRE_C_SPILLED_CNT];
		seen[3] += host.counters[WIRE_C_LOST_SPILL_FULL_CNT];
	}
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		assert_true(seen[i] > 1000); /* each way was taken */
}

static void test_one_record_dropped_behind_the_ledgers_back_breaks_it(void **state _unused_)
{
	const struct wire_interval *dropped = &host.ring[0].interval;
	struct offcpu o;
	struct ledger l;

	host_reset();
	random_seed(7);
	for (int i = 0; i < 100; i++)
		emit_random_interval();
	while (host.ring_cnt && host.ring[0].h.kind != WIRE_INTERVAL)
		memmove(&host.ring[0], &host.ring[1], --host.ring_cnt * sizeof(host.ring[0]));
	offcpu__init(&o);
	collect(&o, 1);
	l = ledger_of(&o);
	assert_int_equal(ledger__imbalance_ns(&l), dropped->in_ns - dropped->out_ns);
	assert_true(ledger__imbalance_ns(&l) > 0);
	offcpu__fini(&o);
}

/* ---- stacks on their way out ---- */

static __u64 emit_frames(union host_record *rec, const __u64 *ips, __u16 n)
{
	__u64 hash;

	memset(rec, 0, sizeof(*rec));
	hash = intern_seed(WIRE_STACK_KERNEL, &rec->stack.image);
	rec->stack.frame_cnt = n;
	for (__u16 i = 0; i < n; i++) {
		rec->stack.ips[i] = ips[i];
		hash = intern_mix(hash, ips[i]);
	}
	return emit_stack(&rec->stack, hash);
}

static const __u64 some_ips[] = {0xffffffff81000010, 0xffffffff81000020, 0xffffffff81000030};

static void test_the_frames_of_a_stack_are_sent_once(void **state _unused_)
{
	union host_record rec;
	__u64 id;

	host_reset();
	id = emit_frames(&rec, some_ips, 3);
	assert_int_equal(emit_frames(&rec, some_ips, 3), id);
	assert_int_equal(host.ring_cnt, 1);
	assert_int_equal(host.ring[0].stack.id, id);
	assert_int_equal(host.ring[0].stack.h.kind, WIRE_STACK);
	assert_int_equal(host.ring[0].stack.h.size, sizeof(struct wire_stack) + 24);
	assert_memory_equal(host.ring[0].stack.ips, some_ips, 24);
	host.sent_cnt = 0; /* evicted */
	assert_int_equal(emit_frames(&rec, some_ips, 3), id);
	assert_int_equal(host.ring_cnt, 2);
}

static void test_a_stack_takes_the_spill_when_the_ring_is_full(void **state _unused_)
{
	union host_record rec;
	__u64 id;

	host_reset();
	break_down(HOST_RING);
	id = emit_frames(&rec, some_ips, 3);
	assert_int_equal(host.stack_spill_cnt, 1);
	assert_int_equal(host.stack_spills[0].stack.id, id);
	assert_int_equal(host.stack_spills[0].stack.h.kind, WIRE_STACK);
	host.broken = NULL;
	emit_frames(&rec, some_ips, 3);
	assert_int_equal(host.ring_cnt, 0); /* user space gets it from the spill */
}

static void test_a_stack_that_found_no_way_is_tried_again(void **state _unused_)
{
	union host_record rec;
	__u64 id;

	host_reset();
	break_down(HOST_RING | HOST_STACK_SPILL);
	id = emit_frames(&rec, some_ips, 3);
	assert_true(id);
	assert_int_equal(host.ring_cnt + host.stack_spill_cnt, 0);
	host.broken = NULL;
	assert_int_equal(emit_frames(&rec, some_ips, 3), id);
	assert_int_equal(host.ring_cnt, 1);
}

/* ---- filters ---- */

static bool passes(__u32 task_flags, __u32 task_state, __u64 length_ns)
{
	struct wire_wait wait = {.state = task_state, .syscall = -1};

	return filter_interval(&cfg, task_flags, &wait, length_ns);
}

static void test_no_filter_passes_all(void **state _unused_)
{
	host_reset();
	assert_true(passes(0, 0, 0));
	assert_true(passes(TASK_F_KTHREAD, 2, UINT64_MAX));
}

static void test_user_or_kernel_threads_only(void **state _unused_)
{
	host_reset();
	cfg.threads = CONFIG_THREADS_USER;
	assert_true(passes(TASK_F_TARGET, 1, 5));
	assert_false(passes(TASK_F_TARGET | TASK_F_KTHREAD, 1, 5));
	cfg.threads = CONFIG_THREADS_KERNEL;
	assert_false(passes(TASK_F_TARGET, 1, 5));
	assert_true(passes(TASK_F_TARGET | TASK_F_KTHREAD, 1, 5));
}

static void test_the_lengths_given_are_inside_the_limits(void **state _unused_)
{
	host_reset();
	cfg.min_ns = 100;
	assert_false(passes(0, 1, 99));
	assert_true(passes(0, 1, 100));
	assert_true(passes(0, 1, UINT64_MAX)); /* max 0 is none */
	cfg.max_ns = 200;
	assert_true(passes(0, 1, 200));
	assert_false(passes(0, 1, 201));
}

/* As bcc's offcputime --state. */
static void test_a_state_mask_passes_any_of_its_bits(void **state _unused_)
{
	host_reset();
	cfg.state_mask = 2;
	assert_true(passes(0, 1, 5)); /* not asked for */
	cfg.state_filter = 1;
	assert_false(passes(0, 1, 5));
	assert_false(passes(0, 0, 5));
	assert_true(passes(0, 2, 5));
	assert_true(passes(0, 0x402, 5)); /* TASK_IDLE */
	cfg.state_mask = 3;
	assert_true(passes(0, 1, 5));
}

static void test_state_0_means_only_runnable(void **state _unused_)
{
	host_reset();
	cfg.state_filter = 1;
	assert_true(passes(0, 0, 5));
	assert_false(passes(0, 1, 5));
	assert_false(passes(0, 2, 5));
}

static void test_filters_must_all_pass(void **state _unused_)
{
	host_reset();
	cfg.threads = CONFIG_THREADS_USER;
	cfg.min_ns = 10;
	cfg.state_filter = 1;
	cfg.state_mask = 2;
	assert_true(passes(0, 2, 10));
	assert_false(passes(TASK_F_KTHREAD, 2, 10));
	assert_false(passes(0, 2, 9));
	assert_false(passes(0, 1, 10));
}

/* ---- names ---- */

static bool glob_matches(const char *pattern, const char *name)
{
	char comm[WIRE_COMM_LEN] = {0};
	struct config_glob glob;

	assert_int_equal(glob_compile(pattern, &glob), 0);
	snprintf(comm, sizeof(comm), "%s", name);
	return filter_comm(&glob, comm);
}

static void test_names_match_as_patterns_of_the_shell(void **state _unused_)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} cases[] = {
		{"nginx", "nginx", true},
		{"nginx", "nginx2", false},
		{"nginx", "ngin", false},
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"**", "x", true},
		{"kworker/*", "kworker/0:1", true},
		{"kworker/*", "kworker", false},
		{"*sql*", "mysqld", true},
		{"?", "", false},
		{"?", "\xff", true},
		{"a?c", "abc", true},
		{"[a-c]x", "bx", true},
		{"[!a-c]x", "bx", false},
		{"[^a-c]x", "dx", true},
		{"[]]", "]", true},
		{"[a-]", "-", true},
		{"\\*", "*", true},
		{"\\*", "x", false},
		{"Nginx", "nginx", false},
		{"*aaaaaaaaaaaaab", "aaaaaaaaaaaaaab", true},
		{"abcdefghijklmno", "abcdefghijklmno", true},
		{"abcdefghijklmn?", "abcdefghijklmn", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (glob_matches(cases[i].pattern, cases[i].name) != cases[i].match)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].name);
}

static void test_a_name_of_16_bytes_without_an_end_is_not_read_beyond(void **state _unused_)
{
	char *comm = malloc(WIRE_COMM_LEN); /* the sanitizer watches its end */
	struct config_glob glob;

	assert_non_null(comm);
	memset(comm, 'a', WIRE_COMM_LEN);
	assert_int_equal(glob_compile("aaaaaaaaaaaaaaaa", &glob), 0);
	assert_true(filter_comm(&glob, comm));
	free(comm);
}

static void test_patterns_that_are_refused(void **state _unused_)
{
	struct config_glob glob = {.star = 4711};
	char text[80];

	assert_int_equal(glob_compile("a[bc", &glob), -EINVAL);
	assert_int_equal(glob_compile("[", &glob), -EINVAL);
	assert_int_equal(glob_compile("[]", &glob), -EINVAL);
	assert_int_equal(glob_compile("abc\\", &glob), -EINVAL);
	memset(text, 'a', sizeof(text));
	text[64] = '\0';
	assert_int_equal(glob_compile(text, &glob), -EINVAL);
	assert_int_equal(glob.star, 4711);
	text[63] = '\0';
	assert_int_equal(glob_compile(text, &glob), 0);
}

/* Adds a bracket expression. */
static char *random_bracket(char *p)
{
	static const char alphabet[] = "abcdxyz0159!^]";
	unsigned int items = 1 + (unsigned int)random_below(3);

	*p++ = '[';
	if (once_in(3))
		*p++ = once_in(2) ? '!' : '^';
	if (once_in(6))
		*p++ = ']';
	for (; items; items--) {
		char lo = alphabet[random_below(11)];

		if (once_in(8))
			*p++ = '\\';
		*p++ = lo;
		if (once_in(2)) {
			*p++ = '-';
			*p++ = (char)(lo + (int)random_below(4));
		}
	}
	if (once_in(6))
		*p++ = '-';
	*p++ = ']';
	return p;
}

static void random_pattern(char *p)
{
	unsigned int items = (unsigned int)random_below(7);

	for (; items; items--) {
		switch (random_below(7)) {
		case 0:
		case 1:
			*p++ = '*';
			break;
		case 2:
			*p++ = '?';
			break;
		case 3:
			p = random_bracket(p);
			break;
		case 4:
			*p++ = '\\';
			*p++ = "*?[]\\ab"[random_below(7)];
			break;
		default:
			*p++ = "abcd"[random_below(4)];
		}
	}
	*p = '\0';
}

/* Names that the patterns have a chance to match. */
static void random_name(char *name)
{
	size_t len = random_below(once_in(2) ? 4 : WIRE_COMM_LEN);

	for (size_t i = 0; i < len; i++)
		name[i] = once_in(8) ? (char)(1 + random_below(255))
				     : "aabbccdd*?[]-!^x059"[random_below(19)];
	name[len] = '\0';
}

static void test_random_patterns_match_what_fnmatch_does(void **state _unused_)
{
	char pattern[128], name[WIRE_COMM_LEN];
	unsigned int matches = 0, tries = 0;

	random_seed(1);
	for (int i = 0; i < 20000; i++) {
		random_pattern(pattern);
		for (int j = 0; j < 20; j++, tries++) {
			bool want;

			random_name(name);
			want = !fnmatch(pattern, name, 0);
			if (glob_matches(pattern, name) != want)
				fail_msg("'%s' and '%s': fnmatch() says %d", pattern, name, want);
			matches += want;
		}
	}
	assert_true(matches > tries / 50);
}

/* ---- ids of stacks ---- */

/* The probes' loop. */
static __u64 intern_ended(__u16 kind, const struct wire_image *image, const __u64 *ips, __u32 n,
			  __u32 flags)
{
	__u64 hash = intern_seed(kind, image);

	for (__u32 i = 0; i < n; i++)
		hash = intern_mix(hash, ips[i]);
	return intern_finish(hash, n, flags);
}

static __u64 intern(__u16 kind, const struct wire_image *image, const __u64 *ips, __u32 n)
{
	return intern_ended(kind, image, ips, n, 0);
}

static __u64 intern_kernel(const __u64 *ips, __u32 n)
{
	struct wire_image none = {0};

	return intern(WIRE_STACK_KERNEL, &none, ips, n);
}

static void test_equal_frames_have_one_id_and_others_another(void **state _unused_)
{
	__u64 ips[] = {1, 2, 3}, same[] = {1, 2, 3}, swapped[] = {2, 1, 3}, other[] = {1, 2, 4};

	assert_int_equal(intern_kernel(ips, 3), intern_kernel(same, 3));
	assert_int_not_equal(intern_kernel(ips, 3), intern_kernel(swapped, 3));
	assert_int_not_equal(intern_kernel(ips, 3), intern_kernel(other, 3));
}

static void test_lengths_count_even_of_zeroes(void **state _unused_)
{
	__u64 zeroes[WIRE_MAX_FRAMES] = {0}, ids[WIRE_MAX_FRAMES + 1];

	for (__u32 n = 0; n <= WIRE_MAX_FRAMES; n++) {
		ids[n] = intern_kernel(zeroes, n);
		for (__u32 i = 0; i < n; i++)
			assert_int_not_equal(ids[i], ids[n]);
	}
}

static void test_user_stacks_belong_to_one_image(void **state _unused_)
{
	struct wire_image a = {10, 1, 1000}, pid = {11, 1, 1000}, exec = {10, 2, 1000},
			  start = {10, 1, 1001};
	__u64 id = intern(WIRE_STACK_USER, &a, some_ips, 3);

	assert_int_equal(intern(WIRE_STACK_USER, &a, some_ips, 3), id);
	assert_int_not_equal(intern(WIRE_STACK_USER, &pid, some_ips, 3), id);
	assert_int_not_equal(intern(WIRE_STACK_USER, &exec, some_ips, 3), id);
	assert_int_not_equal(intern(WIRE_STACK_USER, &start, some_ips, 3), id);
	assert_int_not_equal(intern(WIRE_STACK_KERNEL, &a, some_ips, 3), id);
	assert_int_equal(intern(WIRE_STACK_KERNEL, &a, some_ips, 3),
			 intern(WIRE_STACK_KERNEL, &pid, some_ips, 3));
}

/* The same frames that end in another way are another stack. */
static void test_flags_belong_to_the_id(void **state _unused_)
{
	static const __u32 flags[] = {
		0,
		WIRE_STACK_TRUNCATED,
		WIRE_STACK_BY_FP,
		WIRE_STACK_BY_FP | WIRE_STACK_TRUNCATED,
		WIRE_END_FAULT << WIRE_STACK_END_SHIFT,
		WIRE_END_NO_ROWS << WIRE_STACK_END_SHIFT,
		WIRE_END_TABLE_FULL << WIRE_STACK_END_SHIFT,
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		for (size_t j = 0; j < ARRAY_SIZE(flags); j++)
			assert_int_equal(i == j, intern_finish(4711, 3, flags[i]) ==
							 intern_finish(4711, 3, flags[j]));
}

static int compare_u64(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Addresses of code are close together; ids must not be. */
static void test_neighbouring_stacks_do_not_collide(void **state _unused_)
{
	const size_t cnt = 200000;
	__u64 *ids = calloc(cnt, sizeof(*ids));

	assert_non_null(ids);
	for (size_t i = 0; i < cnt; i++) {
		__u64 ips[4] = {0xffffffff81000000 + (i & 63), 0xffffffff81000100 + (i >> 6 & 63),
				0xffffffff81000200 + (i >> 12), 0xffffffff81000300};

		ids[i] = intern_kernel(ips, 4);
	}
	qsort(ids, cnt, sizeof(*ids), compare_u64);
	for (size_t i = 0; i < cnt; i++)
		assert_true(ids[i] && (!i || ids[i] != ids[i - 1]));
	free(ids);
}

/* The one input of the last step that gives 0, which means "no stack". */
static void test_an_id_is_never_0(void **state _unused_)
{
	for (__u32 n = 0; n <= WIRE_MAX_FRAMES; n++)
		assert_int_equal(intern_finish(n, n, 0), 1);
	assert_int_equal(intern_finish((3ull << 32) + 4, 4, 3), 1);
}

/* What the walk from outside defines. */
struct defined {
	struct wire_thread thread;
	int threads, stacks;
	union host_record stack; /* the last one */
};

static int take_defined(void *arg, const struct event *e)
{
	struct defined *d = arg;

	if (e->h->kind == WIRE_STACK) {
		memcpy(&d->stack, e->stack, e->h->size);
		d->stacks++;
	}
	if (e->h->kind == WIRE_THREAD) {
		d->thread = *e->thread;
		d->threads++;
	}
	return 0;
}

static void check_seed(__u32 frame_cnt, __u32 max_frames)
{
	__u32 max = max_frames < WIRE_MAX_KERNEL_FRAMES ? max_frames : WIRE_MAX_KERNEL_FRAMES;
	__u32 kept = frame_cnt < max ? frame_cnt : max;
	__u32 flags = kept == max ? WIRE_STACK_TRUNCATED : 0;
	struct wire_image none = {0};
	struct wire_seed rec = {.key = {5, 42, 1}, .frame_cnt = frame_cnt};
	struct defined d = {0};
	const struct seed *seed;
	struct seeds s;

	for (__u32 i = 0; i < frame_cnt; i++)
		rec.ips[i] = random_u64();
	seeds__init(&s, false, max_frames);
	assert_int_equal(seeds__add(&s, &rec, take_defined, &d), 0);
	seed = seeds__find(&s, &rec.key);
	assert_non_null(seed);
	assert_int_equal(d.threads, 1);
	assert_int_equal(d.thread.key.tid, 42);
	assert_int_equal(d.stacks, kept > 0);
	assert_int_equal(seed->kernel_stack,
			 kept ? intern_ended(WIRE_STACK_KERNEL, &none, rec.ips, kept, flags) : 0);
	assert_int_equal(d.stack.stack.id, seed->kernel_stack);
	assert_int_equal(d.stack.stack.frame_cnt, kept);
	assert_memory_equal(d.stack.stack.ips, rec.ips, kept * sizeof(__u64));
	assert_int_equal(d.stack.stack.flags, flags);
	seeds__fini(&s);
}

static void test_seeds_have_the_ids_that_the_probes_would_give(void **state _unused_)
{
	random_seed(3);
	check_seed(0, WIRE_MAX_FRAMES);
	check_seed(1, WIRE_MAX_FRAMES);
	check_seed(WIRE_MAX_KERNEL_FRAMES, WIRE_MAX_FRAMES);
	check_seed(WIRE_MAX_KERNEL_FRAMES, WIRE_MAX_KERNEL_FRAMES);
	check_seed(10, 4);
	for (int i = 0; i < 1000; i++)
		check_seed((__u32)random_below(WIRE_MAX_KERNEL_FRAMES + 1),
			   1 + (__u32)random_below(WIRE_MAX_FRAMES));
}

static void test_seeds_are_found_by_thread_and_start(void **state _unused_)
{
	struct wire_thread_key reused = {6, 42, 1}, renamed = {5, 42, 9};
	struct wire_seed rec = {.key = {5, 42, 1}, .frame_cnt = 1, .ips = {7}};
	struct defined d = {0};
	struct seeds s;

	seeds__init(&s, false, WIRE_MAX_FRAMES);
	assert_int_equal(seeds__add(&s, &rec, take_defined, &d), 0);
	assert_non_null(seeds__find(&s, &renamed));
	assert_null(seeds__find(&s, &reused));
	seeds__fini(&s);
}

static int refuse(void *arg _unused_, const struct event *e _unused_)
{
	return -ENOSPC;
}

static void test_a_seed_that_nobody_takes_is_an_error(void **state _unused_)
{
	struct wire_seed rec = {.key = {5, 42, 1}};
	struct seeds s;

	seeds__init(&s, false, WIRE_MAX_FRAMES);
	assert_int_equal(seeds__add(&s, &rec, refuse, NULL), -ENOSPC);
	assert_null(seeds__find(&s, &rec.key));
	seeds__fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sleep_is_blocked_until_its_wakeup_then_runnable),
		cmocka_unit_test(test_a_preempted_thread_is_never_blocked),
		cmocka_unit_test(test_what_is_still_queued_is_runnable_in_spite_of_an_early_wakeup),
		cmocka_unit_test(test_a_wakeup_between_dequeue_and_switch_out_is_not_erased),
		cmocka_unit_test(test_an_early_wakeup_in_the_nanosecond_of_the_switch_in_counts),
		cmocka_unit_test(test_a_real_wakeup_wins_over_a_stale_early_one),
		cmocka_unit_test(test_an_early_wakeup_does_not_outlive_its_stint),
		cmocka_unit_test(test_only_the_first_wakeup_counts),
		cmocka_unit_test(test_without_a_wakeup_all_is_blocked_and_flagged),
		cmocka_unit_test(test_a_wakeup_before_the_switch_out_is_clamped),
		cmocka_unit_test(test_a_wakeup_after_the_switch_in_is_clamped),
		cmocka_unit_test(test_wakeups_at_the_edges_are_not_clamped),
		cmocka_unit_test(test_an_interval_is_clipped_at_the_windows_start),
		cmocka_unit_test(test_a_wakeup_before_the_window_leaves_only_waiting_for_a_cpu),
		cmocka_unit_test(test_what_ended_before_the_window_counts_for_nothing),
		cmocka_unit_test(test_nothing_counts_before_the_window_has_begun),
		cmocka_unit_test(test_a_thread_that_was_never_seen_to_come_has_no_run_time),
		cmocka_unit_test(test_an_interval_of_no_length_is_none),
		cmocka_unit_test(test_an_open_interval_leaves_the_state_as_it_is),
		cmocka_unit_test(test_a_running_thread_has_no_open_interval),
		cmocka_unit_test(test_asleep_throughout_the_window_is_one_open_interval),
		cmocka_unit_test(test_a_new_thread_waits_for_a_cpu_from_its_first_wakeup),
		cmocka_unit_test(test_a_missed_switch_in_is_where_the_run_time_began),
		cmocka_unit_test(test_a_missed_switch_in_is_never_before_the_wakeup),
		cmocka_unit_test(test_absurd_run_times_put_a_missed_switch_in_at_its_earliest),
		cmocka_unit_test(test_a_missed_switch_is_never_later_than_now),
		cmocka_unit_test(test_a_missed_switch_out_is_where_the_run_time_ended),
		cmocka_unit_test(test_absurd_run_times_put_a_missed_switch_out_at_its_latest),
		cmocka_unit_test(test_a_last_switch_that_went_unreported_is_noticed),
		cmocka_unit_test(test_a_rebuilt_switch_out_tells_no_stack_of_before),
		cmocka_unit_test(test_an_open_sleep_is_blocked_in_spite_of_a_cancelled_one_before),
		cmocka_unit_test(test_on_cpu_blocked_and_runnable_are_the_whole_life),
		cmocka_unit_test(test_totals_hold_with_an_open_interval_at_the_end),
		cmocka_unit_test(test_single_missed_switches_are_rebuilt_exactly),
		cmocka_unit_test(test_absurd_run_times_and_clocks_cost_accuracy_but_no_nanosecond),
		cmocka_unit_test(test_an_interval_goes_out_with_all_that_is_known_of_it),
		cmocka_unit_test(test_a_thread_is_announced_once_per_name),
		cmocka_unit_test(test_a_full_ring_spills_the_interval),
		cmocka_unit_test(test_an_interval_of_an_unannounced_thread_never_takes_the_ring),
		cmocka_unit_test(test_with_ring_and_spill_map_full_the_loss_is_counted),
		cmocka_unit_test(test_what_the_filters_drop_is_observed_and_filtered),
		cmocka_unit_test(test_flagged_intervals_are_counted_even_when_filtered),
		cmocka_unit_test(test_every_observed_nanosecond_is_in_exactly_one_place),
		cmocka_unit_test(test_one_record_dropped_behind_the_ledgers_back_breaks_it),
		cmocka_unit_test(test_the_frames_of_a_stack_are_sent_once),
		cmocka_unit_test(test_a_stack_takes_the_spill_when_the_ring_is_full),
		cmocka_unit_test(test_a_stack_that_found_no_way_is_tried_again),
		cmocka_unit_test(test_no_filter_passes_all),
		cmocka_unit_test(test_user_or_kernel_threads_only),
		cmocka_unit_test(test_the_lengths_given_are_inside_the_limits),
		cmocka_unit_test(test_a_state_mask_passes_any_of_its_bits),
		cmocka_unit_test(test_state_0_means_only_runnable),
		cmocka_unit_test(test_filters_must_all_pass),
		cmocka_unit_test(test_names_match_as_patterns_of_the_shell),
		cmocka_unit_test(test_a_name_of_16_bytes_without_an_end_is_not_read_beyond),
		cmocka_unit_test(test_patterns_that_are_refused),
		cmocka_unit_test(test_random_patterns_match_what_fnmatch_does),
		cmocka_unit_test(test_equal_frames_have_one_id_and_others_another),
		cmocka_unit_test(test_lengths_count_even_of_zeroes),
		cmocka_unit_test(test_user_stacks_belong_to_one_image),
		cmocka_unit_test(test_flags_belong_to_the_id),
		cmocka_unit_test(test_neighbouring_stacks_do_not_collide),
		cmocka_unit_test(test_an_id_is_never_0),
		cmocka_unit_test(test_seeds_have_the_ids_that_the_probes_would_give),
		cmocka_unit_test(test_seeds_are_found_by_thread_and_start),
		cmocka_unit_test(test_a_seed_that_nobody_takes_is_an_error),
	};

	return cmocka_run_group_tests_name("bpf", tests, NULL, NULL);
}
