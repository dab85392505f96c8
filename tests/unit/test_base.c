/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/strtab.h"

static void test_array_grows_by_doubling_up_to_the_cap(void **state)
{
	uint32_t *a = NULL;
	size_t cap = 0;

	(void)state;
	assert_int_equal(array__grow((void **)&a, &cap, 1, sizeof(*a), 20), 0);
	assert_int_equal(cap, 16);
	a[15] = 7;
	assert_int_equal(array__grow((void **)&a, &cap, 17, sizeof(*a), 20), 0);
	assert_int_equal(cap, 20);
	assert_int_equal(a[15], 7);
	assert_int_equal(array__grow((void **)&a, &cap, 21, sizeof(*a), 20), -E2BIG);
	assert_int_equal(cap, 20);
	free(a);
}

static void test_buf_appends_and_formats(void **state)
{
	struct buf b;

	(void)state;
	buf__init(&b, 1000);
	assert_string_equal(buf__str(&b), "");
	assert_int_equal(buf__puts(&b, "ab"), 0);
	assert_int_equal(buf__putc(&b, 'c'), 0);
	assert_int_equal(buf__printf(&b, "-%d-%s", 42, "x"), 0);
	assert_int_equal(buf__append(&b, NULL, 0), 0);
	assert_string_equal(buf__str(&b), "abc-42-x");
	assert_int_equal(b.len, 8);
	buf__reset(&b);
	assert_string_equal(buf__str(&b), "");
	buf__fini(&b);
	buf__fini(&b);
}

static void test_buf_error_is_sticky(void **state)
{
	struct buf b;

	(void)state;
	buf__init(&b, 4);
	assert_int_equal(buf__puts(&b, "1234"), 0);
	assert_int_equal(buf__putc(&b, '5'), -E2BIG);
	assert_int_equal(buf__append(&b, "", 0), -E2BIG);
	assert_int_equal(buf__printf(&b, "%s", ""), -E2BIG);
	assert_null(buf__reserve(&b, 0));
	assert_string_equal(buf__str(&b), "1234");
	buf__reset(&b);
	assert_int_equal(buf__puts(&b, "5"), 0);
	assert_int_equal(buf__append(&b, "x", SIZE_MAX), -E2BIG);
	assert_string_equal(buf__str(&b), "5");
	buf__fini(&b);
}

static void test_cursor_reads_little_endian(void **state)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct cursor c = cursor_over(data, sizeof(data));

	(void)state;
	assert_int_equal(cursor__u8(&c), 1);
	assert_int_equal(cursor__u16(&c), 0x0302);
	assert_int_equal(cursor__u32(&c), 0x07060504);
	assert_int_equal(cursor__u64(&c), 0x0f0e0d0c0b0a0908ull);
	assert_int_equal(cursor__offset(&c), 15);
	assert_int_equal(cursor__left(&c), 0);
	assert_int_equal(c.err, 0);
}

static void test_cursor_stops_at_the_end_for_good(void **state)
{
	static const uint8_t data[] = {1, 2, 3};
	struct cursor c = cursor_over(data, sizeof(data));

	(void)state;
	assert_int_equal(cursor__u32(&c), 0);
	assert_int_equal(c.err, -EBADMSG);
	assert_int_equal(cursor__u8(&c), 0);
	assert_int_equal(cursor__left(&c), 0);
	assert_null(cursor__bytes(&c, 1));
	c = cursor_over(NULL, 0);
	assert_int_equal(cursor__u8(&c), 0);
	assert_int_equal(c.err, -EBADMSG);
}

static void test_cursor_strings_need_their_end(void **state)
{
	static const char data[] = {'a', 'b', 0, 0, 'c'};
	struct cursor c = cursor_over(data, sizeof(data));

	(void)state;
	assert_string_equal(cursor__cstr(&c), "ab");
	assert_string_equal(cursor__cstr(&c), "");
	assert_null(cursor__cstr(&c));
	assert_int_equal(c.err, -EBADMSG);
}

static bool hash_test_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const uint64_t *)owner)[pos] == *(const uint64_t *)key;
}

static void test_hash_index_keeps_colliding_keys_apart(void **state)
{
	uint64_t keys[1000], missing = 5000;
	struct hash_index x;

	(void)state;
	hash_index__init(&x);
	assert_int_equal(hash_index__find(&x, 1, hash_test_eq, keys, &missing), HASH_INDEX_NONE);
	for (uint32_t i = 0; i < 1000; i++) {
		keys[i] = i;
		assert_int_equal(hash_index__add(&x, i % 7, i), 0);
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(hash_index__find(&x, i % 7, hash_test_eq, keys, &keys[i]), i);
	assert_int_equal(hash_index__find(&x, missing % 7, hash_test_eq, keys, &missing),
			 HASH_INDEX_NONE);
	hash_index__clear(&x);
	assert_int_equal(hash_index__find(&x, 3, hash_test_eq, keys, &keys[3]), HASH_INDEX_NONE);
	hash_index__fini(&x);
}

static void test_hash_sees_every_byte_and_the_length(void **state)
{
	char text[20] = {0};
	uint64_t zero = hash_bytes(text, sizeof(text));

	(void)state;
	assert_int_not_equal(hash_bytes(text, 19), zero);
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = 1;
		assert_int_not_equal(hash_bytes(text, sizeof(text)), zero);
		text[i] = 0;
	}
}

static void test_strtab_names_each_string_once(void **state)
{
	struct strtab t;
	uint32_t a, b, again, empty;
	char text[32];

	(void)state;
	assert_int_equal(strtab__init(&t, 1 << 20), 0);
	assert_int_equal(strtab__intern(&t, "a", &a), 0);
	assert_int_equal(strtab__intern(&t, "b", &b), 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		assert_int_equal(strtab__intern(&t, text, &again), 0);
	}
	assert_int_equal(strtab__intern(&t, "a", &again), 0);
	assert_int_equal(strtab__intern(&t, "", &empty), 0);
	assert_int_equal(again, a);
	assert_int_not_equal(a, b);
	assert_int_equal(empty, 0);
	assert_string_equal(strtab__get(&t, b), "b");
	assert_string_equal(strtab__get(&t, 12345678), "");
	strtab__fini(&t);
}

static void test_strtab_refuses_more_than_its_cap(void **state)
{
	struct strtab t;
	uint32_t id = 99;

	(void)state;
	assert_int_equal(strtab__init(&t, 8), 0);
	assert_int_equal(strtab__intern(&t, "123456789", &id), -E2BIG);
	assert_int_equal(id, 99);
	strtab__fini(&t);
}

static void test_error_text_is_handed_over_once(void **state)
{
	(void)state;
	assert_int_equal(error_set(-ENOENT, "no %s", "thing"), -ENOENT);
	assert_string_equal(error_text(-EACCES), strerror(EACCES));
	assert_string_equal(error_text(-ENOENT), "no thing");
	assert_string_equal(error_text(-ENOENT), strerror(ENOENT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array_grows_by_doubling_up_to_the_cap),
		cmocka_unit_test(test_buf_appends_and_formats),
		cmocka_unit_test(test_buf_error_is_sticky),
		cmocka_unit_test(test_cursor_reads_little_endian),
		cmocka_unit_test(test_cursor_stops_at_the_end_for_good),
		cmocka_unit_test(test_cursor_strings_need_their_end),
		cmocka_unit_test(test_hash_index_keeps_colliding_keys_apart),
		cmocka_unit_test(test_hash_sees_every_byte_and_the_length),
		cmocka_unit_test(test_strtab_names_each_string_once),
		cmocka_unit_test(test_strtab_refuses_more_than_its_cap),
		cmocka_unit_test(test_error_text_is_handed_over_once),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
