/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Protocol buffers, byte by byte. The examples are those of the encoding's documentation where it has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "output/proto.h"

static int setup(void **state)
{
	static struct buf b;

	buf__init(&b, 1 << 20);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	buf__fini(*state);
	return 0;
}

#define CHECK(b, ...)                                               \
	do {                                                        \
		const uint8_t want[] = {__VA_ARGS__};               \
		assert_int_equal((b)->err, 0);                      \
		assert_int_equal((b)->len, sizeof(want));           \
		assert_memory_equal((b)->data, want, sizeof(want)); \
		buf__reset(b);                                      \
	} while (0)

static void test_numbers(void **state)
{
	struct buf *b = *state;

	proto_u64(b, 1, 150);
	CHECK(b, 0x08, 0x96, 0x01);
	proto_u64(b, 1, 0);
	assert_int_equal(b->len, 0);
	proto_u64(b, 15, 127);
	CHECK(b, 0x78, 0x7f);
	proto_u64(b, 16, 128);
	CHECK(b, 0x80, 0x01, 0x80, 0x01);
	proto_u64(b, 2, UINT64_MAX); /* -2 is its like: ten bytes */
	CHECK(b, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);
	proto_u64(b, (1u << 29) - 1, 1);
	CHECK(b, 0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01);
}

static void test_values(void **state)
{
	struct buf *b = *state;

	proto_value(b, 1, 0);
	CHECK(b, 0x08, 0x00);
	proto_value(b, 1, 150);
	CHECK(b, 0x08, 0x96, 0x01);
	proto_fixed64(b, 1, 0);
	CHECK(b, 0x09, 0, 0, 0, 0, 0, 0, 0, 0);
	proto_fixed64(b, 48, 0x0123456789abcdef);
	CHECK(b, 0x81, 0x03, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01);
	proto_double(b, 2, 1);
	CHECK(b, 0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f);
	proto_double(b, 2, -2.5);
	CHECK(b, 0x11, 0, 0, 0, 0, 0, 0, 0x04, 0xc0);
}

static void test_texts(void **state)
{
	struct buf *b = *state;

	proto_text(b, 2, "testing");
	CHECK(b, 0x12, 0x07, 't', 'e', 's', 't', 'i', 'n', 'g');
	proto_text(b, 6, "");
	CHECK(b, 0x32, 0x00);
}

static void test_lists(void **state)
{
	static const uint64_t numbers[] = {3, 270, 86942};
	struct buf *b = *state;

	proto_packed(b, 6, numbers, 3);
	CHECK(b, 0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05);
	proto_packed(b, 6, NULL, 0);
	assert_int_equal(b->len, 0);
}

static void test_messages_in_messages(void **state)
{
	struct buf *b = *state;
	size_t at = proto_begin(b, 3), inner;

	proto_u64(b, 1, 150);
	proto_end(b, at);
	CHECK(b, 0x1a, 0x03, 0x08, 0x96, 0x01);
	proto_end(b, proto_begin(b, 4));
	CHECK(b, 0x22, 0x00);
	at = proto_begin(b, 1);
	inner = proto_begin(b, 2);
	proto_u64(b, 3, 1);
	proto_end(b, inner);
	proto_u64(b, 4, 2);
	proto_end(b, at);
	CHECK(b, 0x0a, 0x06, 0x12, 0x02, 0x18, 0x01, 0x20, 0x02);
}

/* Lengths of one, two and three bytes: what is behind the length moves, and what is in front of it does not. */
static void test_lengths(void **state)
{
	static const size_t lens[] = {0, 1, 125, 126, 127, 128, 16381, 16382, 16383, 16384, 100000};
	static char text[100001];
	struct buf *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		size_t n = lens[i], head = n < 128 ? 2 : n < 16384 ? 3 : 4, outer, inner;
		const uint8_t *at;

		memset(text, 'x', n);
		text[n] = '\0';
		buf__reset(b);
		buf__puts(b, "before");
		outer = proto_begin(b, 1);
		inner = proto_begin(b, 1);
		buf__puts(b, text);
		proto_end(b, inner);
		proto_end(b, outer);
		assert_int_equal(b->err, 0);
		assert_memory_equal(b->data, "before", 6);
		at = (const uint8_t *)b->data + b->len - n;
		assert_memory_equal(at, text, n);
		assert_int_equal(at[-(ptrdiff_t)head], 0x0a);
		assert_int_equal(at[1 - (ptrdiff_t)head] & 0x7f, n & 0x7f);
		/* The outer one holds the inner one's head too. */
		n += head;
		assert_int_equal(b->len - 6, n + (n < 128 ? 2 : n < 16384 ? 3 : 4));
		assert_int_equal(b->data[7] & 0x7f, n & 0x7f);
	}
}

/* Wherever the buffer ends, the error stays and what is there is not touched any more. */
static void test_full_buffers(void **state _unused_)
{
	for (size_t max = 0; max < 200; max++) {
		_cleanup_buf_ struct buf b;
		size_t at;

		buf__init(&b, max);
		at = proto_begin(&b, 1);
		for (int i = 0; i < 66; i++)
			proto_u64(&b, 1, 300);
		proto_end(&b, at);
		proto_u64(&b, 1, 1);
		assert_int_equal(b.err, -E2BIG);
		assert_true(b.len <= max);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages_in_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lengths, setup, teardown),
		cmocka_unit_test(test_full_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
