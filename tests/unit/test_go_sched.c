/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* runtime.sched out of memory that holds what Go writes there, or anything; and its histograms. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "fixtures/go_heap.h"
#include "format/go_sched.h"
#include "output/goroutines.h"

#define SCHED	   (GO_HEAP_BASE + 65536 + 32)
#define OTHER	   (GO_HEAP_BASE + 131072 + 8)
#define GOROUTINES 6

static struct go_heap heap; /* too large for a stack */
static struct go_memory memory;
static struct elf_segment segment = {.type = 1 /* PT_LOAD */,
				     .flags = 6 /* PF_R | PF_W */,
				     .vaddr = GO_HEAP_BASE,
				     .mem_bytes = GO_HEAP_BYTES};
static struct elf file = {.is_64 = true, .segments = &segment, .segment_cnt = 1};

/* Where each version has it, as DWARF of its programs says. */
static const struct place {
	unsigned int minor;
	size_t limit, queue, latency, mutex, stopping_gc;
} places[] = {
	{19, 56, 112, 312, 0, 0},	{20, 56, 120, 320, 1624, 0},
	{21, 56, 120, 320, 1624, 0},	{22, 56, 120, 320, 1624, 1632},
	{23, 56, 120, 320, 1624, 1632}, {24, 56, 120, 320, 1624, 1632},
	{25, 64, 128, 344, 1648, 1656}, {26, 80, 144, 360, 1664, 1672},
	{27, 80, 144, 360, 1664, 1672},
};

static void put_i32(uint64_t addr, int32_t v)
{
	go_heap_put(&heap, addr, &v, sizeof(v));
}

/* 12 threads that live, 20 that there were, and no idle one. */
static void put_sched(const struct place *p, uint64_t addr, int32_t limit)
{
	uint64_t at = addr + p->limit;

	go_heap_put_u64(&heap, addr, 160);
	go_heap_put_u64(&heap, addr + 8, 123456789);
	put_i32(at - 16, 3);
	go_heap_put_u64(&heap, at - 8, 20);
	put_i32(at, limit);
	put_i32(at + 4, 1);
	go_heap_put_u64(&heap, at + 8, 8);
	put_i32(at + 32, 4);
	put_i32(at + 36, 2);
	put_i32(addr + p->queue, 77);
	if (p->mutex)
		go_heap_put_u64(&heap, addr + p->mutex, 5000);
}

static struct go_runtime runtime_of(const struct place *p)
{
	struct go_runtime r = go_heap_runtime(&heap, &memory, p->minor, GOROUTINES);

	r.code.elf = &file;
	return r;
}

static void test_bounds(void **state)
{
	(void)state;
	assert_int_equal(go_histogram_bound_ns(0), 0);
	assert_int_equal(go_histogram_bound_ns(3), 192);
	assert_int_equal(go_histogram_bound_ns(4), 256);
	assert_int_equal(go_histogram_bound_ns(5), 320);
	assert_int_equal(go_histogram_bound_ns(8), 512);
	assert_int_equal(go_histogram_bound_ns(GO_HISTOGRAM_CNT), 1ull << 47);
	for (size_t i = 0; i < GO_HISTOGRAM_CNT; i++) {
		assert_true(go_histogram_bound_ns(i) < go_histogram_bound_ns(i + 1));
		assert_int_equal(go_histogram_bucket(go_histogram_bound_ns(i)), i);
		assert_int_equal(go_histogram_bucket(go_histogram_bound_ns(i + 1) - 1), i);
	}
	assert_int_equal(go_histogram_bucket(1ull << 47), GO_HISTOGRAM_CNT);
	assert_int_equal(go_histogram_bucket(UINT64_MAX), GO_HISTOGRAM_CNT);
}

static void test_quantiles(void **state)
{
	struct go_histogram h = {.counts = {[4] = 98, [8] = 1}, .overflow = 1}, none = {0};

	(void)state;
	assert_int_equal(go_histogram__total(&h), 100);
	assert_int_equal(go_histogram__quantile_ns(&h, 500), 320);
	assert_int_equal(go_histogram__quantile_ns(&h, 980), 320);
	assert_int_equal(go_histogram__quantile_ns(&h, 981), 640);
	assert_int_equal(go_histogram__quantile_ns(&h, 990), 640);
	assert_true(go_histogram__quantile_ns(&h, 1000) == UINT64_MAX);
	assert_int_equal(go_histogram__sum_ns(&h), 98 * 288 + 576 + (1ull << 47));
	assert_int_equal(go_histogram__quantile_ns(&none, 500), 0);
	none.underflow = 1;
	assert_int_equal(go_histogram__quantile_ns(&none, 1000), 0);
}

static void test_subtract(void **state)
{
	struct go_histogram h = {.counts = {5, 9}, .underflow = 2, .overflow = 3};
	struct go_histogram before = {.counts = {2, 10}, .underflow = 2, .overflow = 1};

	(void)state;
	go_histogram__subtract(&h, &before);
	assert_int_equal(h.counts[0], 3);
	assert_int_equal(h.counts[1], 9); /* of another histogram */
	assert_int_equal(h.underflow, 0);
	assert_int_equal(h.overflow, 2);
}

static void test_layouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *p = &places[i];
		struct go_runtime r = runtime_of(p);
		struct go_sched s;
		struct go_sched_stats stats;

		put_sched(p, SCHED, 10000);
		if (p->minor > 19)
			go_heap_put_u64(&heap, SCHED + p->latency + 7 * 8, 42);
		if (p->stopping_gc)
			for (uint64_t k = 0; k < 4; k++)
				go_heap_put_u64(&heap, SCHED + p->stopping_gc + k * 1296 + 9 * 8,
						k + 1);
		assert_int_equal(go_sched__find(&s, &r, false), 0);
		assert_true(s.addr == SCHED);
		assert_false(s.by_symbol || s.limit_changed);
		assert_int_equal(go_sched__read(&s, &memory, &stats), 0);
		assert_int_equal(stats.created, 160);
		assert_int_equal(stats.threads, 12);
		assert_int_equal(stats.idle_threads, 3);
		assert_int_equal(stats.spinning_threads, 2);
		assert_int_equal(stats.idle_procs, 4);
		assert_int_equal(stats.run_queue, 77);
		assert_int_equal(stats.latency.counts[7], p->minor > 19 ? 42 : 0);
		assert_int_equal(stats.has_mutex_wait, p->mutex != 0);
		assert_int_equal(stats.mutex_wait_ns, p->mutex ? 5000 : 0);
		assert_int_equal(stats.has_pauses, p->stopping_gc != 0);
		assert_int_equal(stats.stopping[GO_PAUSE_GC].counts[9], p->stopping_gc ? 1 : 0);
		assert_int_equal(stats.stopping[GO_PAUSE_OTHER].counts[9], p->stopping_gc ? 2 : 0);
		assert_int_equal(stats.paused[GO_PAUSE_GC].counts[9], p->stopping_gc ? 3 : 0);
		assert_int_equal(stats.paused[GO_PAUSE_OTHER].counts[9], p->stopping_gc ? 4 : 0);
	}
}

/* Each of its 720 buckets by itself, by its bound as timeHistogramMetricsBuckets() of 1.19 has it. */
static void test_old_histogram(void **state)
{
	const struct place *p = &places[0];
	struct go_runtime r = runtime_of(p);
	struct go_sched s;
	struct go_sched_stats stats;

	(void)state;
	put_sched(p, SCHED, 10000);
	assert_int_equal(go_sched__find(&s, &r, false), 0);
	for (size_t i = 0; i < 720; i++) {
		uint64_t bound = i < 16 ? i : (1ull << (i / 16 + 3)) | (i % 16) << (i / 16 - 1);
		size_t bucket = go_histogram_bucket(bound);

		go_heap_put_u64(&heap, SCHED + p->latency + i * 8, 5);
		assert_int_equal(go_sched__read(&s, &memory, &stats), 0);
		assert_int_equal(go_histogram__total(&stats.latency), 5);
		assert_int_equal(bucket < GO_HISTOGRAM_CNT ? stats.latency.counts[bucket]
							   : stats.latency.overflow,
				 5);
		go_heap_put_u64(&heap, SCHED + p->latency + i * 8, 0);
	}
	go_heap_put_u64(&heap, SCHED + p->latency + 720 * 8, 6);
	assert_int_equal(go_sched__read(&s, &memory, &stats), 0);
	assert_int_equal(stats.latency.underflow, 6);
}

static void test_unknown(void **state)
{
	static const unsigned int minors[] = {0, 15, 18, 28};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(minors); i++) {
		struct go_runtime r = runtime_of(&places[5]);
		struct go_sched s;

		put_sched(&places[5], SCHED, 10000);
		r.minor = minors[i];
		assert_int_equal(go_sched__find(&s, &r, false), -ENOTSUP);
	}
}

/* What makes it no runtime.sched. */
static void test_implausible(void **state)
{
	const struct place *p = &places[5];
	const struct {
		size_t offset;
		uint64_t value;
	} cases[] = {
		{0, GOROUTINES - 1},	     /* fewer numbers than goroutines */
		{8, 1ull << 63},	     /* polled at no time */
		{p->limit - 8, 8},	     /* all threads freed */
		{p->limit - 8, 1ull << 50},  /* too many of them */
		{p->limit - 8, 10009},	     /* more than the limit */
		{p->limit - 16, 13},	     /* more idle ones than there are */
		{p->limit + 32, 1ull << 31}, /* less than none */
		{p->queue, 1ull << 31},
		{p->latency, 1ull << 50},
		{p->latency + 161 * 8, 1ull << 50}, /* overflow */
		{p->mutex, 1ull << 63},
		{p->stopping_gc + 3 * 1296, 1ull << 50}, /* paused, other */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct go_runtime r = runtime_of(p);
		struct go_sched s;

		put_sched(p, SCHED, 10000);
		go_heap_put_u64(&heap, SCHED + cases[i].offset, cases[i].value);
		assert_int_equal(go_sched__find(&s, &r, false), -ENOENT);
	}
}

static void test_two(void **state)
{
	struct go_runtime r = runtime_of(&places[8]);
	struct go_sched s;

	(void)state;
	put_sched(&places[8], SCHED, 10000);
	put_sched(&places[8], OTHER, 10000);
	assert_int_equal(go_sched__find(&s, &r, false), -ENOENT);
}

/* By a thread that is idle; its goroutine knows it. */
static void test_other_limit(void **state)
{
	const struct place *p = &places[8];
	const uint64_t m = GO_HEAP_BASE + 200000, g0 = m + 1024;
	struct go_runtime r = runtime_of(p);
	struct go_sched s;

	(void)state;
	put_sched(p, SCHED, 500);
	assert_int_equal(go_sched__find(&s, &r, false), -ENOENT);
	go_heap_put_u64(&heap, SCHED + 40, m);
	go_heap_put_u64(&heap, m, g0);
	assert_int_equal(go_sched__find(&s, &r, false), -ENOENT);
	go_heap_put_u64(&heap, g0 + GO_G_M, m);
	assert_int_equal(go_sched__find(&s, &r, false), 0);
	assert_true(s.addr == SCHED && s.limit_changed);
	/* One with Go's limit is rather it. */
	put_sched(p, OTHER, 10000);
	assert_int_equal(go_sched__find(&s, &r, false), 0);
	assert_true(s.addr == OTHER && !s.limit_changed);
}

/* The process may become anything. */
static void test_change(void **state)
{
	const struct place *p = &places[8];
	struct go_runtime r = runtime_of(p);
	struct go_sched s;
	struct go_sched_stats stats;

	(void)state;
	put_sched(p, SCHED, 10000);
	assert_int_equal(go_sched__find(&s, &r, false), 0);
	go_heap_put_u64(&heap, SCHED, 0);
	assert_int_equal(go_sched__read(&s, &memory, &stats), -EBADMSG);
	heap.hole = SCHED & ~4095ull;
	assert_int_equal(go_sched__read(&s, &memory, &stats), -EFAULT);
}

static char *write_text(const struct go_sched_stats *now, const struct go_sched_stats *before)
{
	struct go_runtime r = {.version = "go1.22.3"};
	struct go_look look = {.pid = 4711, .comm = "shop", .runtime = &r};
	struct goroutines_scheduler scheduler = {now, before, 500000000};
	struct goroutines_report report = {.look = &look, .scheduler = &scheduler};
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	assert_int_equal(goroutines_write_scheduler(&report, to), 0);
	fclose(to);
	return text;
}

static void test_text(void **state)
{
	static struct go_sched_stats now, before;
	char *text;

	(void)state;
	now = (struct go_sched_stats){.created = 1320,
				      .threads = 12,
				      .idle_threads = 7,
				      .spinning_threads = 1,
				      .idle_procs = 2,
				      .has_mutex_wait = true,
				      .mutex_wait_ns = 3000000000,
				      .has_pauses = true};
	before = now;
	before.created = 320;
	before.mutex_wait_ns = 1000000000;
	now.latency.counts[0] = 100;
	before.latency.counts[0] = 60;
	now.latency.counts[9] = 20;
	now.paused[GO_PAUSE_GC].overflow = 1;
	text = write_text(&now, &before);
	assert_string_equal(
		text,
		"shop (pid 4711), go1.22.3: the scheduler, in the last 500.0 ms\n"
		"threads: 12, 7 idle, 1 looking for work; idle processors: 2; global run queue: 0\n"
		"goroutines created: 1,000 (2,000/s)\n"
		"waited for mutexes: 2.000 s (4.000 s/s)\n"
		"\n"
		"at most                        count        P50        P90        P99        max\n"
		"scheduling latency                60      64 ns     768 ns     768 ns     768 ns\n"
		"stop the world: GC                 1    > 1 day    > 1 day    > 1 day    > 1 day\n"
		"  until all stopped                0          -          -          -          -\n"
		"stop the world: other              0          -          -          -          -\n"
		"  until all stopped                0          -          -          -          -\n"
		"\n"
		"scheduling latency\n"
		"[0, 256 ns)                       40 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
		"[256 ns, 512 ns)                   0 |                                        |\n"
		"[512 ns, 1.024 us)                20 |@@@@@@@@@@@@@@@@@@@@                    "
		"|\n");
	free(text);
	now.latency = before.latency;
	now.has_mutex_wait = now.has_pauses = false;
	text = write_text(&now, &before);
	assert_null(strstr(text, "mutex"));
	assert_null(strstr(text, "@"));
	assert_null(strstr(text, "stop the world"));
	free(text);
	text = write_text(&now, NULL);
	assert_non_null(strstr(text, "since the program began\n"));
	assert_non_null(strstr(text, "goroutines created: 1,320\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),	      cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_subtract),      cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_old_histogram), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_implausible),   cmocka_unit_test(test_two),
		cmocka_unit_test(test_other_limit),   cmocka_unit_test(test_change),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
