/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Paths of cgroups of this machine, and of such that are gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/os_read.h"
#include "format/cgroup_name.h"
#include "source/os_cgroup.h"

/* A cgroup that is made here: where, and what it is called below the mount. */
static char dir[128], name[64];
static uint64_t dir_id;

/* False: no v2 hierarchy here in which one may be made. */
static bool make_cgroup(const char *suffix)
{
	static const char *const mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	struct stat st;

	snprintf(name, sizeof(name), "/dwell-test-%d%s", (int)getpid(), suffix);
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		char procs[128];

		snprintf(procs, sizeof(procs), "%s/cgroup.controllers", mounts[i]);
		snprintf(dir, sizeof(dir), "%s%s", mounts[i], name);
		if (access(procs, F_OK) || mkdir(dir, 0755) || stat(dir, &st))
			continue;
		dir_id = st.st_ino;
		return true;
	}
	return false;
}

static struct wire_image self(void)
{
	return (struct wire_image){.pid = (uint32_t)getpid(), .exec_id = 1, .start_ns = 1};
}

static void test_own_process(void **state _unused_)
{
	struct os_cgroups *c = os_cgroups__new();
	struct wire_image image = self();
	char path[OS_CGROUP_PATH], expected[OS_CGROUP_PATH];
	_cleanup_buf_ struct buf text = {0};

	assert_non_null(c);
	os_cgroups__set_by_image(c, true);
	assert_int_equal(os_read_file("/proc/self/cgroup", 65536, &text), 0);
	assert_int_equal(proc_cgroup_parse(text.data, text.len, false, expected, sizeof(expected)),
			 0);
	assert_int_equal(os_cgroups__path(c, 0, &image, path, sizeof(path)), 0);
	assert_string_equal(path, expected);
	assert_int_equal(os_cgroups__path(c, 0, &image, path, strlen(expected)), -ENAMETOOLONG);
	os_cgroups__free(c);
	os_cgroups__free(NULL);
}

static void test_no_such_process(void **state _unused_)
{
	struct os_cgroups *c = os_cgroups__new();
	struct wire_image image = {.pid = 0x7fffffff};
	char path[OS_CGROUP_PATH];

	assert_non_null(c);
	os_cgroups__set_by_image(c, true);
	assert_int_equal(os_cgroups__path(c, 0, &image, path, sizeof(path)), -ENOENT);
	os_cgroups__set_by_image(c, false);
	assert_int_equal(os_cgroups__path(c, 0x123456789, &image, path, sizeof(path)), -ENOENT);
	os_cgroups__free(c);
}

/* So many others are asked for, each a process of its own to the table. */
static void ask_for_others(struct os_cgroups *c, uint32_t cnt)
{
	static uint64_t start_ns = 1000;
	struct wire_image image = self();
	char path[OS_CGROUP_PATH];

	os_cgroups__set_by_image(c, true);
	for (uint32_t i = 0; i < cnt; i++) {
		image.start_ns = start_ns++;
		assert_int_equal(os_cgroups__path(c, 0, &image, path, sizeof(path)), 0);
	}
	os_cgroups__set_by_image(c, false);
}

static void check_known(struct os_cgroups *c, bool known)
{
	struct wire_image image = {.pid = 0x7fffffff};
	char path[OS_CGROUP_PATH] = "";

	assert_int_equal(os_cgroups__path(c, dir_id, &image, path, sizeof(path)),
			 known ? 0 : -ENOENT);
	assert_string_equal(path, known ? name : "");
}

/* Its name stays while it is asked for, or few others are. */
static void test_removed(void **state _unused_)
{
	struct os_cgroups *c;

	if (!make_cgroup(""))
		skip();
	c = os_cgroups__new();
	assert_non_null(c);
	os_cgroups__set_by_image(c, false);
	check_known(c, true);
	assert_int_equal(rmdir(dir), 0);
	check_known(c, true);
	for (int i = 0; i < 4; i++) {
		ask_for_others(c, OS_CGROUP_KEEP);
		check_known(c, true);
	}
	ask_for_others(c, 2 * OS_CGROUP_KEEP);
	check_known(c, false);
	os_cgroups__free(c);
}

/* It was gone before anybody asked. */
static void test_removed_before(void **state _unused_)
{
	struct os_cgroups *c;

	if (!make_cgroup("-before"))
		skip();
	assert_int_equal(rmdir(dir), 0);
	c = os_cgroups__new();
	assert_non_null(c);
	os_cgroups__set_by_image(c, false);
	check_known(c, false);
	os_cgroups__free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_process),
		cmocka_unit_test(test_no_such_process),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_removed_before),
	};

	return cmocka_run_group_tests_name("os_cgroup", tests, NULL, NULL);
}
