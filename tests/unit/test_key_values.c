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

#include "format/key_values.h"

static void test_what_was_added_is_found(void **state)
{
	_cleanup_key_values_ struct key_values kv, again;
	char value[8];
	uint64_t v = 7;

	(void)state;
	key_values__init(&kv);
	key_values__add_u64(&kv, "max", UINT64_MAX);
	key_values__add(&kv, "text", "two words\n\xff");
	key_values__add(&kv, "empty", "");
	assert_int_equal(kv.text.err, 0);
	assert_string_equal(buf__str(&kv.text), "max 18446744073709551615\ntext two words??\n"
						"empty \n");
	assert_int_equal(key_values__parse(&again, kv.text.data, kv.text.len), 0);
	assert_string_equal(buf__str(&again.text), buf__str(&kv.text));
	assert_int_equal(key_values__get_u64(&again, "max", &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(key_values__get(&again, "text", value, sizeof(value)), 0);
	assert_string_equal(value, "two wor");
	assert_int_equal(key_values__get_u64(&again, "text", &v), -EBADMSG);
	assert_int_equal(key_values__get_u64(&again, "empty", &v), -EBADMSG);
	assert_int_equal(key_values__get_u64(&again, "tex", &v), -ENOENT);
	assert_true(v == UINT64_MAX);
}

static void test_a_bad_key_is_an_error(void **state)
{
	static const char *const bad[] = {"", "A", "a b", "a\n", "twice"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		_cleanup_key_values_ struct key_values kv;

		key_values__init(&kv);
		key_values__add(&kv, "twice", "1");
		key_values__add(&kv, bad[i], "2");
		assert_int_equal(kv.text.err, -EINVAL);
	}
}

static void test_other_files_are_refused(void **state)
{
	static const char *const bad[] = {
		"a 1",	      "\n",    "a\n",	   " 1\n",     "a 1\n\n",
		"a 1\na 2\n", "A 1\n", "a \x01\n", "a \x80\n", "a\t1\n",
	};
	char big[KEY_VALUES_MAX_BYTES + 10];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		_cleanup_key_values_ struct key_values kv;

		assert_int_equal(key_values__parse(&kv, bad[i], strlen(bad[i])), -EBADMSG);
		assert_string_equal(buf__str(&kv.text), "");
	}
	memset(big, 'x', sizeof(big));
	memcpy(big, "a ", 2);
	big[sizeof(big) - 1] = '\n';
	_cleanup_key_values_ struct key_values kv;

	assert_int_equal(key_values__parse(&kv, big, sizeof(big)), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_added_is_found),
		cmocka_unit_test(test_a_bad_key_is_an_error),
		cmocka_unit_test(test_other_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
