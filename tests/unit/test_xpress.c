/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* XPRESS, plain LZ77: the examples of [MS-XCA], there and back, and input that lies. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "fixtures/mkxpress.h"
#include "fixtures/random.h"
#include "format/xpress.h"

/* From and to memory of exactly its size, so that ASan sees what goes past it. */
static int unpack(const void *packed, size_t len, void *to, size_t cap, size_t *ret_len)
{
	void *exact = malloc(len ? len : 1), *out = malloc(cap ? cap : 1);
	int err;

	assert_non_null(exact);
	assert_non_null(out);
	memcpy(exact, packed, len);
	err = xpress_unpack(exact, len, out, cap, ret_len);
	assert_true(*ret_len <= cap);
	memcpy(to, out, *ret_len);
	free(exact);
	free(out);
	return err;
}

static void test_examples_of_the_specification(void **state _unused_)
{
	static const uint8_t letters[] = "\x3f\0\0\0abcdefghijklmnopqrstuvwxyz";
	static const uint8_t hundred[] = "\xff\xff\xff\x1f"
					 "abc\x17\x00\x0f\xff\x26\x01";
	char text[300], expect[300];
	size_t len;

	assert_int_equal(unpack(letters, sizeof(letters) - 1, text, 26, &len), 0);
	assert_int_equal(len, 26);
	assert_memory_equal(text, "abcdefghijklmnopqrstuvwxyz", 26);
	for (size_t i = 0; i < sizeof(expect); i++)
		expect[i] = "abc"[i % 3];
	assert_int_equal(unpack(hundred, sizeof(hundred) - 1, text, 300, &len), 0);
	assert_int_equal(len, 300);
	assert_memory_equal(text, expect, 300);
}

/* Two lengths share the byte of their nibbles: the first match takes the lower half, the second one the upper half. */
static void test_two_matches_share_a_nibble(void **state _unused_)
{
	static const uint8_t packed[] = "\xff\xff\xff\x7f"
					"a\x07\x00\x21\x07\x00";
	char text[64];
	size_t len;

	/* 7+1+3 and 7+2+3 bytes. */
	assert_int_equal(unpack(packed, sizeof(packed) - 1, text, 24, &len), 0);
	assert_int_equal(len, 24);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(text[i], 'a');
	assert_int_equal(unpack(packed, sizeof(packed) - 1, text, 25, &len), -EBADMSG);
	assert_int_equal(len, 24);
}

static void fill(uint8_t *data, size_t len, unsigned int kinds)
{
	for (size_t i = 0; i < len; i++) {
		if (kinds && once_in(40) && i > 8)
			/* A stretch of before. */
			for (size_t from = random_below(i), n = random_below(i > 300 ? 400 : 20);
			     n-- && i < len; i++)
				data[i] = data[from++];
		if (i < len)
			data[i] = (uint8_t)(kinds ? random_below(kinds) : random_u64());
	}
}

static void check_round_trip(const uint8_t *data, size_t len)
{
	_cleanup_buf_ struct buf packed;
	uint8_t *to = malloc(len ? len : 1);
	size_t got;

	buf__init(&packed, 1 << 22);
	mkxpress_pack(data, len, &packed);
	assert_int_equal(packed.err, 0);
	assert_int_equal(unpack(packed.data, packed.len, to, len, &got), 0);
	assert_int_equal(got, len);
	assert_memory_equal(to, data, len);
	/* Every end that comes too early is noticed, and what was before it is right. */
	for (size_t cut = 0; cut < packed.len; cut += 1 + packed.len / 50) {
		if (unpack(packed.data, cut, to, len, &got))
			assert_true(got < len);
		assert_memory_equal(to, data, got);
	}
	free(to);
}

static void test_there_and_back(void **state _unused_)
{
	static uint8_t data[200000];
	size_t lens[] = {0, 1, 2, 3, 31, 32, 33, 64, 100, 1000, 5000, 70000, sizeof(data)};

	random_seed(1);
	for (unsigned int kinds = 0; kinds < 4; kinds++)
		for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
			fill(data, lens[i], kinds);
			check_round_trip(data, lens[i]);
		}
}

static void check_bad(const void *packed, size_t len, size_t expect_len)
{
	char text[1000];
	size_t got;

	assert_int_equal(unpack(packed, len, text, sizeof(text), &got), -EBADMSG);
	assert_int_equal(got, expect_len);
}

#define CHECK_BAD(packed, expect_len) check_bad(packed, sizeof(packed) - 1, expect_len)

static void test_input_that_lies(void **state _unused_)
{
	/* A match of what is before the beginning; of nothing at all. */
	CHECK_BAD("\xff\xff\xff\x7f"
		  "a\x08\x00",
		  1);
	CHECK_BAD("\xff\xff\xff\xff\x00\x00", 0);
	/* No word of flags; half a match. */
	CHECK_BAD("", 0);
	CHECK_BAD("\xff\xff\xff", 0);
	CHECK_BAD("\xff\xff\xff\x7f"
		  "a\x07",
		  1);
	/* Lengths whose parts are missing. */
	CHECK_BAD("\xff\xff\xff\x7f"
		  "a\x07\x00",
		  1);
	CHECK_BAD("\xff\xff\xff\x7f"
		  "a\x07\x00\x0f",
		  1);
	CHECK_BAD("\xff\xff\xff\x7f"
		  "a\x07\x00\x0f\xff",
		  1);
	CHECK_BAD("\xff\xff\xff\x7f"
		  "a\x07\x00\x0f\xff\x00\x00",
		  1);
	/* A wide length that a short one could tell. */
	CHECK_BAD("\xff\xff\xff\x7f"
		  "a\x07\x00\x0f\xff\x15\x00",
		  1);
}

/* As long as 32 bits can say: only what there is room for is written. */
static void test_a_length_of_gigabytes(void **state _unused_)
{
	check_bad("\xff\xff\xff\x7f"
		  "a\x07\x00\x0f\xff\x00\x00\xff\xff\xff\xff",
		  15, 1000);
}

static void test_noise(void **state _unused_)
{
	uint8_t noise[64], text[500];
	size_t len;

	random_seed(2);
	for (int run = 0; run < 20000; run++) {
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = once_in(2) ? (uint8_t)random_u64() : 0;
		unpack(noise, random_below(sizeof(noise) + 1), text, random_below(sizeof(text)),
		       &len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples_of_the_specification),
		cmocka_unit_test(test_two_matches_share_a_nibble),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_input_that_lies),
		cmocka_unit_test(test_a_length_of_gigabytes),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
