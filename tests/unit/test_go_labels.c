/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Labels out of memory that holds what Go writes there, or anything; and as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "fixtures/go_heap.h"
#include "format/go_labels.h"
#include "output/goroutines.h"

#define SETS	     (GO_HEAP_BASE + 0x10000)
#define TEXTS	     (GO_HEAP_BASE + 0x20000)
#define BUCKETS	     (GO_HEAP_BASE + 0x30000)
#define OLD_BUCKETS  (GO_HEAP_BASE + 0x34000)
#define NEXT_BUCKET  (GO_HEAP_BASE + 0x38000)
#define BUCKET_BYTES 272

static struct go_heap heap;
static struct go_memory memory;
static struct go_runtime runtime;
static struct goroutines all;
static struct go_labels *labels;
static uint64_t text_end;

static int set_up(void **state)
{
	(void)state;
	goroutines__init(&all);
	labels = go_labels__new();
	text_end = TEXTS;
	return !labels;
}

static int tear_down(void **state)
{
	(void)state;
	goroutines__fini(&all);
	go_labels__free(labels);
	return 0;
}

static void begin(unsigned int minor, size_t cnt)
{
	runtime = go_heap_runtime(&heap, &memory, minor, cnt);
}

static void put_string(uint64_t at, const char *s, size_t len)
{
	go_heap_put(&heap, text_end, s, len);
	go_heap_put_u64(&heap, at, text_end);
	go_heap_put_u64(&heap, at + 8, len);
	text_end += len;
}

static void give(size_t i, uint64_t set)
{
	go_heap_put_u64(&heap, go_heap_at(i) + heap.layout.labels, set);
}

/* A list of Go 1.24, its slice at @set, with @cnt labels "kN": "vN". */
static void put_list(uint64_t set, size_t cnt)
{
	char key[24], value[24];

	go_heap_put_u64(&heap, set, set + 64);
	go_heap_put_u64(&heap, set + 8, cnt);
	go_heap_put_u64(&heap, set + 16, cnt);
	for (size_t i = 0; i < cnt; i++) {
		snprintf(key, sizeof(key), "k%02zu", i);
		snprintf(value, sizeof(value), "v%zu", i);
		put_string(set + 64 + i * 32, key, strlen(key));
		put_string(set + 64 + i * 32 + 16, value, strlen(value));
	}
}

static void put_cell(uint64_t bucket, size_t i, uint8_t top, const char *key, const char *value)
{
	go_heap_put(&heap, bucket + i, &top, 1);
	put_string(bucket + 8 + i * 16, key, strlen(key));
	put_string(bucket + 8 + 128 + i * 16, value, strlen(value));
}

/* A map of Go 1.23 at @set, with 2^@bits buckets. */
static void put_map(uint64_t set, uint64_t cnt, uint8_t bits, uint64_t old)
{
	go_heap_put_u64(&heap, set, set + 64);
	go_heap_put_u64(&heap, set + 64, cnt);
	go_heap_put(&heap, set + 64 + 9, &bits, 1);
	go_heap_put_u64(&heap, set + 64 + 16, BUCKETS);
	go_heap_put_u64(&heap, set + 64 + 24, old);
}

static void look(void)
{
	assert_int_equal(goroutines__read(&all, &runtime), 0);
	assert_int_equal(go_labels__read(labels, &runtime, &all), 0);
}

static struct go_label_view of(size_t i)
{
	return go_labels__get(labels, go_labels__number(labels, &all.items[i]));
}

static void assert_label(size_t i, const char *key, const char *value)
{
	struct go_label_view v = of(i);
	const char *is = go_label_view__value(&v, key);

	if (!value)
		assert_null(is);
	else
		assert_string_equal(is, value);
}

static void test_list(void **state)
{
	(void)state;
	begin(24, 4);
	put_list(SETS, 3);
	put_list(SETS + 4096, 0);
	put_list(SETS + 8192, 3);
	give(0, SETS);
	give(1, SETS + 4096);
	give(2, SETS + 8192);
	look();
	assert_int_equal(of(0).cnt, 3);
	assert_true(of(0).is_whole);
	assert_label(0, "k01", "v1");
	assert_label(0, "k1", NULL);
	assert_int_equal(of(1).cnt, 0);
	/* Equal sets have one number, also when another look finds them. */
	assert_int_equal(go_labels__number(labels, &all.items[0]),
			 go_labels__number(labels, &all.items[2]));
	assert_int_equal(go_labels__number(labels, &all.items[3]), GO_LABELS_NONE);
	look();
	assert_int_equal(go_labels__number(labels, &all.items[2]), 0);
	assert_int_equal(all.counts.unlabelled, 0);
}

static void test_map(void **state)
{
	(void)state;
	begin(23, 3);
	/* Two buckets, one that is linked; of the old one a cell has not moved, as its bucket hasn't. */
	put_map(SETS, 4, 1, OLD_BUCKETS);
	put_cell(BUCKETS, 0, 77, "z", "last");
	put_cell(BUCKETS, 3, 1, "empty", "empty");
	put_cell(BUCKETS + BUCKET_BYTES, 7, 5, "b", "2");
	go_heap_put_u64(&heap, BUCKETS + BUCKET_BYTES + 264, NEXT_BUCKET);
	put_cell(NEXT_BUCKET, 2, 255, "a", "1");
	put_cell(OLD_BUCKETS, 0, 2, "z", "moved");
	put_cell(OLD_BUCKETS, 1, 200, "old", "still");
	/* There is one old bucket for two new ones: what lies behind it is no bucket. */
	put_cell(OLD_BUCKETS + BUCKET_BYTES, 1, 200, "behind", "it");
	give(0, SETS);
	/* A map that is nil. */
	give(1, SETS + 4096);
	look();
	assert_int_equal(of(0).cnt, 4);
	assert_string_equal(of(0).items[0].key, "a");
	assert_string_equal(of(0).items[3].value, "last");
	assert_label(0, "old", "still");
	assert_label(0, "empty", NULL);
	assert_int_equal(of(1).cnt, 0);
	assert_int_equal(all.counts.unlabelled, 0);
	/* One that says it has more than it does makes no sense. */
	put_map(SETS, 5, 1, OLD_BUCKETS);
	look();
	assert_int_equal(of(0).cnt, 0);
	assert_int_equal(all.counts.unlabelled, 1);
}

/* Linked to itself: the walk ends, and what it has seen isn't believed, or is said to be a part. */
static void test_circle(void **state)
{
	size_t reads;

	(void)state;
	begin(23, 2);
	put_map(SETS, 1, 0, 0);
	put_cell(BUCKETS, 0, 77, "a", "1");
	go_heap_put_u64(&heap, BUCKETS + 264, NEXT_BUCKET);
	go_heap_put_u64(&heap, NEXT_BUCKET + 264, NEXT_BUCKET);
	give(0, SETS);
	reads = heap.reads;
	look();
	assert_true(heap.reads - reads < 1000);
	assert_false(of(0).cnt && of(0).is_whole);
}

static void test_bounds(void **state)
{
	char text[600];

	(void)state;
	begin(27, 2);
	put_list(SETS, 40);
	memset(text, 'x', sizeof(text));
	memcpy(text + 255, "\xc3\xa9", 2); /* a character on the edge */
	put_list(SETS + 8192, 2);
	put_string(SETS + 8192 + 64 + 16, text, sizeof(text));
	put_string(SETS + 8192 + 64 + 48, "a\0b", 3);
	give(0, SETS);
	give(1, SETS + 8192);
	look();
	assert_int_equal(of(0).cnt, GO_LABELS_MAX);
	assert_false(of(0).is_whole);
	assert_false(of(1).is_whole);
	assert_int_equal(strlen(of(1).items[0].value), 255);
	assert_label(1, "k01", "a");
}

/* What is not a set, or can't be read. */
static void test_nonsense(void **state)
{
	static const uint64_t addrs[] = {
		1, 12345678, GO_HEAP_BASE + GO_HEAP_BYTES, UINT64_MAX - 7, SETS + 4096,
	};

	(void)state;
	for (unsigned int minor = 15; minor <= 27; minor++) {
		begin(minor, ARRAY_SIZE(addrs) + 1);
		/* A slice whose length is more than it holds; as a pointer to a map it leads nowhere. */
		go_heap_put_u64(&heap, SETS + 4096, 1ull << 40);
		go_heap_put_u64(&heap, SETS + 4096 + 8, 7);
		go_heap_put_u64(&heap, SETS + 4096 + 16, 6);
		for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
			give(i, addrs[i]);
		look();
		for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
			assert_int_equal(of(i).cnt, 0);
		assert_int_equal(all.counts.unlabelled, ARRAY_SIZE(addrs));
	}
}

/* Reads are counted: a set that many have costs as much as if one had it. */
static void test_shared(void **state)
{
	size_t one, many;

	(void)state;
	begin(25, 64);
	put_list(SETS, 5);
	assert_int_equal(goroutines__read(&all, &runtime), 0);
	give(0, SETS);
	assert_int_equal(goroutines__read(&all, &runtime), 0);
	heap.reads = 0;
	assert_int_equal(go_labels__read(labels, &runtime, &all), 0);
	one = heap.reads;
	for (size_t i = 0; i < 64; i++)
		give(i, SETS);
	assert_int_equal(goroutines__read(&all, &runtime), 0);
	heap.reads = 0;
	assert_int_equal(go_labels__read(labels, &runtime, &all), 0);
	many = heap.reads;
	assert_int_equal(one, many);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(of(i).cnt, 5);
}

/* A goroutine that takes another set while its first one is read. */
static struct {
	int left;
	struct go_memory under;
} change;

static size_t changing_read_spans(void *ctx, const struct go_span *spans, size_t cnt, void *to)
{
	size_t came = change.under.read_spans(ctx, spans, cnt, to);

	if (cnt && spans[0].addr == SETS && change.left-- > 0)
		give(0, SETS + 4096);
	return came;
}

static void test_changes(void **state)
{
	(void)state;
	begin(26, 2);
	put_list(SETS, 2);
	put_list(SETS + 4096, 4);
	give(0, SETS);
	change.left = 1;
	change.under = memory;
	memory.read_spans = changing_read_spans;
	look();
	assert_int_equal(of(0).cnt, 4);
	assert_int_equal(all.counts.unlabelled, 0);
}

static void test_forget(void **state)
{
	(void)state;
	begin(24, 4);
	put_list(SETS, 1);
	give(0, SETS);
	look();
	assert_false(go_labels__is_full(labels));
	go_labels__forget(labels);
	assert_int_equal(of(0).cnt, 0);
	look();
	assert_int_equal(of(0).cnt, 1);
}

/* As Go 1.27 writes them. */
static void test_text(void **state)
{
	static const struct go_label items[] = {
		{"", "no/key_1.2"}, {"a b", "\"\\\n\x01"}, {"e", "\xc3\xa9\xf0\x9f\x98\x80\xff"}};
	const struct go_label_view view = {items, ARRAY_SIZE(items), true}, none = {0};
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);
	struct out out;

	(void)state;
	out__init(&out, fp);
	goroutines_put_labels(&out, &none);
	goroutines_put_labels(&out, &view);
	assert_int_equal(out__finish(&out), 0);
	fclose(fp);
	assert_string_equal(text, " {: no/key_1.2, \"a b\": \"\\\"\\\\\\n\\x01\", e: "
				  "\"\\u00e9\\U0001f600\\xff\"}");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_map, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_circle, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nonsense, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forget, set_up, tear_down),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
