/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Goroutines out of memory that holds what Go writes there, or anything. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/go_reason_stack.h"
#include "base/compiler.h"
#include "base/log.h"
#include "fixtures/go_heap.h"
#include "format/go_stacks.h"

#define NOW (50ull * 1000000000)

static struct go_heap heap; /* too large for a stack */

static void test_versions(void **state)
{
	static const struct {
		const char *text;
		unsigned int minor;
	} cases[] = {
		{"go1.15", 15},
		{"go1.22.3", 22},
		{"go1.27rc1", 27},
		{"go1.19.8-x", 19},
		{"devel go1.24-ab12 Mon Jan", 0},
		{"", 0},
		{"go2.1", 0},
		{"go1.x", 0},
	};
	struct go_layout l;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(go_version_minor(cases[i].text), cases[i].minor);
	assert_false(go_layout_of(14, &l));
	assert_false(go_layout_of(28, &l));
	assert_false(go_layout_of(0, &l));
	for (unsigned int minor = 15; minor <= 27; minor++) {
		assert_true(go_layout_of(minor, &l));
		assert_true(l.labels + 8u <= GO_G_BYTES && l.locked_m && l.goid > l.status);
		assert_int_equal(l.parent_goid != 0, minor >= 21);
		assert_int_equal(l.seq != 0, minor >= 17);
	}
}

/* Each version's words, as runtime2.go has them. */
static void test_reasons(void **state)
{
	static const struct {
		const char *text;
		enum go_reason reason;
	} cases[] = {
		{"chan receive", GO_REASON_CHAN_RECEIVE},
		{"chan receive (synctest)", GO_REASON_CHAN_RECEIVE},
		{"chan receive (nil chan)", GO_REASON_FOREVER},
		{"chan send (nil chan)", GO_REASON_FOREVER},
		{"chan send", GO_REASON_CHAN_SEND},
		{"select", GO_REASON_SELECT},
		{"select (no cases)", GO_REASON_FOREVER},
		{"sync.Mutex.Lock", GO_REASON_MUTEX},
		{"sync.RWMutex.RLock", GO_REASON_MUTEX},
		{"sync.WaitGroup.Wait", GO_REASON_WAITGROUP},
		{"sync.Cond.Wait", GO_REASON_COND},
		{"semacquire", GO_REASON_SEMACQUIRE},
		{"sleep", GO_REASON_SLEEP},
		{"IO wait", GO_REASON_IO_WAIT},
		{"GC worker (idle)", GO_REASON_RUNTIME_IDLE},
		{"GC worker (active)", GO_REASON_GC},
		{"GC assist wait", GO_REASON_GC},
		{"force gc (idle)", GO_REASON_RUNTIME_IDLE},
		{"wait for GC cycle", GO_REASON_GC},
		{"garbage collection scan", GO_REASON_GC},
		{"debug call", GO_REASON_OTHER},
		{"unknown", GO_REASON_OTHER},
		{"", GO_REASON_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(go_reason_of(GO_WAITING, cases[i].text), cases[i].reason);
		assert_int_equal(go_reason_of(GO_LEAKED, cases[i].text), cases[i].reason);
	}
	/* The word counts only while it waits. */
	assert_int_equal(go_reason_of(GO_RUNNING, "select"), GO_REASON_NONE);
	assert_int_equal(go_reason_of(GO_RUNNABLE, "select"), GO_REASON_RUNNABLE);
	assert_int_equal(go_reason_of(GO_SYSCALL, ""), GO_REASON_SYSCALL);
	assert_string_equal(go_reason_name(GO_REASON_FOREVER), "forever");
	assert_string_equal(go_reason_name(GO_REASON_CNT), "");
	assert_string_equal(go_status_name(GO_LEAKED), "leaked");
	assert_string_equal(go_status_name((enum go_status)5), "unknown");
	assert_string_equal(go_status_name(GO_STATUS_CNT), "unknown");
}

/* What every version keeps of one goroutine. */
static void test_one(void **state)
{
	struct go_memory m;

	(void)state;
	for (unsigned int minor = 15; minor <= 27; minor++) {
		struct go_runtime r = go_heap_runtime(&heap, &m, minor, 1);
		const uint8_t *bytes = heap.bytes + (go_heap_at(0) - GO_HEAP_BASE);
		struct goroutine g;
		bool damaged;

		go_heap_put_u64(&heap, go_heap_at(0) + r.layout.wait_since, 7);
		go_heap_put(&heap, go_heap_at(0) + r.layout.wait_reason, "\x09", 1);
		go_heap_put_u64(&heap, go_heap_at(0) + r.layout.locked_m, 0xc000100000);
		if (r.layout.parent_goid)
			go_heap_put_u64(&heap, go_heap_at(0) + r.layout.parent_goid, 77);
		if (r.layout.seq)
			go_heap_put(&heap, go_heap_at(0) + r.layout.seq, "\x05", 1);
		/* The garbage collector's mark is no state. */
		go_heap_status(&heap, 0, GO_WAITING | GO_STATUS_SCAN);
		assert_true(goroutine_decode(&r.layout, go_heap_at(0), bytes, &g, &damaged));
		assert_int_equal(g.status, GO_WAITING);
		assert_int_equal(g.goid, 1);
		assert_int_equal(g.wait_since_ns, 7);
		assert_int_equal(g.wait_reason, 9);
		assert_int_equal(g.parent_goid, minor >= 21 ? 77 : 0);
		assert_int_equal(g.seq, minor >= 17 ? 5 : 0);
		assert_int_equal(g.gopc, 0x402000);
		assert_int_equal(g.startpc, 0x403000);
		assert_int_equal(g.pc, 0x401000);
		assert_true(g.locked);
		/* In a system call: where that was called; on the way back from it that is cleared. */
		go_heap_status(&heap, 0, GO_SYSCALL);
		assert_true(goroutine_decode(&r.layout, go_heap_at(0), bytes, &g, &damaged));
		assert_int_equal(g.pc, 0x401000);
		assert_int_equal(g.wait_since_ns, 0);
		go_heap_put_u64(&heap, go_heap_at(0) + r.layout.syscall_sp, GO_HEAP_STACK_LO + 100);
		go_heap_put_u64(&heap, go_heap_at(0) + r.layout.syscall_sp + 8, 0x404000);
		assert_true(goroutine_decode(&r.layout, go_heap_at(0), bytes, &g, &damaged));
		assert_int_equal(g.sp, GO_HEAP_STACK_LO + 100);
		assert_int_equal(g.pc, 0x404000);
	}
}

static void test_damage(void **state)
{
	static const uint32_t ended[] = {GO_IDLE, GO_DEAD, GO_DEAD_EXTRA};
	static const uint32_t none[] = {5, 7, GO_STATUS_CNT, 0xdeadbeef};
	struct go_memory m;
	struct go_runtime r = go_heap_runtime(&heap, &m, 22, 1);
	const uint8_t *bytes = heap.bytes + (go_heap_at(0) - GO_HEAP_BASE);
	struct goroutine g;
	bool damaged;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ended); i++) {
		go_heap_status(&heap, 0, ended[i]);
		assert_false(goroutine_decode(&r.layout, go_heap_at(0), bytes, &g, &damaged));
		assert_false(damaged);
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		go_heap_status(&heap, 0, none[i]);
		assert_false(goroutine_decode(&r.layout, go_heap_at(0), bytes, &g, &damaged));
		assert_true(damaged);
	}
	/* One that has no number yet is being made, if it is said to be able to run. */
	go_heap_g(&heap, 0, 0, GO_RUNNABLE);
	assert_false(goroutine_decode(&r.layout, go_heap_at(0), bytes, &g, &damaged));
	assert_false(damaged);
	go_heap_status(&heap, 0, GO_WAITING);
	assert_false(goroutine_decode(&r.layout, go_heap_at(0), bytes, &g, &damaged));
	assert_true(damaged);
	/* A stack of no bytes. */
	go_heap_g(&heap, 0, 1, GO_WAITING);
	go_heap_put_u64(&heap, go_heap_at(0) + GO_G_STACK_HI, GO_HEAP_STACK_LO);
	assert_false(goroutine_decode(&r.layout, go_heap_at(0), bytes, &g, &damaged));
	assert_true(damaged);
}

static void test_all(void **state)
{
	struct goroutines all;
	struct go_memory m;
	struct go_runtime r = go_heap_runtime(&heap, &m, 25, 400);

	(void)state;
	goroutines__init(&all);
	go_heap_status(&heap, 5, GO_DEAD);
	go_heap_status(&heap, 6, 5);
	assert_int_equal(goroutines__read(&all, &r), 0);
	assert_int_equal(all.cnt, 398);
	assert_int_equal(all.counts.listed, 400);
	assert_int_equal(all.counts.ended, 1);
	assert_int_equal(all.counts.damaged, 1);
	assert_int_equal(all.counts.unreadable, 0);
	for (size_t i = 1; i < all.cnt; i++)
		assert_true(all.items[i - 1].addr < all.items[i].addr);
	/* Side by side, so they come in few reads: the slice, the list, some spans, and the damaged one again. */
	assert_in_range(heap.reads, 5, 20);
	/* The list grows at its end. */
	go_heap_g(&heap, 400, 401, GO_RUNNABLE);
	go_heap_list(&heap, 401);
	assert_int_equal(goroutines__read(&all, &r), 0);
	assert_int_equal(all.cnt, 399);
	assert_int_equal(all.items[398].goid, 401);
	goroutines__fini(&all);
}

/* A page that can't be read costs the goroutines that have a part there, and no others. */
static void test_holes(void **state)
{
	struct goroutines all;
	struct go_memory m;
	struct go_runtime r = go_heap_runtime(&heap, &m, 25, 400);
	uint64_t lost = 0;

	(void)state;
	goroutines__init(&all);
	heap.hole = GO_HEAP_BASE + 65536;
	for (size_t i = 0; i < 400; i++)
		lost += go_heap_at(i) < heap.hole + 4096 && go_heap_at(i) + GO_G_BYTES > heap.hole;
	assert_in_range(lost, 9, 11);
	assert_int_equal(goroutines__read(&all, &r), 0);
	assert_int_equal(all.counts.unreadable, lost);
	assert_int_equal(all.cnt, 400 - lost);
	/* The list's own end, which a length that lies leads to: what is claimed is not what is there. */
	heap.hole = 0;
	go_heap_put_u64(&heap, GO_HEAP_ALLGS + 8, 1 << 20);
	go_heap_put_u64(&heap, GO_HEAP_ALLGS + 16, 1 << 20);
	assert_int_equal(goroutines__read(&all, &r), 0);
	assert_int_equal(all.cnt, 0);
	assert_int_equal(all.counts.unreadable, 1 << 20);
	/* Beyond what is kept. */
	go_heap_put_u64(&heap, GO_HEAP_ALLGS + 8, GO_MAX_GOROUTINES + 5ull);
	go_heap_put_u64(&heap, GO_HEAP_ALLGS + 16, GO_MAX_GOROUTINES + 5ull);
	assert_int_equal(goroutines__read(&all, &r), 0);
	assert_int_equal(all.counts.cut, 5);
	/* Another program is there now. */
	go_heap_put_u64(&heap, GO_HEAP_ALLGS + 16, 0);
	assert_int_equal(goroutines__read(&all, &r), -ENOENT);
	assert_string_equal(error_text(-ENOENT), "its list of goroutines is gone");
	r.allgs = 0x1000;
	assert_int_equal(goroutines__read(&all, &r), -ENOENT);
	goroutines__fini(&all);
}

/* Addresses that nothing has, that are not aligned, and the same twice. */
static void test_list_of_anything(void **state)
{
	struct goroutines all;
	struct go_memory m;
	struct go_runtime r = go_heap_runtime(&heap, &m, 25, 10);

	(void)state;
	goroutines__init(&all);
	go_heap_put_u64(&heap, GO_HEAP_LIST, 0);
	go_heap_put_u64(&heap, GO_HEAP_LIST + 8, UINT64_MAX);
	go_heap_put_u64(&heap, GO_HEAP_LIST + 16, go_heap_at(0) + 4);
	go_heap_put_u64(&heap, GO_HEAP_LIST + 24, go_heap_at(0));
	go_heap_put_u64(&heap, GO_HEAP_LIST + 32, UINT64_MAX - 7);
	assert_int_equal(goroutines__read(&all, &r), 0);
	/* The list has 9 ... 0: of 4 ... 0 there is 0, twice. */
	assert_int_equal(all.cnt, 5);
	assert_int_equal(all.counts.unreadable, 3);
	assert_int_equal(all.counts.damaged, 2);
	assert_int_equal(all.counts.listed, 10);
	goroutines__fini(&all);
}

/* A program that lies: at every eighth byte there is what could be a goroutine. One takes the room of many. */
static void test_goroutines_in_each_other(void **state)
{
	struct goroutines all;
	struct go_memory m;
	struct go_runtime r = go_heap_runtime(&heap, &m, 25, 100);
	uint64_t first = go_heap_at(0);

	(void)state;
	goroutines__init(&all);
	/* It waits; the stack's end is behind its beginning; it has a number. */
	for (uint64_t i = 0; i < 1000; i++)
		go_heap_put_u64(&heap, first + i * 8, (i + 1) << 32 | GO_WAITING);
	for (uint64_t i = 0; i < 100; i++)
		go_heap_put_u64(&heap, GO_HEAP_LIST + i * 8, first + i * 8);
	assert_int_equal(goroutines__read(&all, &r), 0);
	/* 800 bytes, of at least 256 each. */
	assert_int_equal(all.cnt, 4);
	assert_int_equal(all.counts.damaged, 96);
	goroutines__fini(&all);
}

static uint64_t age_ms(const struct goroutine *g)
{
	return (NOW - g->since_ns) / 1000000;
}

/* Since when one is as it is: from the runtime, else since the look that found it so. */
static void test_ages(void **state)
{
	struct goroutines before, after;
	struct go_memory m;
	struct go_runtime r = go_heap_runtime(&heap, &m, 25, 6);

	(void)state;
	goroutines__init(&before);
	goroutines__init(&after);
	go_heap_put_u64(&heap, go_heap_at(0) + r.layout.wait_since, NOW - 9000000000);
	assert_int_equal(goroutines__read(&before, &r), 0);
	goroutines__age(&before, NULL, NOW - 3000000000);
	assert_true(before.is_first && before.items[1].since_first);
	before.items[1].stack = 17;
	before.items[2].stack = 18;
	before.items[5].stack = 19;
	/* 2 has run, 3 has ended, 4's struct is that of another one, and 5's stack has moved. */
	go_heap_put(&heap, go_heap_at(2) + r.layout.seq, "\x01", 1);
	go_heap_status(&heap, 3, GO_DEAD);
	go_heap_put_u64(&heap, go_heap_at(4) + r.layout.goid, 99);
	go_heap_put_u64(&heap, go_heap_at(5) + GO_G_STACK_HI, GO_HEAP_STACK_LO + 999 * 8192);
	assert_int_equal(goroutines__read(&after, &r), 0);
	goroutines__age(&after, &before, NOW);
	assert_int_equal(after.cnt, 5);
	assert_int_equal(age_ms(&after.items[0]), 9000);
	assert_int_equal(age_ms(&after.items[1]), 3000);
	assert_true(after.items[1].since_first);
	assert_int_equal(after.items[1].stack, 17);
	for (size_t i = 2; i < 5; i++) {
		assert_int_equal(age_ms(&after.items[i]), 0);
		assert_false(after.items[i].since_first);
		assert_int_equal(after.items[i].stack, GO_STACK_NONE);
	}
	/* It has not run just because it is called leaked now; it has if it waits anew. */
	before.items[1].status = GO_LEAKED;
	assert_true(goroutine__is_unchanged(&before.items[1], &after.items[1]));
	assert_true(goroutine__is_unchanged(&after.items[1], &before.items[1]));
	before.items[1].status = GO_RUNNABLE;
	assert_false(goroutine__is_unchanged(&before.items[1], &after.items[1]));
	goroutines__fini(&before);
	goroutines__fini(&after);
}

/* Four goroutines whose stacks are in the same memory, one behind the other. */
static struct go_runtime heap_with_stacks(struct go_memory *m)
{
	struct go_runtime r = go_heap_runtime(&heap, m, 25, 0);

	heap.stacks = GO_HEAP_BASE + 131072;
	heap.stack_bytes = 4096;
	heap.pc = GO_HEAP_LEAF;
	heap.startpc = GO_HEAP_WORK;
	for (size_t i = 0; i < 4; i++) {
		uint64_t lo = heap.stacks + i * heap.stack_bytes;

		go_heap_g(&heap, i, 4 - i, i < 3 ? GO_WAITING : GO_RUNNING);
		go_heap_put_u64(&heap, lo + 8, GO_HEAP_WORK + 8);
		go_heap_put_u64(&heap, lo + 40, i == 2 ? 0x1234 : GO_HEAP_WORK + 9);
		go_heap_put_u64(&heap, lo + 72, GO_HEAP_GOEXIT + 1);
	}
	go_heap_list(&heap, 4);
	return r;
}

/* By the sizes of frames; read again only where a goroutine has run. */
static void test_stacks(void **state)
{
	static const uint64_t want[] = {GO_HEAP_LEAF, GO_HEAP_WORK + 8, GO_HEAP_WORK + 9,
					GO_HEAP_GOEXIT + 1};
	_cleanup_buf_ struct buf file = {0};
	struct go_memory m;
	struct go_runtime r = heap_with_stacks(&m);
	struct go_stacks *stacks = go_stacks__new();
	struct goroutines all;
	struct go_stack_view view;
	struct gopclntab table;
	struct elf e;

	(void)state;
	go_heap_program(&file);
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	assert_int_equal(gopclntab__open(&table, &e), 0);
	r.code.elf = &e;
	r.code.table = &table;
	goroutines__init(&all);
	assert_non_null(stacks);
	assert_int_equal(goroutines__read(&all, &r), 0);
	goroutines__age(&all, NULL, NOW);
	assert_int_equal(go_stacks__read(stacks, &r, &all, NULL), 0);
	/* The second is as the first; the third has an address in it that is no code's; the fourth runs. */
	view = go_stacks__get(stacks, all.items[0].stack);
	assert_true(view.is_whole);
	assert_int_equal(view.cnt, ARRAY_SIZE(want));
	for (size_t i = 0; i < view.cnt; i++)
		assert_int_equal(view.pcs[i] & ~GO_PC_EXACT, want[i]);
	assert_int_equal(all.items[1].stack, all.items[0].stack);
	assert_int_equal(all.counts.broken, 1);
	assert_int_equal(all.items[3].stack, GO_STACK_NONE);
	assert_int_equal(go_stacks__get(stacks, all.items[3].stack).cnt, 0);
	go_stacks__forget(stacks, &all);
	assert_int_equal(all.items[0].stack, GO_STACK_NONE);
	goroutines__fini(&all);
	go_stacks__free(stacks);
	gopclntab__close(&table);
	elf__close(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_list_of_anything),
		cmocka_unit_test(test_goroutines_in_each_other),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
