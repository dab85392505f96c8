/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/hash.h"
#include "format/unwind_table.h"

#define LOOKUPS_PER_TABLE 700
#define RANDOM_TABLES	  100

/* A list of rows with @rule_cnt rules that can be told apart. */
static void init_rows(struct cfi_rows *rows, size_t rule_cnt)
{
	*rows = (struct cfi_rows){.rule_cnt = rule_cnt};
	rows->rules = calloc(rule_cnt, sizeof(*rows->rules));
	assert_non_null(rows->rules);
	for (size_t i = 1; i < rule_cnt; i++)
		rows->rules[i] = (struct unwind_rule){.cfa = UNWIND_CFA_REG, .off = (int32_t)i};
}

static void add_row(struct cfi_rows *rows, uint64_t off, size_t rule)
{
	void *data = rows->rows;

	assert_true(rule < rows->rule_cnt);
	assert_int_equal(
		array__grow(&data, &rows->cap, rows->cnt + 1, sizeof(struct cfi_row), SIZE_MAX), 0);
	rows->rows = data;
	rows->rows[rows->cnt++] = (struct cfi_row){.off = off, .rule = rule};
}

/* The table of @rows, in a block of memory without a spare byte; owned by the caller. */
static void *build(const struct cfi_rows *rows, size_t *ret_bytes)
{
	int block_cnt = unwind_table__block_cnt(rows);
	size_t bytes;
	void *table;

	assert_true(block_cnt > 0);
	bytes = (size_t)block_cnt * UNWIND_BLOCK_BYTES;
	table = malloc(bytes);
	assert_non_null(table);
	memset(table, 0x55, bytes);
	assert_int_equal(unwind_table__build(rows, table, bytes), 0);
	*ret_bytes = bytes;
	return table;
}

/* What a search through the rows from the beginning finds. */
static uint64_t naive_rule(const struct cfi_rows *rows, uint64_t off)
{
	uint64_t rule = 0;

	for (size_t i = 0; i < rows->cnt && rows->rows[i].off <= off; i++)
		rule = rows->rows[i].rule;
	return rule;
}

static void assert_lookup(const struct cfi_rows *rows, const void *table, size_t bytes,
			  uint64_t off)
{
	uint64_t expect = naive_rule(rows, off);
	struct unwind_rule rule;
	bool found = unwind_table__find(table, bytes, off, &rule);

	assert_int_equal(found, expect != 0);
	if (found)
		assert_memory_equal(&rule, &rows->rules[expect], sizeof(rule));
}

/* What the walk in the kernel relies on: see bpf/unwind_table.h. */
static void assert_layout(const struct cfi_rows *rows, const void *table, size_t bytes)
{
	const struct unwind_header *h = table;
	const struct unwind_page *pages = (const void *)(h + 1);
	const uint32_t *words = table;
	uint64_t rule = 0, end;
	size_t n = 0;

	assert_int_equal(h->block_cnt * UNWIND_BLOCK_BYTES, bytes);
	assert_int_equal(h->row_cnt, rows->cnt);
	assert_int_equal(h->rule_cnt, rows->rule_cnt);
	assert_int_equal(h->rule_off % sizeof(struct unwind_rule), 0);
	assert_int_equal(h->flags, 0);
	assert_int_equal(h->_pad, 0);
	end = h->rule_off + (uint64_t)h->rule_cnt * sizeof(struct unwind_rule);
	assert_memory_equal((const char *)table + h->rule_off, rows->rules, end - h->rule_off);
	for (size_t i = 0; i < h->page_cnt; i++) {
		uint64_t start = ((uint64_t)h->first_page + i) << UNWIND_PAGE_SHIFT;
		uint64_t first = (uint64_t)pages[i].row * 4,
			 last = first + pages[i].row_cnt * 4 - 1;

		if (n < rows->cnt && rows->rows[n].off == start)
			rule = rows->rows[n++].rule;
		assert_int_equal(pages[i].rule, rule);
		assert_true(pages[i].row_cnt <= UNWIND_PAGE_BYTES);
		assert_true(first >= end);
		if (pages[i].row_cnt) {
			assert_int_equal(first / UNWIND_BLOCK_BYTES, last / UNWIND_BLOCK_BYTES);
			end = last + 1;
		}
		for (uint32_t k = 0; k < pages[i].row_cnt; k++) {
			uint32_t row = words[pages[i].row + k];

			assert_int_equal(start + UNWIND_ROW_OFF(row), rows->rows[n].off);
			rule = rows->rows[n++].rule;
			assert_int_equal(UNWIND_ROW_RULE(row), rule);
		}
	}
	assert_int_equal(n, rows->cnt);
	assert_true(end <= bytes);
	assert_true(bytes - end < UNWIND_BLOCK_BYTES);
}

static void test_small_table(void **state)
{
	_cleanup_cfi_rows_ struct cfi_rows rows;
	_cleanup_free_ void *table = NULL;
	size_t bytes;

	(void)state;
	init_rows(&rows, 3);
	add_row(&rows, 0x1010, 1);
	add_row(&rows, 0x1400, 2);
	add_row(&rows, 0x1c20, 0);
	table = build(&rows, &bytes);
	assert_int_equal(bytes, UNWIND_BLOCK_BYTES);
	assert_layout(&rows, table, bytes);
	for (uint64_t off = 0; off < 0x3000; off++)
		assert_lookup(&rows, table, bytes, off);
	assert_lookup(&rows, table, bytes, UINT64_MAX);
	/* The page of row 0x1010 in units that would wrap. */
	assert_lookup(&rows, table, bytes, 0x1010 + (1ull << 42));
}

static void test_errors(void **state)
{
	_cleanup_cfi_rows_ struct cfi_rows rows;
	char block[UNWIND_BLOCK_BYTES], untouched[UNWIND_BLOCK_BYTES];
	struct unwind_rule rule;

	(void)state;
	init_rows(&rows, 2);
	assert_int_equal(unwind_table__block_cnt(&rows), -ENODATA);
	assert_int_equal(unwind_table__build(&rows, block, sizeof(block)), -ENODATA);
	add_row(&rows, 0x1000, 1);
	add_row(&rows, 0x1010, 0);
	memset(block, 0x55, sizeof(block));
	memcpy(untouched, block, sizeof(block));
	assert_int_equal(unwind_table__build(&rows, block, sizeof(block) - 1), -EINVAL);
	assert_memory_equal(block, untouched, sizeof(block));
	/* Pages over more code than a table can hold, or further away than it can say. */
	add_row(&rows, 1ull << 46, 1);
	assert_int_equal(unwind_table__block_cnt(&rows), -E2BIG);
	rows.cnt = 0;
	add_row(&rows, 0x1000, 1);
	add_row(&rows,
		0x1000 +
			((uint64_t)UNWIND_MAX_BLOCKS * UNWIND_BLOCK_BYTES / 8 << UNWIND_PAGE_SHIFT),
		0);
	assert_int_equal(unwind_table__block_cnt(&rows), -E2BIG);
	/* One page less: pages would fit, header and rules don't. */
	rows.rows[1].off -= UNWIND_PAGE_BYTES;
	assert_int_equal(unwind_table__block_cnt(&rows), -E2BIG);
	rows.rows[1].off -= 64 * UNWIND_PAGE_BYTES;
	assert_int_equal(unwind_table__block_cnt(&rows), UNWIND_MAX_BLOCKS);
	rows.cnt = 0;
	add_row(&rows, 1ull << 42, 1);
	add_row(&rows, (1ull << 42) + 1, 0);
	assert_int_equal(unwind_table__block_cnt(&rows), -E2BIG);
	assert_false(unwind_table__find(NULL, 0, 0, &rule));
}

/* Pages with a row for each byte: a block each. */
static void test_dense_pages(void **state)
{
	_cleanup_cfi_rows_ struct cfi_rows rows;
	_cleanup_free_ void *table = NULL;
	size_t bytes;

	(void)state;
	init_rows(&rows, 8);
	for (uint64_t i = 0; i < 5 * UNWIND_PAGE_BYTES; i++)
		add_row(&rows, 0x10000 + 7 + i, i % 7 + 1);
	add_row(&rows, 0x10000 + 7 + 5 * UNWIND_PAGE_BYTES, 0);
	table = build(&rows, &bytes);
	assert_layout(&rows, table, bytes);
	for (uint64_t off = 0xfff0; off < 0x11800; off += 3)
		assert_lookup(&rows, table, bytes, off);
}

/* Pages whose rows end exactly where a block ends, one before and one behind it. */
static void test_block_borders(void **state)
{
	size_t bytes, head = sizeof(struct unwind_header) + 3 * sizeof(struct unwind_page);
	size_t left;

	(void)state;
	head = (head + 15) / 16 * 16 + 8 * sizeof(struct unwind_rule);
	left = (UNWIND_BLOCK_BYTES - head) / 4;
	/* Two pages fill the first block up to @short_by rows; the third has two rows. */
	for (size_t short_by = 0; short_by <= 4; short_by++) {
		_cleanup_cfi_rows_ struct cfi_rows rows;
		_cleanup_free_ void *table = NULL;
		const struct unwind_page *page;

		init_rows(&rows, 8);
		for (size_t i = 0; i < left - short_by; i++)
			add_row(&rows, (i < 300 ? 0x1001 : 0x1401 - 300) + i, i % 7 + 1);
		add_row(&rows, 0x1801, 7);
		add_row(&rows, 0x1802, 0);
		table = build(&rows, &bytes);
		assert_layout(&rows, table, bytes);
		assert_int_equal(bytes, (short_by < 2 ? 2 : 1) * UNWIND_BLOCK_BYTES);
		page = (const struct unwind_page *)((const struct unwind_header *)table + 1) + 2;
		assert_int_equal(page->row * 4 / UNWIND_BLOCK_BYTES, short_by < 2);
		for (uint64_t off = 0xff0; off < 0x1810; off++)
			assert_lookup(&rows, table, bytes, off);
	}
}

static void test_big_gaps(void **state)
{
	_cleanup_cfi_rows_ struct cfi_rows rows;
	_cleanup_free_ void *table = NULL;
	size_t bytes;

	(void)state;
	init_rows(&rows, 3);
	add_row(&rows, 3, 1);
	add_row(&rows, 0x200, 0);
	add_row(&rows, 0x4000007, 2); /* 64 MiB further */
	add_row(&rows, 0x8000000, 0);
	table = build(&rows, &bytes);
	assert_layout(&rows, table, bytes);
	for (uint64_t off = 0; off < 0x9000000; off += 511)
		assert_lookup(&rows, table, bytes, off);
}

static uint64_t next_random(uint64_t *seed)
{
	return hash_u64(++*seed);
}

/* Rows that are near each other, or far, or one per byte. */
static void add_random_rows(struct cfi_rows *rows, uint64_t *seed)
{
	size_t cnt = 1 + next_random(seed) % 5000, rule_cnt = rows->rule_cnt;
	uint64_t off = next_random(seed) % 100000, last = 0;
	uint64_t spread = 1ull << next_random(seed) % 12;

	for (size_t i = 0; i < cnt; i++) {
		uint64_t rule = next_random(seed) % rule_cnt;

		if (rule != last)
			add_row(rows, off, rule);
		last = rule;
		off += 1 + next_random(seed) % spread;
	}
	if (last)
		add_row(rows, off, 0);
}

static void test_random_tables(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < RANDOM_TABLES; i++) {
		_cleanup_cfi_rows_ struct cfi_rows rows;
		_cleanup_free_ void *table = NULL;
		uint64_t first, past;
		size_t bytes;

		init_rows(&rows, 2 + next_random(&seed) % 300);
		add_random_rows(&rows, &seed);
		if (!rows.cnt)
			continue;
		table = build(&rows, &bytes);
		assert_layout(&rows, table, bytes);
		first = rows.rows[0].off;
		past = rows.rows[rows.cnt - 1].off - first + 3000;
		for (int k = 0; k < LOOKUPS_PER_TABLE; k++) {
			const struct cfi_row *r = &rows.rows[next_random(&seed) % rows.cnt];

			/* Anywhere, and where rows begin and end. */
			assert_lookup(&rows, table, bytes,
				      first - first % 2000 + next_random(&seed) % past);
			assert_lookup(&rows, table, bytes, r->off);
			assert_lookup(&rows, table, bytes, r->off - 1);
		}
	}
}

/* Whatever the memory held before, the table is the same: each byte is written. */
static void test_every_byte_is_written(void **state)
{
	_cleanup_cfi_rows_ struct cfi_rows rows;
	_cleanup_free_ char *one = NULL, *other = NULL;
	size_t bytes;

	(void)state;
	init_rows(&rows, 5);
	/* Padding before the rules, between blocks and at the end. */
	for (uint64_t i = 0; i < 4 * UNWIND_PAGE_BYTES; i++)
		if (i % UNWIND_PAGE_BYTES < 700)
			add_row(&rows, 0x1001 + i, i % 4 + 1);
	add_row(&rows, 0x3000, 0);
	one = build(&rows, &bytes);
	other = malloc(bytes + 1);
	assert_non_null(other);
	memset(other, 0xaa, bytes + 1);
	assert_int_equal(unwind_table__build(&rows, other, bytes + 1), 0);
	assert_memory_equal(one, other, bytes);
	/* And not one behind the last block. */
	assert_int_equal((uint8_t)other[bytes], 0xaa);
}

/* A table of wild numbers, searched all over: reads outside of it would end the test. */
static void search_wildly(const void *table, size_t bytes, uint64_t *seed)
{
	struct unwind_rule rule;

	for (int i = 0; i < 50; i++) {
		unwind_table__find(table, bytes, next_random(seed) % 0x4000, &rule);
		unwind_table__find(table, bytes, next_random(seed) >> next_random(seed) % 64,
				   &rule);
	}
}

static void test_damaged_tables(void **state)
{
	_cleanup_cfi_rows_ struct cfi_rows rows;
	_cleanup_free_ uint8_t *table = NULL;
	struct unwind_rule rule;
	uint64_t seed = 2;
	size_t bytes;

	(void)state;
	init_rows(&rows, 4);
	for (uint64_t off = 0x1010; off < 0x3000; off += 20)
		add_row(&rows, off, off / 20 % 3 + 1);
	table = build(&rows, &bytes);
	for (size_t i = 0; i < bytes / 2; i++) {
		uint8_t was = table[i];

		table[i] = (uint8_t)next_random(&seed);
		search_wildly(table, bytes, &seed);
		table[i] = was;
	}
	/* A number that no rule has; what lies there are rows. */
	((struct unwind_page *)(table + sizeof(struct unwind_header)))[1].row_cnt = 0;
	((struct unwind_page *)(table + sizeof(struct unwind_header)))[1].rule = 4;
	assert_false(unwind_table__find(table, bytes, 0x1400, &rule));
	/* Cut, at each place. */
	for (size_t len = 0; len < bytes; len += 7) {
		_cleanup_free_ void *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, table, len);
		search_wildly(cut, len, &seed);
	}
	/* Noise with a header that claims everything. */
	for (size_t i = sizeof(struct unwind_header); i < bytes; i++)
		table[i] = (uint8_t)next_random(&seed);
	memset(table, 0xff, sizeof(struct unwind_header));
	((struct unwind_header *)table)->first_page = 0;
	for (int i = 0; i < 100; i++)
		search_wildly(table, bytes, &seed);
}

/* 65536 rules: the last number is found too. */
static void test_many_rules(void **state)
{
	_cleanup_cfi_rows_ struct cfi_rows rows;
	_cleanup_free_ void *table = NULL;
	size_t bytes;

	(void)state;
	init_rows(&rows, UNWIND_MAX_RULES);
	for (size_t i = 1; i < UNWIND_MAX_RULES; i++)
		add_row(&rows, 0x1000 + i * 4, i);
	add_row(&rows, 0x1000 + UNWIND_MAX_RULES * 4, 0);
	table = build(&rows, &bytes);
	assert_layout(&rows, table, bytes);
	for (uint64_t i = 0; i <= UNWIND_MAX_RULES; i += 1023)
		assert_lookup(&rows, table, bytes, 0x1000 + i * 4 + 1);
	assert_lookup(&rows, table, bytes, 0x1000 + (UNWIND_MAX_RULES - 1) * 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_table),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_dense_pages),
		cmocka_unit_test(test_block_borders),
		cmocka_unit_test(test_big_gaps),
		cmocka_unit_test(test_random_tables),
		cmocka_unit_test(test_every_byte_is_written),
		cmocka_unit_test(test_damaged_tables),
		cmocka_unit_test(test_many_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
