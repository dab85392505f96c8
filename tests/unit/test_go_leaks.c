/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which sites are said to leak, by looks that are made up: each rule by what just keeps it and what just breaks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/go_leaks.h"
#include "base/compiler.h"
#include "fixtures/go_heap.h"

#define SECOND	   1000000000ull
#define WINDOW	   (100 * SECOND)
#define BEGIN	   (5000 * SECOND)
#define MAX_LIVING 20000

enum { SEND = 1, FOREVER, SELECT }; /* numbers of wait reasons */

/* A process whose goroutines are what the test says. */
static struct world {
	struct buf file;
	struct elf elf;
	struct gopclntab table;
	struct go_runtime runtime;
	struct go_frames frames;
	struct goroutine living[MAX_LIVING];
	struct goroutines all;
	struct go_look look;
	struct go_leaks leaks;
	uint64_t now_ns, goid;
} w;

static int world_begin(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	go_heap_program(&w.file);
	assert_int_equal(elf__open_memory(&w.elf, w.file.data, w.file.len), 0);
	assert_int_equal(gopclntab__open(&w.table, &w.elf), 0);
	w.runtime.code = (struct go_code){.elf = &w.elf, .table = &w.table};
	strcpy(w.runtime.reasons.texts[SEND], "chan send");
	strcpy(w.runtime.reasons.texts[FOREVER], "select (no cases)");
	strcpy(w.runtime.reasons.texts[SELECT], "select");
	w.runtime.reasons.cnt = 4;
	go_frames__init(&w.frames, &w.runtime.code);
	go_leaks__init(&w.leaks, WINDOW);
	w.all.items = w.living;
	w.all.is_first = true;
	w.look = (struct go_look){.runtime = &w.runtime, .all = &w.all, .frames = &w.frames};
	w.now_ns = BEGIN;
	return 0;
}

static int world_end(void **state)
{
	(void)state;
	go_leaks__fini(&w.leaks);
	go_frames__fini(&w.frames);
	gopclntab__close(&w.table);
	elf__close(&w.elf);
	buf__fini(&w.file);
	return 0;
}

/* @cnt that were created at @gopc, and wait since now. */
static void begin(size_t cnt, uint64_t gopc, uint8_t reason)
{
	for (size_t i = 0; i < cnt; i++) {
		assert_true(w.all.cnt < MAX_LIVING);
		w.living[w.all.cnt++] = (struct goroutine){
			.addr = 0xc000000000 + ++w.goid * 512,
			.goid = w.goid,
			.gopc = gopc,
			.startpc = GO_HEAP_WORK,
			.since_ns = w.now_ns,
			.since_first = w.all.is_first,
			.status = GO_WAITING,
			.wait_reason = reason,
			.stack = GO_STACK_NONE,
		};
	}
}

/* The last @cnt are gone. */
static void end(size_t cnt)
{
	assert_true(w.all.cnt >= cnt);
	w.all.cnt -= cnt;
}

static void look(void)
{
	w.all.now_ns = w.now_ns;
	assert_int_equal(go_leaks__add(&w.leaks, &w.look), 0);
	assert_int_equal(go_leaks__judge(&w.leaks, &w.look), 0);
	w.all.is_first = false;
}

/* Looks every @step seconds, for that long, without a change. */
static void pass(uint64_t seconds, uint64_t step)
{
	for (uint64_t i = 0; i < seconds; i += step) {
		w.now_ns += step * SECOND;
		look();
	}
}

/* @times every 10 seconds @each more. */
static void grow(size_t times, size_t each)
{
	for (size_t i = 0; i < times; i++) {
		begin(each, 1, SEND);
		pass(10, 2);
	}
}

static void check_none(void)
{
	assert_int_equal(w.leaks.found_cnt, 0);
}

static const struct go_leak *check_one(enum go_leak_verdict verdict, uint64_t cnt)
{
	assert_int_equal(w.leaks.found_cnt, 1);
	assert_string_equal(go_leak_verdict_name(w.leaks.found[0].verdict),
			    go_leak_verdict_name(verdict));
	assert_int_equal(w.leaks.found[0].cnt, cnt);
	return &w.leaks.found[0];
}

static void test_growing(void **state)
{
	const struct go_leak *leak;
	uint64_t sites;

	(void)state;
	begin(10, 1, SEND);
	w.living[3].stack = 7;
	w.living[3].parent_goid = 55;
	look();
	grow(9, 2);
	pass(8, 2);
	/* Two seconds are missing. */
	assert_false(go_leaks__is_whole(&w.leaks));
	check_none();
	pass(2, 2);
	assert_true(go_leaks__is_whole(&w.leaks));
	leak = check_one(GO_LEAK_GROWING, 28);
	assert_int_equal(leak->gopc, 1);
	assert_int_equal(leak->reason, GO_REASON_CHAN_SEND);
	assert_int_equal(leak->confirmed_cnt, 0);
	assert_int_equal(leak->window_ns, WINDOW);
	/* 18 in 100 s. */
	assert_true(leak->per_minute > 10.79 && leak->per_minute < 10.81);
	/* 10 as old as all looks, then 2 each of 100 s, 90, 80 ... 20: those of 30 and 20 s are above a quarter, but those of 20 not. */
	assert_int_equal(leak->still_cnt, 26);
	assert_true(leak->oldest.is_bound && leak->oldest.ns == WINDOW);
	assert_true(!leak->p50.is_bound && leak->p50.ns == 80 * SECOND);
	assert_true(leak->p90.is_bound && leak->p90.ns == WINDOW);
	/* Of those that have a stack the oldest. */
	assert_int_equal(leak->example.goid, 4);
	assert_int_equal(leak->example.parent_goid, 55);
	assert_int_equal(go_leaks__count(&w.leaks, GO_LEAK_GROWING, &sites), 28);
	assert_int_equal(sites, 1);
	assert_int_equal(go_leaks__count(&w.leaks, GO_LEAK_FOREVER, &sites), 0);
	assert_int_equal(sites, 0);
	assert_int_equal(w.leaks.watched_cnt, 28);
	/* It goes on as long as it grows, and its rate is that of the last window. */
	grow(30, 1);
	leak = check_one(GO_LEAK_GROWING, 58);
	assert_true(leak->per_minute > 5.39 && leak->per_minute < 6.01);
	assert_true(leak->window_ns >= WINDOW && leak->window_ns < WINDOW + 4 * SECOND);
}

/* One that ends makes it none, as long as that is in the window; also between two points, and if one begins until then. */
static void test_falls(void **state)
{
	(void)state;
	begin(10, 1, SEND);
	look();
	grow(5, 2);
	end(1);
	w.now_ns += SECOND / 10;
	look();
	begin(1, 1, SEND);
	w.now_ns += SECOND / 10;
	look();
	grow(7, 2);
	check_none();
	grow(2, 2);
	check_none();
	grow(2, 2);
	check_one(GO_LEAK_GROWING, 42);
}

/* What could not be read is not gone. */
static void test_unread(void **state)
{
	(void)state;
	begin(10, 1, SEND);
	look();
	grow(5, 2);
	end(3);
	w.all.counts = (struct go_counts){.unreadable = 1, .damaged = 1, .cut = 1};
	w.now_ns += SECOND;
	look();
	w.all.counts = (struct go_counts){0};
	begin(3, 1, SEND);
	grow(5, 2);
	check_one(GO_LEAK_GROWING, 30);
	/* More are. */
	end(3);
	w.all.counts.damaged = 2;
	w.now_ns += SECOND;
	look();
	check_none();
}

static void test_rises(void **state)
{
	(void)state;
	look();
	grow(1, 20);
	pass(70, 2);
	grow(1, 20);
	pass(20, 2);
	check_none();
	/* The first of them is in the window no more after this; then there are three. */
	grow(1, 20);
	check_none();
	grow(1, 20);
	check_one(GO_LEAK_GROWING, 80);
}

/* A count that goes up and down by what can't be read rises often, and does not grow. */
static void test_growth(void **state)
{
	(void)state;
	begin(10, 1, SEND);
	look();
	pass(8, 4);
	for (int i = 0; i < 7; i++) {
		w.all.counts.unreadable = 0;
		begin(1, 1, SEND);
		pass(8, 4);
		w.all.counts.unreadable = 1;
		end(1);
		pass(4, 4);
	}
	pass(4, 4);
	begin(2, 1, SEND);
	pass(4, 4);
	assert_true(go_leaks__is_whole(&w.leaks));
	check_none();
	begin(1, 1, SEND);
	pass(4, 4);
	check_one(GO_LEAK_GROWING, 13);
}

static void test_five_percent(void **state)
{
	(void)state;
	begin(100, 1, SEND);
	look();
	pass(60, 2);
	grow(4, 1);
	assert_true(go_leaks__is_whole(&w.leaks));
	check_none();
	begin(1, 1, SEND);
	look();
	check_one(GO_LEAK_GROWING, 105);
}

/* What becomes full, and is, is none. */
static void test_plateau(void **state)
{
	(void)state;
	look();
	grow(4, 5);
	pass(60, 2);
	assert_true(go_leaks__is_whole(&w.leaks));
	check_none();
	begin(1, 1, SEND);
	pass(2, 2);
	check_one(GO_LEAK_GROWING, 21);
	pass(52, 2);
	check_none();
}

/* Those that run now and then are in use, more of them or not. */
static void test_still(void **state)
{
	(void)state;
	begin(10, 1, SEND);
	look();
	grow(10, 1);
	check_one(GO_LEAK_GROWING, 20);
	for (size_t i = 0; i < 8; i++)
		w.living[i].since_ns = w.now_ns;
	/* 10 of 20: two have begun in the last quarter. */
	look();
	assert_int_equal(check_one(GO_LEAK_GROWING, 20)->still_cnt, 10);
	w.living[8].since_ns = w.now_ns - WINDOW / 4;
	look();
	check_none();
	w.living[8].since_ns--;
	look();
	check_one(GO_LEAK_GROWING, 20);
}

/* Too few looks say nothing. */
static void test_points(void **state)
{
	(void)state;
	look();
	for (int i = 0; i < 4; i++) {
		begin(5, 1, SEND);
		pass(25, 25);
	}
	check_none();
	for (int i = 0; i < 10; i++) {
		begin(5, 1, SEND);
		pass(20, 20);
	}
	check_one(GO_LEAK_GROWING, 70);
	assert_int_equal(w.leaks.point_cnt, GO_LEAKS_MIN_POINTS);
}

/* They are looked at much more often than points are kept. */
static void test_many_looks(void **state)
{
	(void)state;
	look();
	for (int i = 0; i < 20000; i++) {
		w.now_ns += SECOND / 100;
		if (i % 1000 == 999)
			begin(1, 1, SELECT);
		look();
		assert_true(w.leaks.point_cnt < GO_LEAKS_POINTS);
	}
	check_one(GO_LEAK_GROWING, 20);
	assert_in_range(w.leaks.found[0].window_ns, WINDOW, WINDOW + WINDOW / 40);
}

/* Nothing has to be waited for; what never returns in main is how programs stay. */
static void test_forever(void **state)
{
	(void)state;
	begin(1, 7, FOREVER);
	w.living[0].startpc = GO_HEAP_MAIN;
	begin(2, 8, FOREVER);
	w.living[1].startpc = w.living[2].startpc = GO_HEAP_GOEXIT;
	look();
	check_none();
	assert_int_equal(w.leaks.watched_cnt, 1);
	begin(2, 7, FOREVER);
	begin(2, 7, SEND);
	look();
	assert_int_equal(check_one(GO_LEAK_FOREVER, 2)->gopc, 7);
	assert_true(go_leak__has(&w.leaks.found[0], &w.look, &w.living[3]));
	assert_false(go_leak__has(&w.leaks.found[0], &w.look, &w.living[0]));
	assert_false(go_leak__has(&w.leaks.found[0], &w.look, &w.living[5]));
	end(4);
	pass(2, 2);
	check_none();
}

/* Some of a site, by the runtime. It comes before what is merely certain, and that before what grows. */
static void test_confirmed(void **state)
{
	uint64_t sites;

	(void)state;
	begin(4, 5, SELECT);
	w.living[0].status = w.living[1].status = GO_LEAKED;
	look();
	assert_int_equal(check_one(GO_LEAK_CONFIRMED, 4)->confirmed_cnt, 2);
	assert_int_equal(go_leaks__count(&w.leaks, GO_LEAK_CONFIRMED, &sites), 2);
	assert_int_equal(sites, 1);
	begin(9, 6, FOREVER);
	grow(10, 20);
	assert_int_equal(w.leaks.found_cnt, 3);
	assert_int_equal(w.leaks.found[0].verdict, GO_LEAK_CONFIRMED);
	assert_int_equal(w.leaks.found[1].verdict, GO_LEAK_FOREVER);
	assert_int_equal(w.leaks.found[2].verdict, GO_LEAK_GROWING);
	/* The search begins anew: they are waiting again for a moment. */
	w.living[0].status = w.living[1].status = GO_WAITING;
	look();
	assert_int_equal(w.leaks.found_cnt, 2);
}

/* The same place is two sites when goroutines wait for two things. */
static void test_sites(void **state)
{
	(void)state;
	begin(3, 1, SELECT);
	look();
	for (int i = 0; i < 10; i++) {
		begin(1, 1, SEND);
		begin(1, 2, SEND);
		pass(10, 2);
	}
	assert_int_equal(w.leaks.found_cnt, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(w.leaks.found[i].gopc, i + 1);
		assert_int_equal(w.leaks.found[i].cnt, 10);
	}
}

/* Another program: its addresses mean something else. */
static void test_another_program(void **state)
{
	(void)state;
	look();
	grow(10, 1);
	check_one(GO_LEAK_GROWING, 10);
	w.all.is_first = true;
	w.all.now_ns = w.now_ns;
	assert_int_equal(go_leaks__add(&w.leaks, &w.look), 0);
	check_none();
	look();
	assert_int_equal(go_leaks__seen_ns(&w.leaks), 0);
	grow(9, 1);
	check_none();
	grow(1, 1);
	check_one(GO_LEAK_GROWING, 20);
}

/* There is room for so many; what has been void for a window makes room. */
static void test_room(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < GO_LEAKS_MAX_SITES + 5; i++)
		begin(1, 1000 + i, SELECT);
	look();
	assert_int_equal(w.leaks.unkept_cnt, 5);
	end(GO_LEAKS_MAX_SITES);
	pass(50, 2);
	assert_int_equal(w.leaks.site_cnt, GO_LEAKS_MAX_SITES);
	begin(2, 1, SEND);
	pass(2, 2);
	assert_int_equal(w.leaks.unkept_cnt, 2);
	pass(60, 2);
	assert_int_equal(w.leaks.unkept_cnt, 0);
	/* The 5 that are left, and the new one. */
	assert_int_equal(w.leaks.site_cnt, 6);
}

/* No room is made of what has something to say yet: that some ended between two points, or that they may not have. */
static void test_what_is_kept(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < GO_LEAKS_MAX_SITES - 2; i++)
		begin(1, 1000 + i, SELECT);
	begin(50, 2, SEND);
	look();
	w.now_ns += SECOND / 10;
	begin(1, 1, SEND);
	look();
	assert_int_equal(w.leaks.site_cnt, GO_LEAKS_MAX_SITES);
	/* The one has gone; the 50 can't be read. */
	end(1);
	w.now_ns += SECOND / 10;
	look();
	end(50);
	w.all.counts.unreadable = 50;
	w.now_ns += SECOND / 10;
	look();
	w.now_ns += SECOND / 10;
	look();
	assert_int_equal(w.leaks.site_cnt, GO_LEAKS_MAX_SITES);
	w.all.counts.unreadable = 0;
	begin(40, 2, SEND);
	look();
	for (int i = 0; i < 10; i++) {
		begin(1, 1, SEND);
		begin(1, 2, SEND);
		pass(10, 2);
	}
	/* 10 from none on, and 50 from 50 on; one has fallen. */
	check_none();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		TEST(test_growing),	 TEST(test_falls),	     TEST(test_unread),
		TEST(test_rises),	 TEST(test_growth),	     TEST(test_five_percent),
		TEST(test_plateau),	 TEST(test_still),	     TEST(test_points),
		TEST(test_many_looks),	 TEST(test_forever),	     TEST(test_confirmed),
		TEST(test_sites),	 TEST(test_another_program), TEST(test_room),
		TEST(test_what_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
