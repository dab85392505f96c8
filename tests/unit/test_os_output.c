/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os_output.h"
#include "base/os_privilege.h"

#define OTHER_USER 65534

static char dir[64];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_os_output.XXXXXX");
	return mkdtemp(dir) && !chdir(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	unlink("old");
	return chdir("/") || rmdir(dir) ? -1 : 0;
}

/* What it takes to name a file "old" in the directory, which belongs to @uid; and that it works with no more. */
static uint64_t taken(uid_t uid, mode_t mode)
{
	uint64_t before = os_privilege_effective(), mask;
	struct atomic_file f;

	assert_int_equal(chown(dir, uid, (gid_t)-1), 0);
	assert_int_equal(chmod(dir, mode), 0);
	assert_int_equal(atomic_file__open(&f, "old", 0600), 0);
	mask = os_output_capabilities(&f);
	assert_int_equal(os_privilege_effective(), before);
	/* All that belongs to files but what was named. */
	assert_int_equal(os_privilege_set_effective(mask), 0);
	assert_int_equal(atomic_file__commit(&f), 0);
	assert_int_equal(os_privilege_set_effective(before), 0);
	return mask;
}

static void skip_without_root(void)
{
	if (geteuid())
		skip();
}

static void test_directory_of_our_own(void **state)
{
	(void)state;
	skip_without_root();
	assert_int_equal(taken(0, 0700), 0);
	assert_int_equal(taken(0, 0755), 0);
}

/* `sudo dwell record` in one's own directory. */
static void test_directory_of_another(void **state)
{
	(void)state;
	skip_without_root();
	assert_int_equal(taken(OTHER_USER, 0755), OS_CAP(CAP_DAC_OVERRIDE));
	assert_int_equal(taken(OTHER_USER, 0700), OS_CAP(CAP_DAC_OVERRIDE));
	assert_int_equal(taken(OTHER_USER, 0777), 0);
}

static void test_file_of_another_where_only_owners_remove(void **state)
{
	(void)state;
	skip_without_root();
	assert_int_equal(taken(OTHER_USER, 01777), 0);
	assert_int_equal(chown("old", OTHER_USER, (gid_t)-1), 0);
	assert_int_equal(taken(OTHER_USER, 01777), OS_CAP(CAP_FOWNER));
	assert_int_equal(chown("old", OTHER_USER, (gid_t)-1), 0);
	assert_int_equal(taken(OTHER_USER, 01755), OS_CAP(CAP_FOWNER) | OS_CAP(CAP_DAC_OVERRIDE));
	/* The directory's owner may remove any. */
	assert_int_equal(chown("old", OTHER_USER, (gid_t)-1), 0);
	assert_int_equal(taken(0, 01777), 0);
}

static void test_what_gets_no_name(void **state)
{
	struct atomic_file f = {.dir_fd = -1}, zero = {0};

	(void)state;
	assert_int_equal(os_output_capabilities(&f), 0);
	assert_int_equal(os_output_capabilities(&zero), 0);
	assert_int_equal(atomic_file__open(&f, "/dev/null", 0600), 0);
	assert_int_equal(os_output_capabilities(&f), 0);
	atomic_file__abort(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_directory_of_our_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directory_of_another, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_of_another_where_only_owners_remove,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_gets_no_name, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
