/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* gzip: both ways, in pieces, damaged, too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/gzip.h"
#include "fixtures/random.h"

#define BIG_BYTES 300000 /* several of the coder's pieces, packed too */

/* Half of it can't be packed. */
static char *big_data(void)
{
	char *data = malloc(BIG_BYTES);

	assert_non_null(data);
	random_seed(7);
	for (size_t i = 0; i < BIG_BYTES; i++)
		data[i] = i % 2 ? 'x' : (char)random_u64();
	return data;
}

static void check_round_trip(const void *data, size_t len)
{
	_cleanup_buf_ struct buf packed, back;

	buf__init(&packed, 1 << 20);
	buf__init(&back, len);
	assert_int_equal(gzip_pack(data, len, &packed), 0);
	assert_int_equal(gzip_unpack(packed.data, packed.len, &back), 0);
	assert_int_equal(back.len, len);
	if (len)
		assert_memory_equal(back.data, data, len);
}

static void test_round_trips(void **state _unused_)
{
	_cleanup_free_ char *big = big_data();

	check_round_trip("", 0);
	check_round_trip("a", 1);
	check_round_trip("a\0b\xff", 4);
	check_round_trip(big, BIG_BYTES);
	memset(big, 'y', BIG_BYTES); /* packed to almost nothing */
	check_round_trip(big, BIG_BYTES);
}

/* RFC 1952: magic, deflate, no flags, no time, usual speed, a system that is not named. */
static void test_the_header_tells_nothing(void **state _unused_)
{
	static const uint8_t header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
	_cleanup_buf_ struct buf packed;

	buf__init(&packed, 1000);
	assert_int_equal(gzip_pack("text", 4, &packed), 0);
	assert_memory_equal(packed.data, header, sizeof(header));
}

static int put(void *arg, const void *data, size_t len)
{
	return buf__append(arg, data, len);
}

/* However it comes, the bytes are the same. */
static void test_in_pieces(void **state _unused_)
{
	_cleanup_free_ char *big = big_data();
	_cleanup_buf_ struct buf whole, pieces;
	struct gzip z;

	buf__init(&whole, 1 << 20);
	buf__init(&pieces, 1 << 20);
	assert_int_equal(gzip_pack(big, BIG_BYTES, &whole), 0);
	gzip__init(&z, put, &pieces);
	for (size_t at = 0, n = 1; at < BIG_BYTES; at += n, n = n * 3 % 5003) {
		n = n < BIG_BYTES - at ? n : BIG_BYTES - at;
		assert_int_equal(gzip__write(&z, big + at, n), 0);
		assert_int_equal(gzip__write(&z, NULL, 0), 0);
	}
	assert_int_equal(gzip__finish(&z), 0);
	gzip__fini(&z);
	gzip__fini(&z);
	assert_int_equal(pieces.len, whole.len);
	assert_memory_equal(pieces.data, whole.data, whole.len);
}

static int refuse(void *arg, const void *data _unused_, size_t len _unused_)
{
	++*(int *)arg;
	return -ENOSPC;
}

/* The first error stays, and nothing is put after it. */
static void test_errors_of_the_receiver(void **state _unused_)
{
	_cleanup_free_ char *big = big_data();
	_cleanup_buf_ struct buf small;
	struct gzip z;
	int cnt = 0;

	gzip__init(&z, refuse, &cnt);
	assert_int_equal(gzip__write(&z, big, BIG_BYTES), -ENOSPC);
	assert_int_equal(gzip__write(&z, big, BIG_BYTES), -ENOSPC);
	assert_int_equal(gzip__finish(&z), -ENOSPC);
	assert_int_equal(cnt, 1);
	gzip__fini(&z);
	buf__init(&small, 1000);
	assert_int_equal(gzip_pack(big, BIG_BYTES, &small), -E2BIG);
}

/* What two files become when one is appended to the other. */
static void test_several_members(void **state _unused_)
{
	_cleanup_buf_ struct buf packed, back;

	buf__init(&packed, 1000);
	buf__init(&back, 1000);
	assert_int_equal(gzip_pack("one ", 4, &packed), 0);
	assert_int_equal(gzip_pack("", 0, &packed), 0);
	assert_int_equal(gzip_pack("two", 3, &packed), 0);
	assert_int_equal(gzip_unpack(packed.data, packed.len, &back), 0);
	assert_string_equal(buf__str(&back), "one two");
}

static int unpack(const void *data, size_t len, size_t max_bytes)
{
	_cleanup_buf_ struct buf back;
	int err;

	buf__init(&back, max_bytes);
	err = gzip_unpack(data, len, &back);
	assert_true(back.len <= max_bytes);
	return err;
}

/* A million bytes in a thousand: the cap is what counts, not the size of the file. */
static void test_a_bomb_is_too_large(void **state _unused_)
{
	_cleanup_free_ char *zeros = calloc(1, 1000000);
	_cleanup_buf_ struct buf packed;

	buf__init(&packed, 10000);
	assert_int_equal(gzip_pack(zeros, 1000000, &packed), 0);
	assert_true(packed.len < 2000);
	assert_int_equal(unpack(packed.data, packed.len, 999999), -E2BIG);
	assert_int_equal(unpack(packed.data, packed.len, 1000000), 0);
	assert_int_equal(unpack(packed.data, packed.len, 0), -E2BIG);
}

static void test_damage(void **state _unused_)
{
	static const char text[] = "some text, some text, some more text";
	_cleanup_buf_ struct buf packed;

	buf__init(&packed, 1000);
	assert_int_equal(gzip_pack(text, strlen(text), &packed), 0);
	for (size_t len = 0; len < packed.len; len++)
		assert_int_equal(unpack(packed.data, len, 1000), -EBADMSG);
	/* The checksum and the length at the end hold for all that is in between. */
	for (size_t i = 10; i < packed.len; i++) {
		packed.data[i] ^= 0x10;
		assert_int_equal(unpack(packed.data, packed.len, 1000), -EBADMSG);
		packed.data[i] ^= 0x10;
	}
	assert_int_equal(unpack(packed.data, packed.len, 1000), 0);
	assert_int_equal(unpack("plain text", 10, 1000), -EBADMSG);
	buf__puts(&packed, "behind it");
	assert_int_equal(unpack(packed.data, packed.len, 1000), -EBADMSG);
}

static void test_files_are_checked_whole(void **state)
{
	_cleanup_buf_ struct buf gz;
	char data[1000];
	size_t one;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)random();
	buf__init(&gz, 4096);
	assert_int_equal(gzip_pack(data, sizeof(data), &gz), 0);
	one = gz.len;
	assert_int_equal(gzip_pack(data, 10, &gz), 0);
	assert_int_equal(gzip_check(gz.data, one, 1000), 0);
	assert_int_equal(gzip_check(gz.data, gz.len, 1010), 0);
	assert_int_equal(gzip_check(gz.data, gz.len, 1009), -E2BIG);
	for (size_t i = 0; i < one; i++)
		assert_int_equal(gzip_check(gz.data, i, 1000), -EBADMSG);
	assert_int_equal(buf__putc(&gz, 'x'), 0);
	assert_int_equal(gzip_check(gz.data, gz.len, 2000), -EBADMSG);
	gz.data[one / 2] ^= 1;
	assert_int_equal(gzip_check(gz.data, one, 1000), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_the_header_tells_nothing),
		cmocka_unit_test(test_in_pieces),
		cmocka_unit_test(test_errors_of_the_receiver),
		cmocka_unit_test(test_several_members),
		cmocka_unit_test(test_a_bomb_is_too_large),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_files_are_checked_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
