/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where remembered walks are kept: found where they were put, and who makes way for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "fixtures/unwind_host.h"
#include "memo_table.h"

#define PLACES 16
#define STACK  0x1000

static struct memo_entry table[PLACES];
static uint64_t words[64];

static __always_inline struct memo_entry *memo_at(__u32 i)
{
	return &table[i % PLACES];
}

static __always_inline __u64 memo_look(const struct memo_entry *e, const struct memo_notes *n,
				       struct window *w, bool kernel)
{
	return memo_hash_slots(e, n, w, kernel);
}

static int setup(void **state _unused_)
{
	memset(table, 0, sizeof(table));
	memset(words, 0, sizeof(words));
	host_reset();
	host_add_memory(STACK, words, sizeof(words), false);
	return 0;
}

static int teardown(void **state _unused_)
{
	host_reset();
	return 0;
}

/* A walk that began as @hash says and read @value in its second word; it is put where it may be. */
static void put(uint64_t hash, uint64_t value, uint64_t id, uint32_t chance)
{
	struct memo_start start = {.key = 77, .base = STACK};
	uint32_t place = memo_place(hash, false, chance);
	struct memo_notes n;

	memo_begin(&n, STACK, 0);
	memo_part(&n);
	memo_note(&n, STACK + 8, value, false);
	if (place != MEMO_NOWHERE)
		memo_store(memo_at(place), &start, &n, 5 << MEMO_FREE_SHIFT, id);
}

/* What is known while the second word is @value; 0: nothing. */
static uint64_t get(uint64_t hash, uint64_t value)
{
	struct memo_start start = {.key = 77, .base = STACK};
	struct window w = {0};
	struct memo_notes n;
	uint64_t id = 0;
	uint32_t flags;

	words[1] = value;
	memo_begin(&n, STACK, 0);
	for (uint32_t way = 0; way < 2 && !id; way++)
		id = memo_ask(memo_way(hash, way), &start, &n, &w, false, &flags);
	if (id)
		assert_int_equal(flags >> MEMO_FREE_SHIFT, 5);
	return id;
}

static void test_two_that_begin_alike_are_both_found(void **state _unused_)
{
	for (uint64_t hash = 0; hash < (uint64_t)PLACES << 32; hash += 2ull << 32) {
		assert_int_equal(get(hash, 1), 0);
		put(hash, 1, 100, 1);
		put(hash, 2, 200, 1);
		assert_int_equal(get(hash, 1), 100);
		assert_int_equal(get(hash, 2), 200);
		assert_int_equal(get(hash, 3), 0);
	}
	/* What begins otherwise doesn't look there. */
	memset(&table[2], 0, 2 * sizeof(*table));
	assert_int_equal(get(2ull << 32, 1), 0);
	assert_int_equal(get(4ull << 32, 1), 100);
}

/* A third one takes a place now and then, so that what is no longer seen goes, and what is seen stays for long. */
static void test_a_third_has_a_chance(void **state _unused_)
{
	uint32_t taken[2] = {0};

	put(0, 1, 100, 1);
	put(0, 2, 200, 1);
	for (uint32_t chance = 0; chance < 1024; chance++) {
		uint32_t place = memo_place(0, false, chance);

		if (place == MEMO_NOWHERE)
			continue;
		assert_true(place < 2);
		taken[place]++;
	}
	assert_int_equal(taken[0], 8);
	assert_int_equal(taken[1], 8);
	put(0, 3, 300, 2);
	assert_int_equal(get(0, 3), 0);
	put(0, 3, 300, 1);
	assert_int_equal(get(0, 1), 100);
	assert_int_equal(get(0, 2), 0);
	assert_int_equal(get(0, 3), 300);
}

/* Where there is no other question left to ask, it must be somewhere. */
static void test_who_must_gets_a_place(void **state _unused_)
{
	put(0, 1, 100, 1);
	put(0, 2, 200, 1);
	for (uint32_t chance = 0; chance < 256; chance++)
		assert_int_equal(memo_place(0, true, chance), chance & 1);
	memset(&table[1], 0, sizeof(*table));
	for (uint32_t chance = 0; chance < 256; chance++)
		assert_int_equal(memo_place(0, true, chance), 1); /* the free one */
}

#define TABLE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(test_two_that_begin_alike_are_both_found),
		TABLE_TEST(test_a_third_has_a_chance),
		TABLE_TEST(test_who_must_gets_a_place),
	};

	return cmocka_run_group_tests_name("memo_table", tests, NULL, NULL);
}
