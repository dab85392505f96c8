/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The life of a thread as the probes see it, on the host: bpf/interval.h, the lines that the kernel gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "fixtures/bpf_host.h"
#include "fixtures/random.h"

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
	};

	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
