/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What looks at goroutines become in metrics: by made-up looks, whose times are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/go_block.h"
#include "analyze/go_metrics.h"
#include "base/compiler.h"

#define SECOND 1000000000ull
#define MAX    16

enum { CHAN = 2, SLEEP = 3, NIL_CHAN = 4, RUNTIME_IDLE = 5 };

/* One process, from look to look. */
struct world {
	struct go_runtime runtime;
	struct go_frames frames;
	struct goroutine items[2][MAX];
	struct goroutines looks[2];
	struct go_facts facts;
	struct go_looks times;
	struct go_tally tally;
	size_t cnt;
};

static struct world w;

static int set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.runtime.minor = 23;
	w.runtime.layout.seq = 199;
	w.runtime.reasons.cnt = 6;
	strcpy(w.runtime.reasons.texts[CHAN], "chan receive");
	strcpy(w.runtime.reasons.texts[SLEEP], "sleep");
	strcpy(w.runtime.reasons.texts[NIL_CHAN], "chan receive (nil chan)");
	strcpy(w.runtime.reasons.texts[RUNTIME_IDLE], "GC worker (idle)");
	go_facts__init(&w.facts);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	go_facts__fini(&w.facts);
	return 0;
}

static struct goroutine at(uint64_t goid, enum go_status status, uint8_t wait_reason, uint8_t seq)
{
	return (struct goroutine){.addr = 0x1000 + goid % 100 * 0x200,
				  .goid = goid,
				  .status = (uint8_t)status,
				  .wait_reason = wait_reason,
				  .seq = seq,
				  .stack = GO_STACK_NONE};
}

static struct goroutines *now(void)
{
	return &w.looks[w.cnt % 2];
}

static struct goroutines *before(void)
{
	return w.cnt > 1 ? &w.looks[(w.cnt + 1) % 2] : NULL;
}

static struct go_look look_now(void)
{
	return (struct go_look){.runtime = &w.runtime, .all = now(), .frames = &w.frames};
}

/* What is there at @ns, in the order of addresses. */
static void look(uint64_t ns, const struct goroutine *items, size_t cnt)
{
	struct go_look l;

	w.cnt++;
	memcpy(w.items[w.cnt % 2], items, cnt * sizeof(*items));
	*now() = (struct goroutines){.items = w.items[w.cnt % 2], .cnt = cnt};
	goroutines__age(now(), before(), ns);
	l = look_now();
	assert_int_equal(go_tally__fill(&w.tally, &w.facts, &w.times, &l, before()), 0);
}

#define LOOK(ns, ...)                                               \
	do {                                                        \
		const struct goroutine items_[] = {__VA_ARGS__};    \
		look(ns, items_, sizeof(items_) / sizeof(*items_)); \
	} while (0)

/* ---- one look ---- */

static void test_states(void **state)
{
	(void)state;
	LOOK(SECOND, at(1, GO_RUNNING, 0, 0), at(2, GO_WAITING, CHAN, 0), at(3, GO_SYSCALL, 0, 0),
	     at(4, GO_RUNNABLE, 0, 0), at(5, GO_PREEMPTED, 0, 0), at(6, GO_LEAKED, CHAN, 0),
	     at(7, GO_COPYSTACK, 0, 0));
	assert_int_equal(w.tally.now.goroutine_cnt[GO_STATE_RUNNING][0], 2);
	assert_int_equal(w.tally.now.goroutine_cnt[GO_STATE_WAITING][0], 2);
	assert_int_equal(w.tally.now.goroutine_cnt[GO_STATE_SYSCALL][0], 1);
	assert_int_equal(w.tally.now.goroutine_cnt[GO_STATE_RUNNABLE][0], 1);
	assert_int_equal(w.tally.now.goroutine_cnt[GO_STATE_LEAKED][0], 1);
	assert_int_equal(w.tally.now.blocked_cnt[GO_REASON_CHAN_RECEIVE][GO_DEPTH_0], 2);
	assert_int_equal(w.tally.now.blocked_cnt[GO_REASON_RUNNABLE][GO_DEPTH_0], 1);
	assert_int_equal(w.tally.now.blocked_cnt[GO_REASON_PREEMPTED][GO_DEPTH_0], 1);
	/* The first look stands for no time. */
	assert_int_equal(w.tally.blocked_ns[GO_REASON_CHAN_RECEIVE][GO_DEPTH_0], 0);
	assert_int_equal(w.tally.stop_cnt, 0);
}

/* ---- time ---- */

static void test_time(void **state)
{
	(void)state;
	LOOK(SECOND, at(1, GO_RUNNING, 0, 0), at(2, GO_WAITING, SLEEP, 0));
	LOOK(3 * SECOND, at(1, GO_RUNNABLE, 0, 0), at(2, GO_WAITING, SLEEP, 0),
	     at(3, GO_WAITING, SLEEP, 0), at(4, GO_RUNNING, 0, 0));
	assert_int_equal(w.tally.blocked_ns[GO_REASON_SLEEP][GO_DEPTH_0], 4 * SECOND);
	assert_int_equal(w.tally.blocked_ns[GO_REASON_RUNNABLE][GO_DEPTH_0], 2 * SECOND);
	assert_int_equal(w.tally.now.oldest_ns[GO_REASON_SLEEP], 2 * SECOND);
	LOOK(4 * SECOND, at(2, GO_WAITING, SLEEP, 1));
	assert_int_equal(w.tally.blocked_ns[GO_REASON_SLEEP][GO_DEPTH_0], SECOND);
	assert_int_equal(w.tally.now.oldest_ns[GO_REASON_SLEEP], 0);
}

static void test_oldest_is_not_for_ever(void **state)
{
	(void)state;
	LOOK(SECOND, at(1, GO_WAITING, NIL_CHAN, 0), at(2, GO_WAITING, CHAN, 0));
	LOOK(9 * SECOND, at(1, GO_WAITING, NIL_CHAN, 0), at(2, GO_WAITING, CHAN, 0));
	assert_int_equal(w.tally.now.oldest_ns[GO_REASON_FOREVER], 0);
	assert_int_equal(w.tally.now.oldest_ns[GO_REASON_CHAN_RECEIVE], 8 * SECOND);
	assert_int_equal(w.tally.blocked_ns[GO_REASON_FOREVER][GO_DEPTH_0], 8 * SECOND);
}

/* ---- waits that ended ---- */

static uint64_t waits(enum go_reason reason)
{
	return w.tally.waits[reason].cnt;
}

static void test_lengths(void **state)
{
	(void)state;
	LOOK(10 * SECOND, at(1, GO_WAITING, SLEEP, 0));
	/* Begins between 10 and 12, is seen until 15, and ends before 19. */
	LOOK(12 * SECOND, at(1, GO_WAITING, SLEEP, 0), at(2, GO_WAITING, CHAN, 5));
	LOOK(15 * SECOND, at(1, GO_WAITING, SLEEP, 0), at(2, GO_WAITING, CHAN, 5));
	assert_int_equal(waits(GO_REASON_CHAN_RECEIVE), 0);
	LOOK(19 * SECOND, at(1, GO_WAITING, SLEEP, 0), at(2, GO_WAITING, CHAN, 6));
	assert_int_equal(waits(GO_REASON_CHAN_RECEIVE), 1);
	assert_int_equal((uint64_t)w.tally.waits[GO_REASON_CHAN_RECEIVE].sum,
			 3 * SECOND + SECOND + 2 * SECOND);
	/* One that was seen once: nobody knows how short it was. */
	LOOK(20 * SECOND, at(1, GO_WAITING, SLEEP, 0), at(2, GO_WAITING, CHAN, 7));
	assert_int_equal(waits(GO_REASON_CHAN_RECEIVE), 0);
	/* And one that was there before the first look: nobody knows how long. */
	LOOK(21 * SECOND, at(2, GO_WAITING, CHAN, 7));
	assert_int_equal(waits(GO_REASON_SLEEP), 0);
	/* Its goroutine has ended, and another one has its place. */
	LOOK(22 * SECOND, at(102, GO_WAITING, CHAN, 7));
	assert_int_equal(waits(GO_REASON_CHAN_RECEIVE), 1);
	assert_int_equal((uint64_t)w.tally.waits[GO_REASON_CHAN_RECEIVE].sum, 2 * SECOND);
}

/* Looks: 0 none of it, 1 and 2 it, 3 none. */
static void see_a_wait(enum go_status status, uint8_t wait_reason)
{
	LOOK(SECOND, at(1, GO_RUNNING, 0, 0));
	LOOK(2 * SECOND, at(1, GO_RUNNING, 0, 0), at(2, status, wait_reason, 0));
	LOOK(3 * SECOND, at(1, GO_RUNNING, 0, 0), at(2, status, wait_reason, 0));
	LOOK(4 * SECOND, at(1, GO_RUNNING, 0, 0), at(2, GO_RUNNING, 0, 0));
}

static void test_lengths_that_can_not_be_told(void **state)
{
	(void)state;
	see_a_wait(GO_SYSCALL, 0);
	assert_int_equal(waits(GO_REASON_SYSCALL), 1);
	/* A goroutine that calls the system again and again looks the same. */
	w.runtime.minor = 26;
	w.cnt = 0;
	see_a_wait(GO_SYSCALL, 0);
	assert_int_equal(waits(GO_REASON_SYSCALL), 0);
	w.cnt = 0;
	see_a_wait(GO_WAITING, CHAN);
	assert_int_equal(waits(GO_REASON_CHAN_RECEIVE), 1);
	w.cnt = 0;
	see_a_wait(GO_RUNNABLE, 0);
	assert_int_equal(waits(GO_REASON_RUNNABLE), 0);
	w.runtime.layout.seq = 0;
	w.cnt = 0;
	see_a_wait(GO_WAITING, CHAN);
	assert_int_equal(waits(GO_REASON_CHAN_RECEIVE), 0);
	assert_false(w.tally.has_stops);
}

/* ---- stops ---- */

static void test_stops(void **state)
{
	(void)state;
	LOOK(SECOND, at(1, GO_RUNNING, 0, 250), at(2, GO_WAITING, CHAN, 9));
	LOOK(2 * SECOND, at(1, GO_RUNNING, 0, 4), at(2, GO_WAITING, CHAN, 9));
	assert_int_equal(w.tally.stop_cnt, 10);
	assert_false(w.tally.stops_are_parks);
	/* Another goroutine: its count began anywhere. */
	LOOK(3 * SECOND, at(101, GO_WAITING, CHAN, 77), at(2, GO_WAITING, CHAN, 9));
	assert_int_equal(w.tally.stop_cnt, 1);
	w.runtime.minor = 26;
	LOOK(4 * SECOND, at(101, GO_WAITING, CHAN, 78), at(3, GO_RUNNING, 0, 200));
	assert_int_equal(w.tally.stop_cnt, 1);
	assert_true(w.tally.stops_are_parks);
}

/* ---- a block profile ---- */

static void test_block(void **state)
{
	struct go_block b;
	struct go_look l;

	(void)state;
	go_block__init(&b);
	LOOK(SECOND, at(1, GO_WAITING, SLEEP, 1), at(2, GO_WAITING, CHAN, 1));
	LOOK(3 * SECOND, at(1, GO_WAITING, SLEEP, 1), at(2, GO_WAITING, CHAN, 4),
	     at(3, GO_WAITING, CHAN, 1), at(4, GO_RUNNING, 0, 0));
	l = look_now();
	/* The window began at 2. */
	assert_int_equal(go_block__add(&b, &w.facts, &l, before(), 2 * SECOND), 0);
	assert_int_equal(b.cnt, 2);
	assert_int_equal(b.rows[0].reason, GO_REASON_SLEEP);
	assert_int_equal(b.rows[0].ns, SECOND);
	assert_int_equal(b.rows[0].cnt, 0);
	assert_int_equal(b.rows[1].ns, 2 * SECOND);
	assert_int_equal(b.rows[1].cnt, 3 + 1);
	LOOK(7 * SECOND, at(1, GO_WAITING, SLEEP, 1));
	l = look_now();
	assert_int_equal(go_block__add(&b, &w.facts, &l, before(), 2 * SECOND), 0);
	assert_int_equal(b.rows[0].ns, 5 * SECOND);
	go_block__clear(&b);
	assert_int_equal(b.cnt, 0);
	go_block__fini(&b);
}

/* ---- services ---- */

static struct go_metrics *new_metrics(uint32_t max_groups)
{
	struct go_metrics *m = malloc(sizeof(*m));
	struct groups g;

	assert_non_null(m);
	assert_int_equal(groups__init(&g, GROUP_BY_COMM, max_groups, NULL, NULL, false), 0);
	assert_int_equal(go_metrics__init(m, &g), 0);
	return m;
}

static uint32_t group_of(struct go_metrics *m, const char *comm, uint64_t now_ns)
{
	const struct group_member who = {.comm = comm};

	return groups__get(&m->groups, &who, now_ns);
}

static void test_processes_of_a_service(void **state)
{
	struct go_metrics *m = new_metrics(4), *c;
	uint32_t group = group_of(m, "api", 1);
	int a = go_metrics__join(m), b = go_metrics__join(m);

	(void)state;
	assert_int_not_equal(a, b);
	LOOK(SECOND, at(1, GO_WAITING, SLEEP, 0));
	LOOK(2 * SECOND, at(1, GO_WAITING, SLEEP, 0), at(2, GO_WAITING, SLEEP, 0));
	go_metrics__add(m, a, group, &w.tally, 100);
	go_metrics__add(m, a, group, &w.tally, 100);
	go_metrics__add(m, b, group, &w.tally, 100);
	c = go_metrics__copy(m, 2);
	assert_non_null(c);
	assert_int_equal(c->services[group].process_cnt, 2);
	assert_int_equal(c->services[group].now.blocked_cnt[GO_REASON_SLEEP][0], 4);
	assert_int_equal(c->services[group].now.oldest_ns[GO_REASON_SLEEP], SECOND);
	assert_int_equal((uint64_t)c->services[group].blocked_ns[GO_REASON_SLEEP][0], 6 * SECOND);
	assert_int_equal(c->looks.cnt, 3);
	go_metrics__free(c);
	/* One has ended: what it had counted stays. */
	go_metrics__leave(m, a);
	c = go_metrics__copy(m, 3);
	assert_int_equal(c->services[group].process_cnt, 1);
	assert_int_equal(c->services[group].now.blocked_cnt[GO_REASON_SLEEP][0], 2);
	assert_int_equal((uint64_t)c->services[group].blocked_ns[GO_REASON_SLEEP][0], 6 * SECOND);
	go_metrics__free(c);
	assert_int_equal(go_metrics__join(m), a);
	go_metrics__free(m);
}

static void test_a_service_that_is_idle_begins_anew(void **state)
{
	struct go_metrics *m = new_metrics(4), *c;
	uint32_t group = group_of(m, "api", 1);
	int a = go_metrics__join(m);

	(void)state;
	LOOK(SECOND, at(1, GO_WAITING, SLEEP, 0));
	LOOK(2 * SECOND, at(1, GO_WAITING, SLEEP, 0));
	go_metrics__add(m, a, group, &w.tally, 100);
	go_metrics__leave(m, a);
	c = go_metrics__copy(m, GROUPS_IDLE_NS);
	assert_true(c->services[group].used);
	go_metrics__free(c);
	c = go_metrics__copy(m, GROUPS_IDLE_NS + 2);
	assert_false(c->services[group].used);
	go_metrics__free(c);
	go_metrics__free(go_metrics__copy(m, GROUPS_IDLE_NS + 3));
	/* The place is another one's. */
	group = group_of(m, "web", GROUPS_IDLE_NS + 4);
	go_metrics__add(m, go_metrics__join(m), group, &w.tally, 100);
	c = go_metrics__copy(m, GROUPS_IDLE_NS + 5);
	assert_int_equal((uint64_t)c->services[group].blocked_ns[GO_REASON_SLEEP][0], SECOND);
	go_metrics__free(c);
	go_metrics__free(m);
}

static uint64_t shown_cnt(const struct go_service *s)
{
	return (uint64_t)__builtin_popcountll(s->shown);
}

/* First one reason after the other, then all at once. */
static void test_closed_sets(void **state)
{
	struct go_metrics *m = new_metrics(4), *c;
	uint32_t group = group_of(m, "api", 1);
	int a = go_metrics__join(m);
	uint64_t ns = 0, waits_cnt = 0;

	(void)state;
	for (int r = 0; r < GO_BLOCKED_CNT; r++) {
		struct go_tally *t = calloc(1, sizeof(*t));

		for (int d = 0; d < GO_DEPTH_CNT; d++) {
			t->now.blocked_cnt[r][d] = 1;
			t->blocked_ns[r][d] = 5;
			ns += 5;
		}
		bounds_counts__add(&t->waits[r], &go_bounds_wait, 1, SECOND);
		waits_cnt++;
		go_metrics__add(m, a, group, t, 1);
		free(t);
	}
	c = go_metrics__copy(m, 2);
	assert_int_equal(shown_cnt(&c->services[group]), GO_CELLS_MAX + GO_DEPTH_CNT);
	assert_int_equal(__builtin_popcount(c->services[group].shown_waits), GO_WAITS_MAX + 1);
	for (int r = 0; r < GO_BLOCKED_CNT; r++) {
		for (int d = 0; d < GO_DEPTH_CNT; d++)
			ns -= (uint64_t)c->services[group].blocked_ns[r][d];
		waits_cnt -= c->services[group].waits[r].cnt;
	}
	assert_int_equal(ns, 0);
	assert_int_equal(waits_cnt, 0);
	assert_true(c->services[group].blocked_ns[GO_REASON_OTHER][0] > 5);
	go_metrics__free(c);
	go_metrics__free(m);
}

/* ---- the scheduler ---- */

static void assert_threads(uint32_t thread_cnt, uint32_t idle_cnt, uint64_t user, uint64_t system,
			   uint64_t idle)
{
	struct go_metrics *m = new_metrics(4), *c;
	uint32_t group = group_of(m, "api", 1);
	const struct go_sched_tally sched = {.thread_cnt = thread_cnt, .idle_thread_cnt = idle_cnt};

	/* Two processes of one service. */
	for (int i = 0; i < 2; i++) {
		int place = go_metrics__join(m);

		go_metrics__add(m, place, group, &w.tally, 1);
		go_metrics__add_sched(m, place, &sched);
	}
	c = go_metrics__copy(m, 2);
	assert_int_equal(c->services[group].thread_cnt[GO_THREAD_USER], 2 * user);
	assert_int_equal(c->services[group].thread_cnt[GO_THREAD_SYSTEM], 2 * system);
	assert_int_equal(c->services[group].thread_cnt[GO_THREAD_WAITING], 2 * idle);
	go_metrics__free(c);
	go_metrics__free(m);
}

static void test_threads(void **state)
{
	(void)state;
	LOOK(SECOND, at(1, GO_RUNNING, 0, 0), at(2, GO_SYSCALL, 0, 0), at(3, GO_WAITING, CHAN, 0));
	assert_threads(9, 4, 2, 3, 4);
	/* What the look saw was a moment ago. */
	assert_threads(5, 4, 1, 0, 4);
	assert_threads(3, 7, 0, 0, 3);
}

static void test_scheduler(void **state)
{
	static struct go_sched_stats before_stats, now_stats;
	struct go_sched_tally t;

	(void)state;
	before_stats.latency.counts[go_histogram_bucket(5000)] = 3;
	before_stats.created = 100;
	before_stats.mutex_wait_ns = 50;
	now_stats = before_stats;
	now_stats.latency.counts[go_histogram_bucket(5000)] += 2;
	now_stats.latency.counts[go_histogram_bucket(3000000)] += 1;
	now_stats.latency.overflow = 1;
	now_stats.created = 116;
	now_stats.mutex_wait_ns = 90;
	now_stats.has_mutex_wait = true;
	now_stats.has_pauses = true;
	now_stats.paused[GO_PAUSE_GC].counts[go_histogram_bucket(50000)] = 7;
	go_sched_tally__fill(&t, &now_stats, &before_stats);
	assert_int_equal(t.latency.cnt, 4);
	/* Where their ends are: 5 us is in a bucket up to 5.12 us. */
	assert_int_equal(t.latency.cnts[bounds__find(&go_bounds_latency, 10000)], 2);
	assert_int_equal(t.latency.cnts[bounds__find(&go_bounds_latency, 5000000)], 1);
	assert_int_equal(t.latency.cnts[go_bounds_latency.cnt], 1);
	assert_int_equal(t.created_cnt, 16);
	assert_int_equal(t.mutex_wait_ns, 40);
	assert_int_equal(t.pauses[GO_PAUSE_GC].cnt, 7);
	assert_int_equal(t.pauses[GO_PAUSE_OTHER].cnt, 0);
	/* Counters that went back say nothing. */
	go_sched_tally__fill(&t, &before_stats, &now_stats);
	assert_int_equal(t.created_cnt, 0);
	assert_false(t.has_pauses);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_states),
		TEST(test_time),
		TEST(test_oldest_is_not_for_ever),
		TEST(test_lengths),
		TEST(test_lengths_that_can_not_be_told),
		TEST(test_stops),
		TEST(test_block),
		TEST(test_processes_of_a_service),
		TEST(test_a_service_that_is_idle_begins_anew),
		TEST(test_closed_sets),
		TEST(test_threads),
		TEST(test_scheduler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
