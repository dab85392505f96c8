/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The list of all goroutines among what looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/compiler.h"
#include "fixtures/go_heap.h"
#include "format/go_find.h"

#define GOROUTINES 20
#define LIST	   (GO_HEAP_BASE + 1024)
#define OUTGROWN   (GO_HEAP_BASE + 2048)
#define OTHER	   (GO_HEAP_BASE + 64)	/* a slice before the list's */
#define LATER	   (GO_HEAP_BASE + 256) /* and one behind */

static struct go_heap heap;
static struct go_memory memory;
static struct go_sample sample;

/* A program whose list has GOROUTINES, and room. */
static struct go_code begin(struct go_layout *layout)
{
	static struct elf_segment data = {.type = 1 /* PT_LOAD */,
					  .flags = 6 /* PF_R | PF_W */,
					  .vaddr = GO_HEAP_BASE,
					  .mem_bytes = GO_HEAP_BYTES};
	static struct elf e = {.is_64 = true, .segments = &data, .segment_cnt = 1};
	struct go_runtime r = go_heap_runtime(&heap, &memory, 22, GOROUTINES);
	struct go_slice slice = {LIST, GOROUTINES, 2 * GOROUTINES};

	for (size_t i = 0; i < GOROUTINES; i++) {
		go_heap_put_u64(&heap, LIST + i * 8, go_heap_at(i));
		go_heap_put_u64(&heap, OUTGROWN + i * 8, go_heap_at(i));
	}
	go_heap_put(&heap, GO_HEAP_ALLGS, &slice, sizeof(slice));
	*layout = r.layout;
	return (struct go_code){.elf = &e, .memory = &memory};
}

static void put_slice(uint64_t at, uint64_t data, uint64_t len, uint64_t cap)
{
	struct go_slice slice = {data, len, cap};

	go_heap_put(&heap, at, &slice, sizeof(slice));
}

static void assert_found(const struct go_code *code)
{
	uint64_t addr = 0;

	assert_int_equal(go_find_allgs(code, &addr, &sample), 0);
	assert_true(addr == GO_HEAP_ALLGS);
	assert_int_equal(sample.cnt > 2, 1);
	assert_true(sample.addrs[0] == go_heap_at(0));
}

static void test_alone(void **state _unused_)
{
	struct go_layout layout;
	struct go_code code = begin(&layout);
	uint64_t addr;

	assert_found(&code);
	put_slice(GO_HEAP_ALLGS, LIST, 1, 1);
	assert_int_equal(go_find_allgs(&code, &addr, &sample), -ENOENT);
}

/* The garbage collector's, which has no room behind it, before and behind the list. */
static void test_copies(void **state _unused_)
{
	static const uint64_t places[] = {OTHER, LATER};
	struct go_layout layout;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct go_code code = begin(&layout);

		put_slice(places[i], LIST, GOROUTINES, GOROUTINES);
		assert_found(&code);
		put_slice(places[i], OUTGROWN, GOROUTINES - 5, GOROUTINES - 5);
		assert_found(&code);
	}
}

/* It begins as a list does, but that is free memory of which something else is told. */
static void test_outgrown(void **state _unused_)
{
	static const uint64_t places[] = {OTHER, LATER};
	struct go_layout layout;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct go_code code = begin(&layout);

		put_slice(places[i], OUTGROWN, 33751040, 33751053);
		assert_found(&code);
		put_slice(places[i], OUTGROWN, GOROUTINES + 60, GOROUTINES + 80);
		assert_found(&code);
	}
}

/* The last one is just being appended. */
static void test_torn_end(void **state _unused_)
{
	struct go_layout layout;
	struct go_code code = begin(&layout);

	put_slice(LATER, LIST, GOROUTINES - 2, GOROUTINES - 2);
	go_heap_put_u64(&heap, LIST + (GOROUTINES - 1) * 8, 0);
	assert_found(&code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_outgrown),
		cmocka_unit_test(test_torn_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
