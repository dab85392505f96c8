/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Waits of goroutines added up, and how often they come to wait by looks at them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/go_waits.h"
#include "base/compiler.h"
#include "fixtures/go_heap.h"
#include "format/go_rate.h"
#include "format/go_wait_stacks.h"

#define MS 1000000ull
#define US 1000ull

/* ---- rows ---- */

/* A program with functions, and words for three reasons. */
struct program {
	struct buf file;
	struct elf elf;
	struct gopclntab table;
	struct go_runtime runtime;
	struct go_frames frames;
};

static void program_init(struct program *p)
{
	static const char *const reasons[] = {"IO wait", "chan receive", "semacquire"};

	memset(p, 0, sizeof(*p));
	go_heap_program(&p->file);
	assert_int_equal(elf__open_memory(&p->elf, p->file.data, p->file.len), 0);
	assert_int_equal(gopclntab__open(&p->table, &p->elf), 0);
	p->runtime.code = (struct go_code){.elf = &p->elf, .table = &p->table};
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		strcpy(p->runtime.reasons.texts[i], reasons[i]);
	p->runtime.reasons.cnt = ARRAY_SIZE(reasons);
	go_frames__init(&p->frames, &p->runtime.code);
}

static void program_fini(struct program *p)
{
	go_frames__fini(&p->frames);
	gopclntab__close(&p->table);
	elf__close(&p->elf);
	buf__fini(&p->file);
}

static void add(struct go_waits *w, struct go_wait wait)
{
	if (!wait.startpc)
		wait.startpc = GO_HEAP_WORK;
	assert_int_equal(go_waits__add(w, &wait, (struct go_stack_view){0}), 0);
}

static void test_rows(void **state)
{
	struct program p;
	struct go_waits w;

	(void)state;
	program_init(&p);
	go_waits__init(&w, &p.runtime, &p.frames, false, false);
	add(&w, (struct go_wait){.reason = 1,
				 .gopc = 1,
				 .stack = 3,
				 .park_ns = 10,
				 .ready_ns = 40,
				 .run_ns = 50});
	add(&w, (struct go_wait){.reason = 1,
				 .gopc = 1,
				 .stack = 4,
				 .park_ns = 60,
				 .ready_ns = 80,
				 .run_ns = 81});
	/* Nobody told when it could have run. */
	add(&w,
	    (struct go_wait){
		    .reason = 0, .gopc = 1, .stack = GO_STACK_NONE, .park_ns = 100, .run_ns = 400});
	/* At another place; it was over as soon as it began. */
	add(&w, (struct go_wait){.reason = 1,
				 .gopc = 2,
				 .stack = 3,
				 .park_ns = 60,
				 .ready_ns = 60,
				 .run_ns = 60});
	/* Of the runtime. */
	add(&w,
	    (struct go_wait){.reason = 1, .startpc = GO_HEAP_GOEXIT, .park_ns = 1, .run_ns = 9});
	go_waits__sort(&w);
	assert_int_equal(w.cnt, 3);
	assert_int_equal(w.wait_cnt, 4);
	assert_int_equal(w.system_cnt, 1);
	assert_string_equal(w.rows[0].wait_reason, "IO wait");
	assert_int_equal(w.rows[0].reason, GO_REASON_IO_WAIT);
	assert_int_equal(w.rows[0].total_ns, 300);
	assert_int_equal(w.rows[0].blocked.max, 300);
	assert_int_equal(w.rows[0].delay.cnt, 0);
	assert_int_equal(w.rows[1].cnt, 2);
	assert_int_equal(w.rows[1].total_ns, 61);
	assert_int_equal(w.rows[1].blocked.max, 30);
	assert_int_equal(w.rows[1].delay.max, 10);
	assert_int_equal(w.rows[1].delay.cnt, 2);
	assert_int_equal(w.rows[2].gopc, 2);
	assert_int_equal(w.rows[2].total_ns, 0);
	go_waits__fini(&w);
	program_fini(&p);
}

static void test_rows_by_stack(void **state)
{
	struct program p;
	struct go_waits w;

	(void)state;
	program_init(&p);
	go_waits__init(&w, &p.runtime, &p.frames, true, true);
	for (uint32_t i = 0; i < 6; i++)
		add(&w, (struct go_wait){.reason = 1,
					 .stack = i % 2,
					 .park_ns = 5,
					 .ready_ns = 6,
					 .run_ns = 7 + i % 2});
	add(&w,
	    (struct go_wait){.reason = 1, .startpc = GO_HEAP_GOEXIT, .park_ns = 1, .run_ns = 9});
	/* One whose times can't be: it is left out. */
	add(&w, (struct go_wait){.reason = 1, .park_ns = 9, .run_ns = 8});
	go_waits__sort(&w);
	assert_int_equal(w.cnt, 3);
	assert_int_equal(w.system_cnt, 0);
	assert_int_equal(w.rows[0].stack, 1);
	assert_int_equal(w.rows[0].total_ns, 9);
	assert_int_equal(w.rows[1].total_ns, 8);
	assert_int_equal(w.rows[2].total_ns, 6);
	go_waits__fini(&w);
	program_fini(&p);
}

/* ---- stacks ---- */

static void test_stacks(void **state)
{
	static const uint64_t whole[] = {GO_HEAP_LEAF + 4, GO_HEAP_WORK + 8, GO_HEAP_GOEXIT + 1};
	static const uint64_t part[] = {GO_HEAP_WORK + 8, GO_HEAP_WORK + 8};
	static const uint64_t nowhere[] = {GO_HEAP_LEAF + 4, 7};
	struct go_wait_stacks s = {0};
	struct go_stack_view v;
	struct program p;

	(void)state;
	program_init(&p);
	assert_int_equal(go_wait_stacks__find(&s, 5), GO_STACK_NONE);
	assert_int_equal(go_wait_stacks__get(&s, 0).cnt, 0);
	assert_int_equal(go_wait_stacks__add(&s, &p.runtime.code, 5, whole, 3), 0);
	assert_int_equal(go_wait_stacks__add(&s, &p.runtime.code, 6, part, 2), 0);
	assert_int_equal(go_wait_stacks__add(&s, &p.runtime.code, 7, nowhere, 2), 0);
	/* Nothing, and one that is there. */
	assert_int_equal(go_wait_stacks__add(&s, &p.runtime.code, 8, nowhere, 0), 0);
	assert_int_equal(go_wait_stacks__add(&s, &p.runtime.code, 5, nowhere, 2), 0);
	assert_int_equal(s.cnt, 3);
	assert_int_equal(go_wait_stacks__find(&s, 8), GO_STACK_NONE);
	v = go_wait_stacks__get(&s, go_wait_stacks__find(&s, 5));
	assert_int_equal(v.cnt, 3);
	assert_memory_equal(v.pcs, whole, sizeof(whole));
	assert_true(v.is_whole);
	v = go_wait_stacks__get(&s, go_wait_stacks__find(&s, 6));
	assert_memory_equal(v.pcs, part, sizeof(part));
	assert_false(v.is_whole);
	assert_false(go_wait_stacks__get(&s, go_wait_stacks__find(&s, 7)).is_whole);
	assert_int_equal(go_wait_stacks__get(&s, GO_STACK_NONE).cnt, 0);
	go_wait_stacks__fini(&s);
	program_fini(&p);
}

/* ---- rates ---- */

/* Looks at goroutines that wait at some rates; each look takes 10 us. */
struct looker {
	struct go_rate rate;
	struct goroutine items[8];
	struct goroutines look;
	uint64_t per_sec[8];
	uint64_t now_ns;
};

static void looker_init(struct looker *l, size_t cnt)
{
	memset(l, 0, sizeof(*l));
	go_rate__init(&l->rate);
	l->look = (struct goroutines){.items = l->items, .cnt = cnt};
	l->now_ns = 7 * MS;
	for (size_t i = 0; i < cnt; i++)
		l->items[i] = (struct goroutine){.addr = 0xc000000000 + 0x200 * i, .goid = i + 1};
}

static void look(struct looker *l, uint64_t wait_ns, enum go_rate_distance distance)
{
	l->now_ns += wait_ns;
	for (size_t i = 0; i < l->look.cnt; i++)
		l->items[i].seq = (uint8_t)(l->now_ns * l->per_sec[i] / 1000000000);
	l->now_ns += 10 * US;
	assert_int_equal(
		go_rate__look(&l->rate, &l->look, l->now_ns - 10 * US, l->now_ns, distance), 0);
}

/* As os_go__rate() does it; @held_ns: it is held up for so long, now and then. */
static uint64_t rate_of(struct looker *l, uint64_t held_ns)
{
	uint64_t ret;

	for (int i = 0; i < 17; i++)
		look(l, i % 5 == 3 ? held_ns : 0, GO_RATE_NONE);
	for (int i = 0; i < 8; i++)
		look(l, 100 * US + (i % 3 == 1 ? held_ns : 0), GO_RATE_NAP);
	for (int i = 0; i < 8; i++)
		look(l, 1 * MS + (i % 3 == 0 ? held_ns : 0), GO_RATE_SHORT);
	look(l, 100 * MS, GO_RATE_LONG);
	ret = go_rate__waits_per_sec(&l->rate);
	go_rate__fini(&l->rate);
	return ret;
}

static void assert_near(uint64_t got, uint64_t want, uint64_t percent)
{
	assert_in_range(got + 10, want - want * percent / 100, want + want * percent / 100 + 20);
}

/* From one that hardly waits to one whose byte wraps while it is looked at twice. */
static void test_rates(void **state)
{
	static const uint64_t rates[] = {0, 10, 100, 1000, 5000, 30000, 200000, 1000000, 5000000};
	struct looker l;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		for (uint64_t held_ns = 0; held_ns <= 10 * MS; held_ns += 10 * MS) {
			looker_init(&l, 2);
			l.per_sec[1] = rates[i];
			assert_near(rate_of(&l, held_ns), rates[i], 30);
		}
	}
}

/* Several together, and some that weren't there before, or are others in the same place. */
static void test_rates_of_many(void **state)
{
	struct looker l;

	(void)state;
	looker_init(&l, 8);
	for (size_t i = 0; i < 8; i++)
		l.per_sec[i] = 1000;
	assert_near(rate_of(&l, 0), 8000, 10);
	looker_init(&l, 4);
	l.per_sec[2] = 900;
	look(&l, 0, GO_RATE_NONE);
	l.items[0].goid = 99;
	l.look.cnt = 5;
	l.items[4] = (struct goroutine){.addr = 0xc000009000, .goid = 7};
	look(&l, 100 * MS, GO_RATE_LONG);
	assert_near(go_rate__waits_per_sec(&l.rate), 900, 5);
	go_rate__fini(&l.rate);
	/* One look tells nothing. */
	looker_init(&l, 1);
	l.per_sec[0] = 900;
	look(&l, 0, GO_RATE_NONE);
	assert_int_equal(go_rate__waits_per_sec(&l.rate), 0);
	go_rate__fini(&l.rate);
}

/* All wait once, in the shortest time: that is no rate. */
static void test_rate_of_a_burst(void **state)
{
	struct looker l;
	uint64_t got;

	(void)state;
	looker_init(&l, 8);
	for (int i = 0; i < 17; i++)
		look(&l, 0, GO_RATE_NONE);
	for (size_t i = 0; i < 8; i++)
		l.items[i].seq++;
	assert_int_equal(
		go_rate__look(&l.rate, &l.look, l.now_ns, l.now_ns + 10 * US, GO_RATE_NONE), 0);
	for (int k = 0; k < 8; k++) {
		l.now_ns += 1 * MS;
		assert_int_equal(go_rate__look(&l.rate, &l.look, l.now_ns, l.now_ns + 10 * US,
					       GO_RATE_SHORT),
				 0);
	}
	l.now_ns += 100 * MS;
	assert_int_equal(
		go_rate__look(&l.rate, &l.look, l.now_ns, l.now_ns + 10 * US, GO_RATE_LONG), 0);
	got = go_rate__waits_per_sec(&l.rate);
	assert_int_equal(got, 0);
	go_rate__fini(&l.rate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	      cmocka_unit_test(test_rows_by_stack),
		cmocka_unit_test(test_stacks),	      cmocka_unit_test(test_rates),
		cmocka_unit_test(test_rates_of_many), cmocka_unit_test(test_rate_of_a_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
