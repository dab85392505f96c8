/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Goroutines added up: made-up ones, more kinds of them than rows are remembered for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/go_table.h"

#define MAX 4096

enum { CHAN = 2, SLEEP = 3 };

static struct go_runtime runtime;
static struct go_frames frames;
static struct goroutine items[MAX];
static struct goroutines all = {.items = items, .now_ns = 1000};
static const struct go_look look = {.runtime = &runtime, .all = &all, .frames = &frames};
static struct go_table table;

static int set_up(void **state)
{
	(void)state;
	runtime.reasons.cnt = 4;
	strcpy(runtime.reasons.texts[CHAN], "chan receive");
	strcpy(runtime.reasons.texts[SLEEP], "sleep");
	all.cnt = 0;
	go_table__init(&table);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	go_table__fini(&table);
	return 0;
}

static struct goroutine *add(uint64_t gopc, uint8_t wait_reason, uint32_t stack)
{
	struct goroutine *g = &items[all.cnt++];

	*g = (struct goroutine){.addr = 8 * all.cnt,
				.goid = all.cnt,
				.gopc = gopc,
				.startpc = 0x1000,
				.status = GO_WAITING,
				.wait_reason = wait_reason,
				.stack = stack,
				.since_ns = 900};
	return g;
}

static void fill(bool by_stack, size_t row_cnt)
{
	assert_int_equal(go_table__fill(&table, &look, true, by_stack), 0);
	assert_int_equal(table.cnt, row_cnt);
	assert_int_equal(table.shown_cnt, all.cnt);
}

/* Each member of the key makes a row of its own, and comes back to it. */
static void test_kinds(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		add(0x10, CHAN, GO_STACK_NONE);
		add(0x10, SLEEP, GO_STACK_NONE);
		add(0x20, CHAN, GO_STACK_NONE);
		add(0x10, CHAN, GO_STACK_NONE)->startpc = 0x2000;
		add(0x10, CHAN, GO_STACK_NONE)->status = GO_LEAKED;
	}
	items[5].since_ns = 100; /* the second of the first kind */
	fill(false, 5);
	for (size_t i = 0; i < table.cnt; i++) {
		const struct go_row *r = &table.rows[i];
		bool first = r->gopc == 0x10 && r->startpc == 0x1000 && r->status == GO_WAITING &&
			     !strcmp(r->wait_reason, "chan receive");

		assert_int_equal(r->cnt, 3);
		assert_int_equal(r->oldest_ns, first ? 900 : 100);
	}
}

static void test_stacks(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		add(0x10, CHAN, i % 2);
	fill(true, 2);
	assert_int_equal(table.rows[0].cnt, 2);
	/* Rows of another fill are forgotten. */
	fill(false, 1);
	assert_int_equal(table.rows[0].cnt, 4);
	assert_int_equal(table.rows[0].stack, GO_STACK_NONE);
	fill(true, 2);
}

static void test_more_than_is_remembered(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < MAX; i++)
		add(0x10 + i % 1024, CHAN, GO_STACK_NONE);
	fill(false, 1024);
	for (size_t i = 0; i < table.cnt; i++)
		assert_int_equal(table.rows[i].cnt, MAX / 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stacks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_more_than_is_remembered, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
