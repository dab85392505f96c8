/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Zip files of others: ours read back, stored entries, and files that are cut or lie. Python's are in tests/live/test_info.py. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/zip.h"
#include "fixtures/random.h"
#include "format/zip_file.h"

static int append(void *arg, const void *data, size_t len)
{
	return buf__append(arg, data, len);
}

static void pack(struct buf *to, const char *name, const void *data, size_t len)
{
	struct zip z;

	buf__init(to, 1 << 22);
	zip__init(&z, name, append, to);
	zip__write(&z, data, len);
	assert_int_equal(zip__finish(&z), 0);
	zip__fini(&z);
}

/* The first entry's data; from memory of exactly its size. The first error of all steps. */
static int unpack(const struct buf *b, size_t len, struct zip_entry *ret, struct buf *to)
{
	void *exact = malloc(len ? len : 1);
	struct file_input in;
	struct zip_file z;
	int err;

	memcpy(exact, b->data, len);
	buf__init(to, 1 << 22);
	file_input__open_memory(&in, exact, len);
	err = zip_file__open(&z, &in);
	if (!err)
		err = zip_file__next(&z, ret);
	if (err == 1)
		err = zip_file__unpack(&z, ret, append, to);
	else if (!err)
		err = -ENOENT;
	free(exact);
	return err;
}

static void test_there_and_back(void **state _unused_)
{
	static const size_t lens[] = {0, 1, 100, 65536, 65537, 1000000};
	uint8_t *data = malloc(1000000);

	random_seed(1);
	for (size_t i = 0; i < 1000000; i++)
		data[i] = once_in(3) ? (uint8_t)random_u64() : 'a';
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		_cleanup_buf_ struct buf packed, text;
		struct zip_entry e;
		struct file_input in;

		pack(&packed, "dir/trace.etl", data, lens[i]);
		file_input__open_memory(&in, packed.data, packed.len);
		assert_true(zip_file_is_one(&in));
		assert_int_equal(unpack(&packed, packed.len, &e, &text), 0);
		assert_string_equal(e.name, "dir/trace.etl");
		assert_int_equal(e.bytes, lens[i]);
		assert_int_equal(text.len, lens[i]);
		if (lens[i])
			assert_memory_equal(text.data, data, lens[i]);
	}
	free(data);
}

static void test_a_long_name_is_cut(void **state _unused_)
{
	_cleanup_buf_ struct buf packed, text;
	struct zip_entry e;
	char name[400];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	pack(&packed, name, "data", 4);
	assert_int_equal(unpack(&packed, packed.len, &e, &text), 0);
	assert_int_equal(strlen(e.name), ZIP_FILE_NAME_BYTES - 1);
	assert_string_equal(buf__str(&text), "data");
}

static void test_files_that_are_cut(void **state _unused_)
{
	_cleanup_buf_ struct buf packed;

	pack(&packed, "trace.etl", "data and data and data", 22);
	for (size_t len = 0; len < packed.len; len++) {
		_cleanup_buf_ struct buf text;
		struct zip_entry e;

		assert_int_equal(unpack(&packed, len, &e, &text), -EBADMSG);
	}
}

/* What is unpacked is right, or an error is told. */
static void test_damaged_files(void **state _unused_)
{
	static const char data[] = "one and one and one and two and three";
	_cleanup_buf_ struct buf packed;
	int right = 0;

	random_seed(2);
	pack(&packed, "trace.etl", data, sizeof(data) - 1);
	for (int run = 0; run < 20000; run++) {
		_cleanup_buf_ struct buf text;
		size_t at = random_below(packed.len);
		char was = packed.data[at];
		struct zip_entry e;

		packed.data[at] = (char)(once_in(3) ? 0xff : random_u64());
		if (!unpack(&packed, packed.len, &e, &text)) {
			assert_string_equal(buf__str(&text), data);
			right++;
		}
		packed.data[at] = was;
	}
	/* Times and the like don't matter. */
	assert_true(right > 1000 && right < 15000);
}

static void test_ways_that_are_not_read(void **state _unused_)
{
	_cleanup_buf_ struct buf packed, text, more;
	struct zip_entry e;
	size_t directory;

	pack(&packed, "t.etl", "data", 4);
	directory = packed.len - 22 - 46 - 5;
	assert_memory_equal(packed.data + directory, "PK\1\2", 4);
	packed.data[directory + 8] |= 1; /* encrypted */
	assert_int_equal(unpack(&packed, packed.len, &e, &text), -ENOTSUP);
	packed.data[directory + 8] &= ~1;
	packed.data[directory + 10] = 12; /* bzip2 */
	assert_int_equal(unpack(&packed, packed.len, &e, &more), -ENOTSUP);
}

/* It unpacks to more than it says: not one byte more is given. */
static void test_more_than_it_says(void **state _unused_)
{
	_cleanup_buf_ struct buf packed, text;
	struct zip_entry e;
	size_t directory;

	pack(&packed, "t.etl", "data", 4);
	directory = packed.len - 22 - 46 - 5;
	assert_int_equal(packed.data[directory + 24], 4);
	packed.data[directory + 24] = 3;
	assert_int_equal(unpack(&packed, packed.len, &e, &text), -EBADMSG);
	assert_true(text.len <= 3);
}

static int refuse(void *arg _unused_, const void *data _unused_, size_t len _unused_)
{
	return -ENOSPC;
}

static void test_an_error_of_the_taker_ends_it(void **state _unused_)
{
	_cleanup_buf_ struct buf packed;
	struct file_input in;
	struct zip_entry e;
	struct zip_file z;

	pack(&packed, "t.etl", "data", 4);
	file_input__open_memory(&in, packed.data, packed.len);
	assert_int_equal(zip_file__open(&z, &in), 0);
	assert_int_equal(zip_file__next(&z, &e), 1);
	assert_int_equal(zip_file__unpack(&z, &e, refuse, NULL), -ENOSPC);
	assert_int_equal(zip_file__next(&z, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_a_long_name_is_cut),
		cmocka_unit_test(test_files_that_are_cut),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_ways_that_are_not_read),
		cmocka_unit_test(test_more_than_it_says),
		cmocka_unit_test(test_an_error_of_the_taker_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
