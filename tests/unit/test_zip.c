/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Zip files of one entry, as fixtures/zip_text.c reads them: python's reader is in tests/golden/test_writers.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/zip.h"
#include "fixtures/random.h"
#include "fixtures/zip_text.h"

#define BIG_BYTES 300000

static int put(void *arg, const void *data, size_t len)
{
	return buf__append(arg, data, len);
}

/* Given in pieces of up to @max_piece bytes. */
static void pack(struct buf *to, const char *name, const char *data, size_t len, size_t max_piece)
{
	_cleanup_(zip__fini) struct zip z;

	zip__init(&z, name, put, to);
	for (size_t at = 0; at < len; at += max_piece) {
		size_t n = len - at < max_piece ? len - at : max_piece;

		assert_int_equal(zip__write(&z, data + at, n), 0);
	}
	assert_int_equal(zip__finish(&z), 0);
}

static void check_round_trip(const char *name, const char *data, size_t len)
{
	_cleanup_buf_ struct buf whole, pieces;
	size_t back_len = 0;
	char *back;

	buf__init(&whole, 1 << 20);
	buf__init(&pieces, 1 << 20);
	pack(&whole, name, data, len, SIZE_MAX);
	back = zip_text(whole.data, whole.len, &back_len);
	assert_non_null(back);
	assert_int_equal(back_len, len);
	assert_memory_equal(back, data, len);
	free(back);
	pack(&pieces, name, data, len, 977);
	assert_int_equal(pieces.len, whole.len);
	assert_memory_equal(pieces.data, whole.data, whole.len);
}

static void test_round_trips(void **state _unused_)
{
	_cleanup_free_ char *big = malloc(BIG_BYTES);

	assert_non_null(big);
	check_round_trip("nothing.txt", "", 0);
	check_round_trip("a", "b", 1);
	check_round_trip("zeros", "a\0b\xff", 4);
	random_seed(7);
	for (size_t i = 0; i < BIG_BYTES; i++)
		big[i] = (char)random_u64(); /* grows when it is packed */
	check_round_trip("random", big, BIG_BYTES);
	memset(big, 'y', BIG_BYTES);
	check_round_trip("folder/of.xml", big, BIG_BYTES);
}

/* The fixture would notice. */
static void test_damage_shows(void **state _unused_)
{
	_cleanup_buf_ struct buf zip;

	buf__init(&zip, 1000);
	pack(&zip, "name", "some text, some text, some more text", 36, SIZE_MAX);
	for (size_t i = 0; i < zip.len; i++) {
		char *back;

		zip.data[i] ^= 0x40;
		back = zip_text(zip.data, zip.len, NULL);
		/* What made it, and in which version, is nothing to a reader. */
		if (i != zip.len - 22 - 4 - 46 + 4 && i != zip.len - 22 - 4 - 46 + 5)
			assert_null(back);
		free(back);
		zip.data[i] ^= 0x40;
	}
}

static int refuse(void *arg, const void *data _unused_, size_t len _unused_)
{
	++*(int *)arg;
	return -ENOSPC;
}

/* The first error stays, and nothing is put after it. */
static void test_errors_of_the_receiver(void **state _unused_)
{
	struct zip z;
	int cnt = 0;

	zip__init(&z, "name", refuse, &cnt);
	assert_int_equal(zip__write(&z, "text", 4), -ENOSPC);
	assert_int_equal(zip__finish(&z), -ENOSPC);
	assert_int_equal(cnt, 1);
	zip__fini(&z);
	zip__fini(&z);
}

/* Beyond what 32 bits tell it is an error, not a file that tells less. */
static void test_too_large(void **state _unused_)
{
	_cleanup_buf_ struct buf zip;
	struct zip z;

	buf__init(&zip, 1000);
	zip__init(&z, "name", put, &zip);
	z.plain_bytes = UINT32_MAX - 5;
	assert_int_equal(zip__write(&z, "text", 4), 0);
	assert_int_equal(zip__write(&z, "text", 4), -EFBIG);
	assert_int_equal(zip__finish(&z), -EFBIG);
	zip__fini(&z);
	zip__init(&z, "name", put, &zip);
	z.packed_bytes = UINT32_MAX - 5;
	assert_int_equal(zip__finish(&z), -EFBIG);
	zip__fini(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_damage_shows),
		cmocka_unit_test(test_errors_of_the_receiver),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
