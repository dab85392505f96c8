/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The way out of a record and the ledger, on the host: bpf/emit.bpf.h over arrays in the place of maps (fixtures/bpf_host.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "analyze/offcpu.h"
#include "base/compiler.h"
#include "fixtures/bpf_host.h"
#include "fixtures/random.h"
#include "format/record.h"
#include "model/ledger.h"

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

/* --max-cpu: filtered as by -m, and counted apart. */
static void test_what_is_too_short_at_present_is_throttled(void **state _unused_)
{
	struct interval iv = {2000, 2300, 2500, 0};
	struct task_state st = traced_thread();

	host_reset();
	ctl.min_ns = 501;
	emit_interval(&st, &iv);
	assert_int_equal(host.ring_cnt + host.spill_cnt, 0);
	check_ledger_terms(500, 500, 0, 0);
	assert_int_equal(host.counters[WIRE_C_THROTTLED_NS], 500);
	assert_int_equal(host.counters[WIRE_C_THROTTLED_CNT], 1);
	/* What -m drops is not its doing. */
	host_reset();
	ctl.min_ns = cfg.min_ns = 501;
	emit_interval(&st, &iv);
	check_ledger_terms(500, 500, 0, 0);
	assert_int_equal(host.counters[WIRE_C_THROTTLED_CNT], 0);
	host_reset();
	ctl.min_ns = 500;
	emit_interval(&st, &iv);
	assert_int_equal(host.ring_cnt, 2);
	check_ledger_terms(500, 0, 0, 0);
}

/* Its beginning was shown in the window before: the end must follow. */
static void test_what_was_told_at_a_cut_is_told_to_its_end(void **state _unused_)
{
	struct interval iv = {2000, 2300, 2500, 0};
	struct task_state st = traced_thread();

	host_reset();
	ctl.min_ns = 1000000;
	st.cut_ns = 2001;
	emit_interval(&st, &iv);
	assert_int_equal(host.counters[WIRE_C_THROTTLED_CNT], 0);
	assert_int_equal(host.ring_cnt, 2);
	/* That cut was in an earlier interval. */
	host_reset();
	ctl.min_ns = 1000000;
	st.cut_ns = 2000;
	emit_interval(&st, &iv);
	assert_int_equal(host.counters[WIRE_C_THROTTLED_CNT], 1);
	/* -m is for the whole run, and was there at the cut. */
	host_reset();
	cfg.min_ns = 1000000;
	st.cut_ns = 2001;
	emit_interval(&st, &iv);
	assert_int_equal(host.counters[WIRE_C_FILTERED_CNT], 1);
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

/* ---- who ended it ---- */

static const struct wire_waker some_waker = {
	.key = {7, 43, 2}, .kernel_stack = 66, .user_stack = 55, .flags = WIRE_W_ANY};

/* A thread that @some_waker woke, or another thread in a wait before, goes out with @flags. */
static struct wire_waker waker_sent(uint32_t wait_flags, uint32_t flags)
{
	struct interval iv = {2000, 2300, 2500, flags};
	struct task_state st = traced_thread();

	host_reset();
	cfg.wakers = 1;
	st.waker = some_waker;
	st.wait.flags = (__u16)wait_flags;
	emit_interval(&st, &iv);
	assert_int_equal(host.ring_cnt, 2);
	assert_int_equal(host.ring[1].h.kind, WIRE_INTERVAL);
	assert_int_equal(host.ring[1].h.size, sizeof(struct wire_waked));
	assert_int_equal(host.ring[1].interval.user_stack, 88);
	assert_memory_equal(&st.waker, &host.ring[1].waked.waker, sizeof(st.waker));
	return host.ring[1].waked.waker;
}

static void check_waker(struct wire_waker got, struct wire_waker want)
{
	assert_memory_equal(&got, &want, sizeof(got));
}

static void test_without_wakers_a_record_is_none_longer(void **state _unused_)
{
	struct interval iv = {2000, 2300, 2500, 0};
	struct task_state st = traced_thread();

	host_reset();
	st.waker = some_waker;
	emit_interval(&st, &iv);
	assert_int_equal(host.ring[1].h.size, sizeof(struct wire_interval));
	break_down(HOST_RING);
	emit_interval(&st, &iv);
	check_waker(host.spills[0].key.waker, (struct wire_waker){0});
}

static void test_an_interval_takes_along_who_ended_it(void **state _unused_)
{
	check_waker(waker_sent(0, 0), some_waker);
	check_waker(waker_sent(WIRE_F_IOWAIT, WIRE_F_SEEDED | WIRE_F_CLAMPED), some_waker);
	/* Who began the thread. */
	check_waker(waker_sent(WIRE_F_NEW | WIRE_F_PREEMPT, 0), some_waker);
	check_waker(waker_sent(WIRE_F_NEW, 0), some_waker);
}

/* Who was noted ended an earlier wait, or a sleep that was cancelled. */
static void test_what_nobody_ended_takes_along_nobody(void **state _unused_)
{
	const struct wire_waker nobody = {0};

	check_waker(waker_sent(WIRE_F_PREEMPT, 0), nobody);
	check_waker(waker_sent(WIRE_F_PREEMPT | WIRE_F_IOWAIT, WIRE_F_SEEDED), nobody);
	check_waker(waker_sent(0, WIRE_F_NO_WAKEUP), nobody);
	check_waker(waker_sent(WIRE_F_NEW, WIRE_F_NO_WAKEUP), nobody);
	check_waker(waker_sent(WIRE_F_PREEMPT | WIRE_F_NEW, WIRE_F_NO_WAKEUP), nobody);
}

static void test_spilled_time_keeps_its_wakers_apart(void **state _unused_)
{
	struct interval iv = {2000, 2300, 2500, 0};
	struct task_state st = traced_thread();

	host_reset();
	cfg.wakers = 1;
	break_down(HOST_RING);
	st.waker = some_waker;
	emit_interval(&st, &iv);
	check_waker(host.spills[0].key.waker, some_waker);
	st.wait.flags = WIRE_F_PREEMPT;
	emit_interval(&st, &iv);
	check_waker(host.spills[1].key.waker, (struct wire_waker){0});
	check_waker(st.waker, (struct wire_waker){0});
	assert_int_equal(host.counters[WIRE_C_SPILLED_NS], 1000);
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
	st.waker = some_waker;
	emit_interval(&st, &iv);
}

static void random_config(void)
{
	cfg.threads = (__u32)random_below(3);
	cfg.min_ns = once_in(2) ? random_below(300) : 0;
	ctl.min_ns = once_in(2) ? random_below(300) : 0;
	cfg.max_ns = once_in(2) ? 300 + random_below(600) : 0;
	cfg.state_filter = once_in(2);
	cfg.state_mask = (__u32)random_below(4);
	cfg.wakers = once_in(2);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_interval_goes_out_with_all_that_is_known_of_it),
		cmocka_unit_test(test_a_thread_is_announced_once_per_name),
		cmocka_unit_test(test_a_full_ring_spills_the_interval),
		cmocka_unit_test(test_an_interval_of_an_unannounced_thread_never_takes_the_ring),
		cmocka_unit_test(test_with_ring_and_spill_map_full_the_loss_is_counted),
		cmocka_unit_test(test_what_the_filters_drop_is_observed_and_filtered),
		cmocka_unit_test(test_what_is_too_short_at_present_is_throttled),
		cmocka_unit_test(test_what_was_told_at_a_cut_is_told_to_its_end),
		cmocka_unit_test(test_flagged_intervals_are_counted_even_when_filtered),
		cmocka_unit_test(test_without_wakers_a_record_is_none_longer),
		cmocka_unit_test(test_an_interval_takes_along_who_ended_it),
		cmocka_unit_test(test_what_nobody_ended_takes_along_nobody),
		cmocka_unit_test(test_spilled_time_keeps_its_wakers_apart),
		cmocka_unit_test(test_every_observed_nanosecond_is_in_exactly_one_place),
		cmocka_unit_test(test_one_record_dropped_behind_the_ledgers_back_breaks_it),
		cmocka_unit_test(test_the_frames_of_a_stack_are_sent_once),
		cmocka_unit_test(test_a_stack_takes_the_spill_when_the_ring_is_full),
		cmocka_unit_test(test_a_stack_that_found_no_way_is_tried_again),
	};

	return cmocka_run_group_tests_name("emit", tests, NULL, NULL);
}
