/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Pools of blocks and the tables in them, in real maps of the kernel; their bytes are read back through the maps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/compiler.h"
#include "fixtures/bpf_maps.h"
#include "fixtures/mkcfi.h"
#include "format/dwarf.h"
#include "format/unwind_table.h"
#include "source/bpf_pools.h"
#include "source/bpf_tables.h"

#define BLOCK UNWIND_BLOCK_BYTES
/* Maps of the usual size hold this many; see bpf_pools.c. */
#define POOL 256

static struct bpf_maps maps;

/* ---- what the kernel side sees ---- */

/* Block @nr of inner map @pool; false: there is no such map or block. */
static bool read_block(uint32_t pool, uint32_t nr, void *ret)
{
	int fd = bpf_maps_inner(maps.pools, pool), err;

	if (fd < 0)
		return false;
	err = bpf_map_lookup_elem(fd, &nr, ret);
	close(fd);
	return !err;
}

static bool pool_exists(uint32_t pool)
{
	static char block[BLOCK];

	return read_block(pool, 0, block);
}

/* ---- pools ---- */

static struct pools pools;

static int pools_setup(void **state _unused_)
{
	return pools__init(&pools, maps.pools, 3 * POOL);
}

static int pools_teardown(void **state _unused_)
{
	for (uint32_t i = 0; i < UNWIND_MAX_POOLS; i++)
		bpf_map_delete_elem(maps.pools, &i);
	pools__fini(&pools);
	return 0;
}

static struct pool_run alloc(uint32_t cnt)
{
	struct pool_run run = {9999, 9999, 9999};

	assert_int_equal(pools__alloc(&pools, cnt, &run), 0);
	assert_int_equal(run.cnt, cnt);
	return run;
}

static void assert_run(const struct pool_run *run, uint32_t pool, uint32_t first)
{
	assert_int_equal(run->pool, pool);
	assert_int_equal(run->first, first);
}

/* What is written to a run's memory is in the map, at its place. */
static void check_bytes(const struct pool_run *run)
{
	static char block[BLOCK];

	for (uint32_t i = 0; i < run->cnt; i++)
		memset((char *)pools__memory(&pools, run) + (size_t)i * BLOCK, (int)(i + 1), BLOCK);
	for (uint32_t i = 0; i < run->cnt; i++) {
		assert_true(read_block(run->pool, run->first + i, block));
		assert_int_equal(block[0], (char)(i + 1));
		assert_int_equal(block[BLOCK - 1], (char)(i + 1));
	}
}

static void test_runs_lie_side_by_side_until_a_map_is_full(void **state _unused_)
{
	struct pool_run a = alloc(3), b = alloc(POOL - 4), c = alloc(1), d = alloc(1);

	assert_run(&a, 0, 0);
	assert_run(&b, 0, 3);
	assert_run(&c, 0, POOL - 1);
	assert_run(&d, 1, 0);
	check_bytes(&a);
	check_bytes(&c);
	check_bytes(&d);
	assert_int_equal(pools.used_blocks, POOL + 1);
	assert_int_equal(pools.made_blocks, 2 * POOL);
}

static void test_what_is_freed_is_used_again(void **state _unused_)
{
	struct pool_run a = alloc(5), b = alloc(4), c = alloc(5), again;

	pools__free(&pools, &b);
	again = alloc(5); /* does not fit into the gap */
	assert_run(&again, 0, 14);
	again = alloc(3);
	assert_run(&again, 0, 5);
	again = alloc(1);
	assert_run(&again, 0, 8);
	pools__free(&pools, &a);
	again = alloc(5);
	assert_run(&again, 0, 0);
	assert_run(&c, 0, 9);
}

static void test_an_empty_map_is_given_back(void **state _unused_)
{
	struct pool_run a = alloc(2), b = alloc(2);

	pools__free(&pools, &a);
	assert_true(pool_exists(0));
	pools__free(&pools, &b);
	assert_false(pool_exists(0));
	assert_int_equal(pools.used_blocks, 0);
	assert_int_equal(pools.made_blocks, 0);
	a = alloc(2);
	assert_run(&a, 0, 0);
	check_bytes(&a);
}

static void test_a_large_table_has_a_map_of_its_own(void **state _unused_)
{
	struct pool_run small = alloc(1), large = alloc(POOL + 1), other = alloc(1);

	assert_run(&large, 1, 0);
	assert_run(&other, 0, 1);
	assert_int_equal(pools.made_blocks, POOL + POOL + 1);
	check_bytes(&large);
	pools__free(&pools, &large);
	assert_false(pool_exists(1));
	assert_int_equal(pools.made_blocks, POOL);
	assert_run(&small, 0, 0);
}

static void test_no_more_than_the_limit_is_in_use(void **state _unused_)
{
	struct pool_run a = alloc(POOL), b = alloc(2 * POOL - 1), c = {4711, 4711, 4711};

	assert_int_equal(pools__alloc(&pools, 2, &c), -ENOSPC);
	assert_int_equal(pools__alloc(&pools, UINT32_MAX, &c), -ENOSPC);
	assert_int_equal(pools__alloc(&pools, 0, &c), -ENOSPC);
	assert_run(&c, 4711, 4711);
	assert_int_equal(pools.used_blocks, 3 * POOL - 1);
	c = alloc(1);
	assert_int_equal(pools__alloc(&pools, 1, &c), -ENOSPC);
	pools__free(&pools, &a);
	alloc(POOL);
	(void)b;
}

static void test_there_are_only_so_many_maps(void **state _unused_)
{
	size_t cnt = pools.cnt;
	struct pool_run a, b;

	pools.cnt = 2;
	a = alloc(POOL);
	b = alloc(POOL - 1);
	assert_int_equal(pools__alloc(&pools, 2, &b), -ENOSPC);
	b = alloc(1);
	assert_run(&b, 1, POOL - 1);
	pools__free(&pools, &a);
	a = alloc(2);
	assert_run(&a, 0, 0);
	pools.cnt = cnt;
}

/* ---- tables ---- */

static struct tables *tables;

/* Two blocks stand for modules without a table, so there is room for @cnt. */
static void tables_open(uint32_t cnt)
{
	tables = tables__new(maps.pools, maps.modules, (2 + cnt) * (uint64_t)BLOCK);
	assert_non_null(tables);
}

static int tables_teardown(void **state _unused_)
{
	struct unwind_module none = {0};

	tables__free(tables);
	tables = NULL;
	for (uint32_t i = 0; i < UNWIND_MAX_POOLS; i++)
		bpf_map_delete_elem(maps.pools, &i);
	for (uint32_t i = 0; i < 64; i++)
		bpf_map_update_elem(maps.modules, &i, &none, BPF_ANY);
	return 0;
}

static int file_of(const struct buf *file)
{
	int fd = memfd_create("module", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->data, file->len), file->len);
	return fd;
}

/* A module whose CFA is rsp + @off all over, with a build id of @id. Its fd is the caller's. */
static struct module make_module(uint8_t off, uint8_t id)
{
	struct module m = {.kind = WIRE_MODULE_ELF, .build_id_len = 20, .inode = 100u + off};
	_cleanup_buf_ struct buf file;
	struct mkcfi eh;

	memset(m.build_id, id, sizeof(m.build_id));
	mkcfi__init(&eh, false);
	mkcfi__usual(&eh, (const uint8_t[]){DW_CFA_def_cfa_offset, off}, 2);
	mkcfi_write(&eh, NULL, &file);
	mkcfi__fini(&eh);
	m.fd = file_of(&file);
	return m;
}

static struct module make_module_without_cfi(uint8_t id)
{
	struct module m = {.kind = WIRE_MODULE_ELF, .build_id_len = 20};
	_cleanup_buf_ struct buf file;

	memset(m.build_id, id, sizeof(m.build_id));
	mkcfi_write(NULL, NULL, &file);
	m.fd = file_of(&file);
	return m;
}

/* A table by its number, through the maps alone: its first block. False: it is not there. */
static bool read_table(uint32_t number, struct unwind_module *ret_module, char ret_block[BLOCK])
{
	assert_int_equal(bpf_map_lookup_elem(maps.modules, &number, ret_module), 0);
	return ret_module->block_cnt && read_block(ret_module->pool, ret_module->first, ret_block);
}

/* Table @number says rsp + @off. */
static void assert_table(uint32_t number, int off)
{
	static char block[BLOCK];
	struct unwind_module m;
	struct unwind_rule rule;

	assert_true(read_table(number, &m, block));
	assert_int_equal(m.block_cnt, 1);
	assert_int_equal(((struct unwind_header *)block)->flags, 0);
	assert_true(unwind_table__find(block, BLOCK, MKCFI_CODE_OFF + 0x20, &rule));
	assert_int_equal(rule.cfa, UNWIND_CFA_REG);
	assert_int_equal(rule.off, off);
	/* The walk from outside sees the same. */
	assert_memory_equal(tables__block(tables, number, 0), block, BLOCK);
	assert_null(tables__block(tables, number, 1));
}

/* Table @number has no rows, and these flags. */
static void assert_empty_table(uint32_t number, uint32_t flags)
{
	static char block[BLOCK];
	struct unwind_module m;

	assert_true(read_table(number, &m, block));
	assert_int_equal(((struct unwind_header *)block)->flags, flags);
	assert_int_equal(((struct unwind_header *)block)->page_cnt, 0);
}

static void assert_no_table(uint32_t number)
{
	static char block[BLOCK];
	struct unwind_module m;

	assert_false(read_table(number, &m, block));
	assert_null(tables__block(tables, number, 0));
}

/* Gets a table and waits for it. */
static uint32_t get(const struct module *m)
{
	uint32_t number = tables__get(tables, m);

	assert_true(tables__wait(tables, 10000));
	return number;
}

static void test_a_table_is_made_and_published(void **state _unused_)
{
	struct module m = make_module(32, 1);
	uint32_t number;

	tables_open(4);
	number = get(&m);
	assert_int_equal(number, 1);
	assert_table(number, 32);
	assert_int_equal(tables__usage(tables).table_cnt, 1);
	assert_int_equal(tables__usage(tables).used_bytes, 3 * BLOCK);
	assert_int_equal(tables__usage(tables).pool_bytes, POOL * BLOCK);
	assert_null(tables__block(tables, 0, 0));
	assert_null(tables__block(tables, 2, 0));
	assert_null(tables__block(tables, UNWIND_MAX_MODULES + 1, 0));
	assert_null(tables__block(tables, UINT32_MAX, 0));
	close(m.fd);
}

/* Containers: the same library from two images. */
static void test_one_build_id_is_one_table(void **state _unused_)
{
	struct module a = make_module(32, 1), copy = make_module(32, 1), b = make_module(48, 2);

	copy.inode = 9; /* another file */
	copy.dev = 8;
	tables_open(4);
	assert_int_equal(get(&a), 1);
	assert_int_equal(get(&copy), 1);
	assert_int_equal(get(&b), 2);
	assert_table(1, 32);
	assert_table(2, 48);
	assert_int_equal(tables__usage(tables).table_cnt, 2);
	close(a.fd);
	close(b.fd);
	close(copy.fd);
}

/* A stripped copy has the same build id, but its code may lie elsewhere in the file. */
static void test_another_size_is_another_table(void **state _unused_)
{
	struct module a = make_module(32, 1), copy = make_module(48, 1);

	assert_int_equal(ftruncate(copy.fd, 0x20000), 0);
	tables_open(4);
	assert_int_equal(get(&a), 1);
	assert_int_equal(get(&copy), 2);
	assert_table(1, 32);
	assert_table(2, 48);
	close(a.fd);
	close(copy.fd);
}

static void test_without_build_ids_it_is_the_file(void **state _unused_)
{
	struct module a = make_module(32, 1), b = make_module(48, 1);

	a.build_id_len = b.build_id_len = 0;
	tables_open(4);
	assert_int_equal(get(&a), 1);
	assert_int_equal(get(&b), 2);
	assert_int_equal(get(&a), 1);
	b.dev = 5;
	assert_int_equal(get(&b), 3);
	close(a.fd);
	close(b.fd);
}

static void test_what_is_no_file_has_no_table(void **state _unused_)
{
	struct module anon = {.kind = WIRE_MODULE_ANON, .fd = -1},
		      kernel = {.kind = WIRE_MODULE_KERNEL, .fd = -1};

	tables_open(4);
	assert_int_equal(tables__get(tables, &anon), 0);
	assert_int_equal(tables__get(tables, &kernel), 0);
	tables__put(tables, 0);
	assert_int_equal(tables__usage(tables).table_cnt, 0);
}

static void test_without_cfi_the_table_says_so(void **state _unused_)
{
	struct module m = make_module_without_cfi(1), gone = make_module(8, 2);
	int fd = gone.fd;

	gone.fd = -1; /* deleted before it was opened */
	tables_open(4);
	assert_int_equal(get(&m), 1);
	assert_empty_table(1, 0);
	assert_int_equal(get(&gone), 2);
	assert_empty_table(2, 0);
	assert_int_equal(tables__usage(tables).without_cnt, 2);
	assert_int_equal(tables__usage(tables).used_bytes, 2 * BLOCK);
	close(fd);
	close(m.fd);
}

static void test_a_file_that_is_no_program_has_no_table(void **state _unused_)
{
	_cleanup_buf_ struct buf text;
	struct module m = {.kind = WIRE_MODULE_ELF, .build_id_len = 20};

	buf__init(&text, 1 << 16);
	buf__puts(&text, "#!/bin/sh\n");
	m.fd = file_of(&text);
	tables_open(4);
	assert_int_equal(get(&m), 1);
	assert_empty_table(1, 0);
	close(m.fd);
}

static void test_the_vdso_has_a_table(void **state _unused_)
{
	struct module m = {.kind = WIRE_MODULE_VDSO, .fd = -1};
	struct unwind_module at;
	static char block[BLOCK];

	tables_open(16);
	assert_int_equal(get(&m), 1);
	assert_true(read_table(1, &at, block));
	assert_true(((struct unwind_header *)block)->row_cnt > 0);
	assert_int_equal(get(&m), 1);
}

static void test_when_memory_is_used_up_tables_are_refused(void **state _unused_)
{
	struct module m[4];

	tables_open(2);
	for (uint8_t i = 0; i < 4; i++) {
		m[i] = make_module((uint8_t)(16 + 8 * i), i);
		assert_int_equal(get(&m[i]), i + 1);
	}
	assert_table(1, 16);
	assert_table(2, 24);
	assert_empty_table(3, UNWIND_TABLE_REFUSED);
	assert_empty_table(4, UNWIND_TABLE_REFUSED);
	assert_int_equal(tables__usage(tables).refused_cnt, 2);
	assert_int_equal(tables__usage(tables).used_bytes, 4 * BLOCK);
	for (int i = 0; i < 4; i++)
		close(m[i].fd);
}

/* The one that has gone unused the longest goes first; who is in use, or was again, stays. */
static void test_unused_tables_give_way(void **state _unused_)
{
	struct module m[6];

	tables_open(3);
	for (uint8_t i = 0; i < 6; i++)
		m[i] = make_module((uint8_t)(16 + 8 * i), i);
	for (int i = 0; i < 3; i++)
		assert_int_equal(get(&m[i]), i + 1);
	tables__put(tables, 1);
	tables__put(tables, 2);
	assert_table(2, 24); /* nobody wants the memory yet */
	assert_int_equal(get(&m[0]), 1);
	tables__put(tables, 1); /* now 2 has gone longer */
	assert_int_equal(get(&m[3]), 4);
	assert_no_table(2);
	assert_table(1, 16);
	assert_table(4, 40);
	/* A number that is free again is given out. */
	assert_int_equal(get(&m[4]), 2);
	assert_no_table(1);
	assert_table(2, 48);
	/* All that is left is in use. */
	assert_int_equal(get(&m[5]), 1);
	assert_empty_table(1, UNWIND_TABLE_REFUSED);
	assert_int_equal(tables__usage(tables).table_cnt, 3);
	assert_table(3, 32);
	for (int i = 0; i < 6; i++)
		close(m[i].fd);
}

static void test_a_reference_each_keeps_a_table(void **state _unused_)
{
	struct module a = make_module(16, 1), b = make_module(24, 2);

	tables_open(1);
	assert_int_equal(get(&a), 1);
	assert_int_equal(get(&a), 1);
	tables__put(tables, 1);
	assert_int_equal(get(&b), 2);
	assert_table(1, 16);
	assert_empty_table(2, UNWIND_TABLE_REFUSED);
	close(a.fd);
	close(b.fd);
}

static void test_waiting_has_an_end(void **state _unused_)
{
	struct module m[32];

	tables_open(64);
	assert_true(tables__wait(tables, 0));
	for (uint8_t i = 0; i < 32; i++) {
		m[i] = make_module((uint8_t)(8 + 8 * (i % 8)), i);
		assert_int_equal(tables__get(tables, &m[i]), i + 1);
	}
	tables__wait(tables, 0); /* returns at once, done or not */
	assert_true(tables__wait(tables, 20000));
	for (uint8_t i = 0; i < 32; i++) {
		assert_table(i + 1u, 8 + 8 * (i % 8));
		close(m[i].fd);
	}
}

/* Files are closed, whether their tables were made or not; ASan looks for the memory. */
static void test_ending_amid_the_work_leaks_nothing(void **state _unused_)
{
	int before = dup(0), after;

	close(before);
	for (int round = 0; round < 20; round++) {
		struct module m[8];

		tables_open(64);
		for (uint8_t i = 0; i < 8; i++) {
			m[i] = make_module(16, i);
			tables__get(tables, &m[i]);
			close(m[i].fd);
		}
		tables_teardown(NULL);
	}
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

/* For who walks from outside only the kernel need not have them. */
static void test_tables_without_maps(void **state _unused_)
{
	struct module m = make_module(24, 3);
	struct unwind_rule rule;
	uint32_t number;

	tables = tables__new(-1, -1, 64 * BLOCK);
	assert_non_null(tables);
	number = tables__get(tables, &m);
	assert_true(tables__wait(tables, 10000));
	assert_true(number);
	assert_non_null(tables__block(tables, number, 0));
	assert_true(unwind_table__find(tables__block(tables, number, 0), BLOCK,
				       MKCFI_CODE_OFF + 0x20, &rule));
	assert_int_equal(rule.off, 24);
	tables__put(tables, number);
	close(m.fd);
}

static void test_too_little_memory_is_an_error(void **state _unused_)
{
	errno = 0;
	assert_null(tables__new(maps.pools, maps.modules, BLOCK));
	assert_int_equal(errno, ENOSPC);
	errno = 0;
	assert_null(tables__new(maps.pools, INT_MAX, 64 * BLOCK));
	assert_int_equal(errno, EBADF);
	tables__free(NULL);
}

#define POOLS_TEST(f)  cmocka_unit_test_setup_teardown(f, pools_setup, pools_teardown)
#define TABLES_TEST(f) cmocka_unit_test_teardown(f, tables_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		POOLS_TEST(test_runs_lie_side_by_side_until_a_map_is_full),
		POOLS_TEST(test_what_is_freed_is_used_again),
		POOLS_TEST(test_an_empty_map_is_given_back),
		POOLS_TEST(test_a_large_table_has_a_map_of_its_own),
		POOLS_TEST(test_no_more_than_the_limit_is_in_use),
		POOLS_TEST(test_there_are_only_so_many_maps),
		TABLES_TEST(test_a_table_is_made_and_published),
		TABLES_TEST(test_one_build_id_is_one_table),
		TABLES_TEST(test_another_size_is_another_table),
		TABLES_TEST(test_without_build_ids_it_is_the_file),
		TABLES_TEST(test_what_is_no_file_has_no_table),
		TABLES_TEST(test_without_cfi_the_table_says_so),
		TABLES_TEST(test_a_file_that_is_no_program_has_no_table),
		TABLES_TEST(test_the_vdso_has_a_table),
		TABLES_TEST(test_when_memory_is_used_up_tables_are_refused),
		TABLES_TEST(test_unused_tables_give_way),
		TABLES_TEST(test_a_reference_each_keeps_a_table),
		TABLES_TEST(test_waiting_has_an_end),
		TABLES_TEST(test_ending_amid_the_work_leaks_nothing),
		TABLES_TEST(test_tables_without_maps),
		TABLES_TEST(test_too_little_memory_is_an_error),
	};
	int failed;

	bpf_maps__init_or_skip(&maps);
	failed = cmocka_run_group_tests_name("tables", tests, NULL, NULL);
	bpf_maps__fini(&maps);
	return failed;
}
