/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which process has which mappings, in real maps of the kernel; what the kernel side sees is read back through them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/compiler.h"
#include "fixtures/bpf_maps.h"
#include "source/bpf_sets.h"
#include "source/bpf_tables.h"
#include "unwind_table.h"

#define FULL_SETS (UNWIND_MAX_MAPPINGS / UNWIND_SET_MAX)

static struct bpf_maps maps;
static struct tables *tables;
static struct sets *sets;

static int setup(void **state _unused_)
{
	tables = tables__new(maps.pools, maps.modules, 64 * UNWIND_BLOCK_BYTES);
	sets = tables ? sets__new(maps.mappings, maps.sets, tables) : NULL;
	return sets ? 0 : -1;
}

static void forget_kernel_sets(int fd)
{
	struct wire_image key;

	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
}

static int teardown(void **state _unused_)
{
	sets__free(sets);
	tables__free(tables);
	forget_kernel_sets(maps.sets);
	return 0;
}

static struct wire_image image(uint32_t n)
{
	return (struct wire_image){.pid = n, .exec_id = 1, .start_ns = 1000 + n};
}

/* @cnt mappings that can be told from those of another @seed. */
static struct unwind_mapping *mappings(uint32_t seed, uint32_t cnt)
{
	static struct unwind_mapping m[UNWIND_SET_MAX + 1];

	assert_true(cnt <= ARRAY_SIZE(m));
	for (uint32_t i = 0; i < cnt; i++)
		m[i] = (struct unwind_mapping){.start = seed * 0x100000000ull + i * 0x2000,
					       .end = seed * 0x100000000ull + i * 0x2000 + 0x1000,
					       .file_page = seed + i};
	return m;
}

static int update(uint32_t n, uint32_t seed, uint32_t cnt, uint64_t pages)
{
	struct wire_image key = image(n);

	return sets__update(sets, &key, mappings(seed, cnt), cnt, pages);
}

static void drop(uint32_t n)
{
	struct wire_image key = image(n);

	sets__drop(sets, &key);
}

static int fork_of(uint32_t parent, uint32_t child)
{
	struct wire_image from = image(parent), to = image(child);

	return sets__fork(sets, &from, &to);
}

/* ---- the kernel's view ---- */

static bool kernel_set(uint32_t n, struct unwind_set *ret)
{
	struct wire_image key = image(n);

	return !bpf_map_lookup_elem(maps.sets, &key, ret);
}

/* The set of image @n, as a walk finds it: its mappings are those of @seed. */
static struct unwind_set assert_set(uint32_t n, uint32_t seed, uint32_t cnt, uint64_t pages)
{
	const struct unwind_mapping *want = mappings(seed, cnt), *here;
	struct wire_image key = image(n);
	struct unwind_set set = {0};
	struct unwind_mapping m;
	uint32_t got = 0;

	if (!kernel_set(n, &set))
		fail_msg("image %u has no set", n);
	assert_int_equal(set.cnt, cnt);
	assert_int_equal(set.exec_pages, pages);
	assert_int_not_equal(set.id, 0);
	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t at = set.first + i;

		assert_int_equal(bpf_map_lookup_elem(maps.mappings, &at, &m), 0);
		assert_memory_equal(&m, &want[i], sizeof(m));
	}
	here = sets__find(sets, &key, &got);
	assert_non_null(here);
	assert_int_equal(got, cnt);
	assert_memory_equal(here, want, cnt * sizeof(*want));
	return set;
}

static void assert_no_set(uint32_t n)
{
	struct wire_image key = image(n);
	struct unwind_set set;
	uint32_t cnt = 4711;

	assert_false(kernel_set(n, &set));
	assert_null(sets__find(sets, &key, &cnt));
	assert_int_equal(cnt, 4711);
}

/* ---- tests ---- */

static void test_a_set_is_told_to_the_kernel_side(void **state _unused_)
{
	struct unwind_set a, b;

	assert_no_set(1);
	assert_int_equal(update(1, 1, 3, 10), 0);
	assert_int_equal(update(2, 2, 5, 20), 0);
	a = assert_set(1, 1, 3, 10);
	b = assert_set(2, 2, 5, 20);
	assert_int_not_equal(a.id, b.id);
	assert_int_equal(sets__usage(sets).image_cnt, 2);
	assert_int_equal(sets__usage(sets).mapping_cnt, 8);
	assert_no_set(3);
}

static void test_the_id_changes_only_with_the_mappings(void **state _unused_)
{
	struct unwind_set before, after;

	assert_int_equal(update(1, 1, 3, 10), 0);
	before = assert_set(1, 1, 3, 10);
	assert_int_equal(update(1, 1, 3, 11), 0); /* the kernel counts another way */
	after = assert_set(1, 1, 3, 11);
	assert_int_equal(after.id, before.id);
	assert_int_equal(after.first, before.first);
	assert_int_equal(update(1, 1, 4, 12), 0);
	after = assert_set(1, 1, 4, 12);
	assert_int_not_equal(after.id, before.id);
	assert_int_equal(update(1, 2, 4, 12), 0);
	assert_int_not_equal(assert_set(1, 2, 4, 12).id, after.id);
	/* What was before is a new set again. */
	assert_int_equal(update(1, 1, 3, 10), 0);
	assert_int_not_equal(assert_set(1, 1, 3, 10).id, before.id);
	assert_int_equal(sets__usage(sets).image_cnt, 1);
}

/* A walk may still read them. */
static void test_old_mappings_stay_until_they_are_reclaimed(void **state _unused_)
{
	struct unwind_set old, now;
	struct unwind_mapping m;

	assert_int_equal(update(1, 1, 8, 10), 0);
	old = assert_set(1, 1, 8, 10);
	assert_int_equal(update(1, 2, 8, 10), 0);
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t at = old.first + i;

		assert_int_equal(bpf_map_lookup_elem(maps.mappings, &at, &m), 0);
		assert_memory_equal(&m, &mappings(1, 8)[i], sizeof(m));
	}
	assert_int_equal(update(3, 3, 8, 10), 0);
	now = assert_set(3, 3, 8, 10);
	assert_int_not_equal(now.first, old.first);
	assert_int_equal(sets__usage(sets).mapping_cnt, 24);
	sets__reclaim(sets);
	assert_int_equal(sets__usage(sets).mapping_cnt, 16);
	assert_set(1, 2, 8, 10);
	assert_set(3, 3, 8, 10);
	assert_int_equal(update(4, 4, 8, 10), 0);
	assert_int_equal(assert_set(4, 4, 8, 10).first, old.first);
	assert_set(1, 2, 8, 10);
}

static void test_a_forked_process_shares_its_parents_set(void **state _unused_)
{
	struct wire_image child = image(2), parent = image(1);
	uint32_t cnt = 0, parent_cnt = 0;
	struct unwind_set set;

	assert_int_equal(fork_of(1, 2), 0); /* of whom nothing is known */
	assert_no_set(2);
	assert_int_equal(update(1, 1, 5, 10), 0);
	assert_int_equal(fork_of(1, 2), 0);
	assert_ptr_equal(sets__find(sets, &child, &cnt), sets__find(sets, &parent, &parent_cnt));
	assert_int_equal(cnt, 5);
	assert_int_equal(sets__usage(sets).mapping_cnt, 5);
	assert_int_equal(sets__usage(sets).image_cnt, 2);
	/* The kernel side has entered that itself. */
	assert_false(kernel_set(2, &set));
	/* Read again they are the same. */
	assert_int_equal(update(2, 1, 5, 10), 0);
	assert_int_equal(assert_set(2, 1, 5, 10).id, assert_set(1, 1, 5, 10).id);
	assert_int_equal(sets__usage(sets).mapping_cnt, 5);
	/* The parent ends. */
	drop(1);
	sets__reclaim(sets);
	assert_set(2, 1, 5, 10);
	assert_no_set(1);
	drop(2);
	sets__reclaim(sets);
	assert_int_equal(sets__usage(sets).mapping_cnt, 0);
	assert_int_equal(sets__usage(sets).image_cnt, 0);
}

static void test_a_child_that_is_known_keeps_what_it_has(void **state _unused_)
{
	assert_int_equal(update(1, 1, 5, 10), 0);
	assert_int_equal(update(2, 2, 6, 20), 0);
	assert_int_equal(fork_of(1, 2), 0);
	assert_set(2, 2, 6, 20);
	assert_int_equal(fork_of(1, 3), 0);
	assert_int_equal(update(3, 3, 1, 5), 0);
	assert_set(1, 1, 5, 10);
	assert_set(3, 3, 1, 5);
}

static void test_who_is_gone_has_no_set(void **state _unused_)
{
	struct wire_image key = image(2);
	struct unwind_set asked = {.asked = 7};

	assert_int_equal(update(1, 1, 5, 10), 0);
	drop(1);
	drop(1);
	assert_no_set(1);
	assert_int_equal(sets__usage(sets).image_cnt, 0);
	/* An entry that the kernel side made goes, too. */
	assert_int_equal(bpf_map_update_elem(maps.sets, &key, &asked, BPF_ANY), 0);
	drop(2);
	assert_no_set(2);
}

/* exec: another image of the same process. */
static void test_images_of_one_process_are_apart(void **state _unused_)
{
	struct wire_image first = image(1), second = image(1);
	uint32_t cnt = 0;

	second.exec_id++;
	assert_int_equal(update(1, 1, 5, 10), 0);
	assert_null(sets__find(sets, &second, &cnt));
	assert_int_equal(sets__update(sets, &second, mappings(2, 3), 3, 20), 0);
	assert_set(1, 1, 5, 10);
	sets__drop(sets, &first);
	assert_non_null(sets__find(sets, &second, &cnt));
	assert_int_equal(cnt, 3);
}

/* ---- no room ---- */

static void fill_pool(void)
{
	for (uint32_t i = 0; i < FULL_SETS; i++)
		assert_int_equal(update(100 + i, i, UNWIND_SET_MAX, 1), 0);
	assert_int_equal(sets__usage(sets).mapping_cnt, FULL_SETS * UNWIND_SET_MAX);
}

static void test_a_full_pool_refuses_and_counts(void **state _unused_)
{
	uint32_t rest = UNWIND_MAX_MAPPINGS - FULL_SETS * UNWIND_SET_MAX;

	fill_pool();
	assert_int_equal(update(1, 1, rest + 1, 10), -ENOSPC);
	assert_no_set(1);
	assert_int_equal(sets__usage(sets).refused_cnt, 1);
	assert_int_equal(update(1, 1, rest, 10), 0);
	assert_set(1, 1, rest, 10);
	/* Who had a set and finds no room for a new one has none: the old one is not true any more. */
	assert_int_equal(update(1, 2, rest + 1, 10), -ENOSPC);
	assert_no_set(1);
	assert_int_equal(sets__usage(sets).refused_cnt, 2);
	for (uint32_t i = 0; i < FULL_SETS; i++)
		assert_set(100 + i, i, UNWIND_SET_MAX, 1);
}

static void test_a_full_pool_has_room_again_where_somebody_left(void **state _unused_)
{
	struct unwind_set gone, now;

	fill_pool();
	gone = assert_set(107, 7, UNWIND_SET_MAX, 1);
	drop(107);
	assert_int_equal(update(1, 50, UNWIND_SET_MAX, 10), 0);
	now = assert_set(1, 50, UNWIND_SET_MAX, 10);
	assert_int_equal(now.first, gone.first);
	assert_true(now.id > gone.id);
	assert_set(106, 6, UNWIND_SET_MAX, 1);
	assert_set(108, 8, UNWIND_SET_MAX, 1);
}

static void test_a_set_has_its_largest_size(void **state _unused_)
{
	assert_int_equal(update(1, 1, UNWIND_SET_MAX + 1, 10), -ENOSPC);
	assert_no_set(1);
	assert_int_equal(update(1, 1, UNWIND_SET_MAX, 10), 0);
	assert_set(1, 1, UNWIND_SET_MAX, 10);
	assert_int_equal(sets__usage(sets).refused_cnt, 1);
}

static void test_a_full_map_of_the_kernel_refuses_and_counts(void **state _unused_)
{
	struct bpf_maps small;
	struct sets *was = sets;
	struct unwind_set set;
	struct wire_image key = image(5);

	assert_int_equal(bpf_maps__init(&small, 4), 0);
	sets = sets__new(small.mappings, small.sets, tables);
	assert_non_null(sets);
	for (uint32_t i = 1; i <= 4; i++)
		assert_int_equal(update(i, i, 3, 10), 0);
	assert_int_equal(update(5, 5, 3, 10), -ENOSPC);
	assert_int_equal(sets__usage(sets).refused_cnt, 1);
	assert_int_equal(sets__usage(sets).image_cnt, 4);
	assert_int_not_equal(bpf_map_lookup_elem(small.sets, &key, &set), 0);
	/* Who is there already can still be told. */
	assert_int_equal(update(4, 9, 4, 11), 0);
	drop(1);
	assert_int_equal(update(5, 5, 3, 10), 0);
	assert_int_equal(bpf_map_lookup_elem(small.sets, &key, &set), 0);
	sets__reclaim(sets);
	assert_int_equal(sets__usage(sets).mapping_cnt, 3 + 3 + 4 + 3);
	sets__free(sets);
	sets = was;
	bpf_maps__fini(&small);
}

/* ---- many ---- */

static void test_after_many_have_gone_the_others_are_found(void **state _unused_)
{
	for (uint32_t round = 0; round < 8; round++) {
		for (uint32_t i = 0; i < 200; i++)
			assert_int_equal(update(round * 1000 + i, i, 2, round), 0);
		for (uint32_t i = 0; i < 200; i++)
			if (i % 20)
				drop(round * 1000 + i);
		sets__reclaim(sets);
	}
	assert_int_equal(sets__usage(sets).image_cnt, 80);
	assert_int_equal(sets__usage(sets).mapping_cnt, 160);
	for (uint32_t round = 0; round < 8; round++)
		for (uint32_t i = 0; i < 200; i++)
			if (i % 20)
				assert_no_set(round * 1000 + i);
			else
				assert_set(round * 1000 + i, i, 2, round);
}

/* More than there may ever be at a time. */
static void test_the_number_of_past_images_has_no_limit(void **state _unused_)
{
	for (uint32_t i = 0; i < 4 * UNWIND_MAX_SETS + 1000; i++) {
		assert_int_equal(update(i, 1, 1, 7), 0);
		drop(i);
		if (!(i % 256))
			sets__reclaim(sets);
	}
	assert_int_equal(sets__usage(sets).refused_cnt, 0);
	assert_int_equal(sets__usage(sets).image_cnt, 0);
}

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t n) /* splitmix64 */
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) % n;
}

#define LIVES 40

/* What each image has by a list of its own, against sets that come and go at random. */
static void test_random_lives_agree_with_a_list(void **state _unused_)
{
	struct {
		uint32_t seed, cnt;
		bool told; /* else by fork: the kernel has it from itself */
	} want[LIVES] = {0};

	for (uint32_t step = 0; step < 6000; step++) {
		uint32_t n = (uint32_t)random_below(LIVES), from = (uint32_t)random_below(LIVES);

		switch (random_below(8)) {
		case 0:
			drop(n);
			want[n].cnt = 0;
			break;
		case 1:
			assert_int_equal(fork_of(from, n), 0);
			if (!want[n].cnt && want[from].cnt) {
				want[n] = want[from];
				want[n].told = false;
			}
			break;
		case 2:
			if (!(step % 5))
				sets__reclaim(sets);
			break;
		default:
			want[n].seed = (uint32_t)random_below(5);
			want[n].cnt = 1 + (uint32_t)random_below(60);
			want[n].told = true;
			assert_int_equal(update(n, want[n].seed, want[n].cnt, 7), 0);
		}
		if (want[n].cnt && want[n].told)
			assert_set(n, want[n].seed, want[n].cnt, 7);
	}
	for (uint32_t n = 0; n < LIVES; n++)
		if (want[n].cnt && want[n].told)
			assert_set(n, want[n].seed, want[n].cnt, 7);
		else if (!want[n].cnt)
			assert_no_set(n);
	for (uint32_t n = 0; n < LIVES; n++)
		drop(n);
	sets__reclaim(sets);
	assert_int_equal(sets__usage(sets).mapping_cnt, 0);
}

/* ---- references ---- */

/* The vdso's table is used by as many sets as name it. */
static void test_tables_are_kept_as_long_as_a_set_names_them(void **state _unused_)
{
	struct module vdso = {.kind = WIRE_MODULE_VDSO, .fd = -1},
		      other = {.kind = WIRE_MODULE_ELF, .build_id_len = 20, .fd = -1};
	struct unwind_mapping m = {.start = 0x1000, .end = 0x2000};
	struct wire_image key = image(1);
	uint32_t number = tables__get(tables, &vdso);

	m.module = number;
	assert_true(tables__wait(tables, 10000));
	assert_int_equal(sets__update(sets, &key, &m, 1, 1), 0);
	/* The same again, with a reference of its own, which is not kept. */
	assert_int_equal(tables__get(tables, &vdso), number);
	assert_int_equal(sets__update(sets, &key, &m, 1, 2), 0);
	assert_int_equal(fork_of(1, 2), 0);
	drop(1);
	/* All numbers are taken, so a new table throws out one that nobody uses. */
	for (uint32_t i = 2; i <= UNWIND_MAX_MODULES; i++) {
		memcpy(other.build_id, &i, sizeof(i));
		assert_int_equal(tables__get(tables, &other), i);
	}
	assert_true(tables__wait(tables, 60000));
	other.build_id[19] = 1;
	assert_int_equal(tables__get(tables, &other), 0); /* none is unused: the child has it */
	drop(2);
	assert_int_equal(tables__get(tables, &other), number);
}

#define SETS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETS_TEST(test_a_set_is_told_to_the_kernel_side),
		SETS_TEST(test_the_id_changes_only_with_the_mappings),
		SETS_TEST(test_old_mappings_stay_until_they_are_reclaimed),
		SETS_TEST(test_a_forked_process_shares_its_parents_set),
		SETS_TEST(test_a_child_that_is_known_keeps_what_it_has),
		SETS_TEST(test_who_is_gone_has_no_set),
		SETS_TEST(test_images_of_one_process_are_apart),
		SETS_TEST(test_a_full_pool_refuses_and_counts),
		SETS_TEST(test_a_full_pool_has_room_again_where_somebody_left),
		SETS_TEST(test_a_set_has_its_largest_size),
		SETS_TEST(test_a_full_map_of_the_kernel_refuses_and_counts),
		SETS_TEST(test_after_many_have_gone_the_others_are_found),
		SETS_TEST(test_the_number_of_past_images_has_no_limit),
		SETS_TEST(test_random_lives_agree_with_a_list),
		SETS_TEST(test_tables_are_kept_as_long_as_a_set_names_them),
	};
	int failed;

	bpf_maps__init_or_skip(&maps);
	failed = cmocka_run_group_tests_name("sets", tests, NULL, NULL);
	bpf_maps__fini(&maps);
	return failed;
}
