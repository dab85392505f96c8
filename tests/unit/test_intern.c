/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Ids of stacks, in the kernel and in user space: bpf/intern.h, source/bpf_seeds.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/compiler.h"
#include "fixtures/bpf_host.h"
#include "fixtures/random.h"
#include "source/bpf_seeds.h"

static const __u64 some_ips[] = {0xffffffff81000010, 0xffffffff81000020, 0xffffffff81000030};

/* The probes' loop. */
static __u64 intern_ended(__u16 kind, const struct wire_image *image, const __u64 *ips, __u32 n,
			  __u32 flags)
{
	__u64 hash = intern_seed(kind, image);

	for (__u32 i = 0; i < n; i++)
		hash = intern_mix(hash, ips[i]);
	return intern_finish(hash, n, flags);
}

static __u64 intern(__u16 kind, const struct wire_image *image, const __u64 *ips, __u32 n)
{
	return intern_ended(kind, image, ips, n, 0);
}

static __u64 intern_kernel(const __u64 *ips, __u32 n)
{
	struct wire_image none = {0};

	return intern(WIRE_STACK_KERNEL, &none, ips, n);
}

static void test_equal_frames_have_one_id_and_others_another(void **state _unused_)
{
	__u64 ips[] = {1, 2, 3}, same[] = {1, 2, 3}, swapped[] = {2, 1, 3}, other[] = {1, 2, 4};

	assert_int_equal(intern_kernel(ips, 3), intern_kernel(same, 3));
	assert_int_not_equal(intern_kernel(ips, 3), intern_kernel(swapped, 3));
	assert_int_not_equal(intern_kernel(ips, 3), intern_kernel(other, 3));
}

static void test_lengths_count_even_of_zeroes(void **state _unused_)
{
	__u64 zeroes[WIRE_MAX_FRAMES] = {0}, ids[WIRE_MAX_FRAMES + 1];

	for (__u32 n = 0; n <= WIRE_MAX_FRAMES; n++) {
		ids[n] = intern_kernel(zeroes, n);
		for (__u32 i = 0; i < n; i++)
			assert_int_not_equal(ids[i], ids[n]);
	}
}

static void test_user_stacks_belong_to_one_image(void **state _unused_)
{
	struct wire_image a = {10, 1, 1000}, pid = {11, 1, 1000}, exec = {10, 2, 1000},
			  start = {10, 1, 1001};
	__u64 id = intern(WIRE_STACK_USER, &a, some_ips, 3);

	assert_int_equal(intern(WIRE_STACK_USER, &a, some_ips, 3), id);
	assert_int_not_equal(intern(WIRE_STACK_USER, &pid, some_ips, 3), id);
	assert_int_not_equal(intern(WIRE_STACK_USER, &exec, some_ips, 3), id);
	assert_int_not_equal(intern(WIRE_STACK_USER, &start, some_ips, 3), id);
	assert_int_not_equal(intern(WIRE_STACK_KERNEL, &a, some_ips, 3), id);
	assert_int_equal(intern(WIRE_STACK_KERNEL, &a, some_ips, 3),
			 intern(WIRE_STACK_KERNEL, &pid, some_ips, 3));
}

/* The same frames that end in another way are another stack. */
static void test_flags_belong_to_the_id(void **state _unused_)
{
	static const __u32 flags[] = {
		0,
		WIRE_STACK_TRUNCATED,
		WIRE_STACK_BY_FP,
		WIRE_STACK_BY_FP | WIRE_STACK_TRUNCATED,
		WIRE_END_FAULT << WIRE_STACK_END_SHIFT,
		WIRE_END_NO_ROWS << WIRE_STACK_END_SHIFT,
		WIRE_END_TABLE_FULL << WIRE_STACK_END_SHIFT,
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		for (size_t j = 0; j < ARRAY_SIZE(flags); j++)
			assert_int_equal(i == j, intern_finish(4711, 3, flags[i]) ==
							 intern_finish(4711, 3, flags[j]));
}

static int compare_u64(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Addresses of code are close together; ids must not be. */
static void test_neighbouring_stacks_do_not_collide(void **state _unused_)
{
	const size_t cnt = 200000;
	__u64 *ids = calloc(cnt, sizeof(*ids));

	assert_non_null(ids);
	for (size_t i = 0; i < cnt; i++) {
		__u64 ips[4] = {0xffffffff81000000 + (i & 63), 0xffffffff81000100 + (i >> 6 & 63),
				0xffffffff81000200 + (i >> 12), 0xffffffff81000300};

		ids[i] = intern_kernel(ips, 4);
	}
	qsort(ids, cnt, sizeof(*ids), compare_u64);
	for (size_t i = 0; i < cnt; i++)
		assert_true(ids[i] && (!i || ids[i] != ids[i - 1]));
	free(ids);
}

/* The one input of the last step that gives 0, which means "no stack". */
static void test_an_id_is_never_0(void **state _unused_)
{
	for (__u32 n = 0; n <= WIRE_MAX_FRAMES; n++)
		assert_int_equal(intern_finish(n, n, 0), 1);
	assert_int_equal(intern_finish((3ull << 32) + 4, 4, 3), 1);
}

/* What the walk from outside defines. */
struct defined {
	struct wire_thread thread;
	int threads, stacks;
	union host_record stack; /* the last one */
};

static int take_defined(void *arg, const struct event *e)
{
	struct defined *d = arg;

	if (e->h->kind == WIRE_STACK) {
		memcpy(&d->stack, e->stack, e->h->size);
		d->stacks++;
	}
	if (e->h->kind == WIRE_THREAD) {
		d->thread = *e->thread;
		d->threads++;
	}
	return 0;
}

static void check_seed(__u32 frame_cnt, __u32 max_frames)
{
	__u32 max = max_frames < WIRE_MAX_KERNEL_FRAMES ? max_frames : WIRE_MAX_KERNEL_FRAMES;
	__u32 kept = frame_cnt < max ? frame_cnt : max;
	__u32 flags = kept == max ? WIRE_STACK_TRUNCATED : 0;
	struct wire_image none = {0};
	struct wire_seed rec = {.key = {5, 42, 1}, .frame_cnt = frame_cnt};
	struct defined d = {0};
	const struct seed *seed;
	struct seeds s;

	for (__u32 i = 0; i < frame_cnt; i++)
		rec.ips[i] = random_u64();
	seeds__init(&s, false, max_frames);
	assert_int_equal(seeds__add(&s, &rec, take_defined, &d), 0);
	seed = seeds__find(&s, &rec.key);
	assert_non_null(seed);
	assert_int_equal(d.threads, 1);
	assert_int_equal(d.thread.key.tid, 42);
	assert_int_equal(d.stacks, kept > 0);
	assert_int_equal(seed->kernel_stack,
			 kept ? intern_ended(WIRE_STACK_KERNEL, &none, rec.ips, kept, flags) : 0);
	assert_int_equal(d.stack.stack.id, seed->kernel_stack);
	assert_int_equal(d.stack.stack.frame_cnt, kept);
	assert_memory_equal(d.stack.stack.ips, rec.ips, kept * sizeof(__u64));
	assert_int_equal(d.stack.stack.flags, flags);
	seeds__fini(&s);
}

static void test_seeds_have_the_ids_that_the_probes_would_give(void **state _unused_)
{
	random_seed(3);
	check_seed(0, WIRE_MAX_FRAMES);
	check_seed(1, WIRE_MAX_FRAMES);
	check_seed(WIRE_MAX_KERNEL_FRAMES, WIRE_MAX_FRAMES);
	check_seed(WIRE_MAX_KERNEL_FRAMES, WIRE_MAX_KERNEL_FRAMES);
	check_seed(10, 4);
	for (int i = 0; i < 1000; i++)
		check_seed((__u32)random_below(WIRE_MAX_KERNEL_FRAMES + 1),
			   1 + (__u32)random_below(WIRE_MAX_FRAMES));
}

static void test_seeds_are_found_by_thread_and_start(void **state _unused_)
{
	struct wire_thread_key reused = {6, 42, 1}, renamed = {5, 42, 9};
	struct wire_seed rec = {.key = {5, 42, 1}, .frame_cnt = 1, .ips = {7}};
	struct defined d = {0};
	struct seeds s;

	seeds__init(&s, false, WIRE_MAX_FRAMES);
	assert_int_equal(seeds__add(&s, &rec, take_defined, &d), 0);
	assert_non_null(seeds__find(&s, &renamed));
	assert_null(seeds__find(&s, &reused));
	seeds__fini(&s);
}

static int refuse(void *arg _unused_, const struct event *e _unused_)
{
	return -ENOSPC;
}

static void test_a_seed_that_nobody_takes_is_an_error(void **state _unused_)
{
	struct wire_seed rec = {.key = {5, 42, 1}};
	struct seeds s;

	seeds__init(&s, false, WIRE_MAX_FRAMES);
	assert_int_equal(seeds__add(&s, &rec, refuse, NULL), -ENOSPC);
	assert_null(seeds__find(&s, &rec.key));
	seeds__fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_frames_have_one_id_and_others_another),
		cmocka_unit_test(test_lengths_count_even_of_zeroes),
		cmocka_unit_test(test_user_stacks_belong_to_one_image),
		cmocka_unit_test(test_flags_belong_to_the_id),
		cmocka_unit_test(test_neighbouring_stacks_do_not_collide),
		cmocka_unit_test(test_an_id_is_never_0),
		cmocka_unit_test(test_seeds_have_the_ids_that_the_probes_would_give),
		cmocka_unit_test(test_seeds_are_found_by_thread_and_start),
		cmocka_unit_test(test_a_seed_that_nobody_takes_is_an_error),
	};

	return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}
