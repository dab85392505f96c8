/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os_dir.h"
#include "base/os_file.h"
#include "base/os_stream.h"
#include "fixtures/tmpdir.h"

/* Stand before the C library's: file systems that can't promise not to replace, disks that fail to sync. */
static bool no_noreplace;
static int sync_errno;

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	if (no_noreplace && flags) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int fsync(int fd)
{
	if (sync_errno) {
		errno = sync_errno;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static char dir[TMPDIR_LEN];
static int dir_fd;

static int setup(void **state)
{
	(void)state;
	no_noreplace = false;
	sync_errno = 0;
	tmpdir_make(dir);
	dir_fd = os_dir_open(dir);
	return dir_fd < 0;
}

static int teardown(void **state)
{
	(void)state;
	os_close(dir_fd);
	tmpdir_remove(dir);
	return 0;
}

static unsigned int mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void test_a_directory_is_made_as_asked_in_spite_of_the_umask(void **state)
{
	mode_t old = umask(077);
	int fd = os_dir_make_in(dir_fd, "sub", 02770, OS_DIR_NO_GROUP);

	(void)state;
	umask(old);
	assert_true(fd >= 0);
	os_close(fd);
	assert_int_equal(mode_of("sub"), 02770);
	fd = os_dir_make_in(dir_fd, "sub", 0750, OS_DIR_NO_GROUP);
	os_close(fd);
	assert_int_equal(mode_of("sub"), 02770); /* one that is there is left as it is */
	assert_int_equal(os_dir_make_in(dir_fd, "no/sub", 0750, OS_DIR_NO_GROUP), -ENOENT);
}

static void test_a_link_is_no_directory_and_no_file(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("/etc", dir_fd, "dir"), 0);
	assert_int_equal(symlinkat("/etc/passwd", dir_fd, "file"), 0);
	assert_int_equal(os_dir_make_in(dir_fd, "dir", 0750, OS_DIR_NO_GROUP), -ENOTDIR);
	assert_int_equal(os_dir_open_in(dir_fd, "dir"), -ENOTDIR);
	assert_int_equal(os_dir_open_file(dir_fd, "file"), -EINVAL);
	assert_int_equal(os_dir_open_file(dir_fd, "."), -EINVAL);
	assert_int_equal(os_dir_open_file(dir_fd, "none"), -ENOENT);
	assert_int_equal(mkfifoat(dir_fd, "fifo", 0600), 0);
	assert_int_equal(os_dir_open_file(dir_fd, "fifo"), -EINVAL);
}

static int count_entry(void *arg, const struct os_dir_entry *e)
{
	char *names = arg;

	snprintf(names + strlen(names), 200 - strlen(names), "%s:%d ", e->name, (int)e->bytes);
	return 0;
}

static int stop(void *arg, const struct os_dir_entry *e)
{
	(void)arg, (void)e;
	return -EXDEV;
}

static void test_each_sees_regular_files_only(void **state)
{
	char names[200] = "";

	(void)state;
	tmpdir_write(dir, "a", "12345");
	assert_int_equal(symlinkat("a", dir_fd, "link"), 0);
	os_close(os_dir_make_in(dir_fd, "sub", 0750, OS_DIR_NO_GROUP));
	assert_int_equal(os_dir_each(dir_fd, count_entry, names), 0);
	assert_int_equal(os_dir_each(dir_fd, count_entry, names), 0); /* from the beginning again */
	assert_string_equal(names, "a:5 a:5 ");
	assert_int_equal(os_dir_each(dir_fd, stop, NULL), -EXDEV);
}

static void test_the_lock_is_for_one_and_goes_with_it(void **state)
{
	int fd = os_dir_lock(dir_fd, ".lock"), status;
	pid_t pid = fork();

	(void)state;
	assert_true(fd >= 0);
	if (!pid) { /* another open, so another owner */
		if (os_dir_lock(dir_fd, ".lock") != -EBUSY)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	os_close(fd);
	fd = os_dir_lock(dir_fd, ".lock");
	assert_true(fd >= 0);
	os_close(fd);
}

static void write_file(const char *name, const char *content, bool replace, int expected)
{
	struct dir_file f;
	uint64_t bytes = 0;

	assert_int_equal(dir_file__open(&f, dir_fd, name, 0640), 0);
	fputs(content, f.fp);
	assert_int_equal(dir_file__commit(&f, replace, &bytes), expected);
	assert_null(f.fp);
	if (!expected)
		assert_int_equal(bytes, strlen(content));
}

static void assert_content(const char *name, const char *content)
{
	_cleanup_buf_ struct buf b = {.data = NULL};

	assert_int_equal(os_dir_read(dir_fd, name, 100, &b), 0);
	assert_string_equal(buf__str(&b), content);
}

static void test_a_file_appears_at_its_commit(void **state)
{
	mode_t old = umask(077);
	struct dir_file f;

	(void)state;
	assert_int_equal(dir_file__open(&f, dir_fd, "a", 0640), 0);
	fputs("new", f.fp);
	assert_string_equal(tmpdir_names(dir, ""), "a.tmp ");
	assert_int_equal(dir_file__commit(&f, false, NULL), 0);
	umask(old);
	assert_string_equal(tmpdir_names(dir, ""), "a ");
	assert_int_equal(mode_of("a"), 0640);
	assert_content("a", "new");
	dir_file__abort(&f);
	assert_string_equal(tmpdir_names(dir, ""), "a ");
}

static void test_an_old_file_is_replaced_only_if_wanted(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		no_noreplace = i;
		write_file("a", "one", true, 0);
		write_file("a", "two", false, -EEXIST);
		assert_content("a", "one");
		write_file("a", "three", true, 0);
		assert_content("a", "three");
		write_file("b", "four", false, 0);
		assert_content("b", "four");
		assert_string_equal(tmpdir_names(dir, ""), "a b ");
		assert_int_equal(os_dir_remove(dir_fd, "b"), 0);
		assert_int_equal(os_dir_remove(dir_fd, "b"), 0);
	}
}

static void test_an_aborted_file_leaves_nothing(void **state)
{
	struct dir_file f, zero = {.fp = NULL};

	(void)state;
	assert_int_equal(dir_file__open(&f, dir_fd, "a", 0640), 0);
	fputs("x", f.fp);
	dir_file__abort(&f);
	dir_file__abort(&f);
	dir_file__abort(&zero);
	assert_string_equal(tmpdir_names(dir, ""), "");
}

static void test_a_leftover_is_in_nobodys_way(void **state)
{
	(void)state;
	tmpdir_write(dir, "a.tmp", "torn, and longer than the new one");
	write_file("a", "new", false, 0);
	assert_content("a", "new");
	assert_string_equal(tmpdir_names(dir, ""), "a ");
	/* Nor does a link lead elsewhere. */
	tmpdir_write(dir, "victim", "safe");
	assert_int_equal(symlinkat("victim", dir_fd, "b.tmp"), 0);
	write_file("b", "new", false, 0);
	assert_content("victim", "safe");
}

static void test_a_sync_that_fails_leaves_nothing(void **state)
{
	(void)state;
	write_file("old", "old", false, 0);
	sync_errno = EIO;
	write_file("a", "x", false, -EIO);
	write_file("old", "x", true, -EIO);
	assert_string_equal(tmpdir_names(dir, ""), "old ");
	assert_content("old", "old");
	sync_errno = EINVAL; /* can't sync at all */
	write_file("a", "x", false, 0);
}

static void test_a_full_disk_is_named(void **state)
{
	struct dir_file f;
	int full;

	(void)state;
	assert_int_equal(dir_file__open(&f, dir_fd, "a", 0640), 0);
	full = open("/dev/full", O_WRONLY);
	assert_true(dup3(full, f.stream->fd, O_CLOEXEC) >= 0);
	close(full);
	setvbuf(f.fp, NULL, _IONBF, 0);
	fputs("x", f.fp); /* fails now, unseen */
	assert_int_equal(dir_file__commit(&f, false, NULL), -ENOSPC);
	assert_string_equal(tmpdir_names(dir, ""), "");
	assert_int_equal(os_dir_has_room(dir_fd, 0), 0);
	assert_int_equal(os_dir_has_room(dir_fd, 1), 0);
	assert_int_equal(os_dir_has_room(dir_fd, UINT64_MAX), -ENOSPC);
}

static void test_names_of_temporary_files(void **state)
{
	char name[NAME_MAX + 1], longest[NAME_MAX + 1];
	struct dir_file f;

	(void)state;
	assert_true(dir_file_is_tmp("a.tmp", name));
	assert_string_equal(name, "a");
	assert_false(dir_file_is_tmp(".tmp", name));
	assert_false(dir_file_is_tmp("a.tmpx", name));
	assert_false(dir_file_is_tmp("", name));
	memset(longest, 'x', NAME_MAX);
	longest[NAME_MAX] = '\0';
	assert_int_equal(dir_file__open(&f, dir_fd, longest, 0640), -ENAMETOOLONG);
	longest[NAME_MAX - 4] = '\0';
	write_file(longest, "x", false, 0);
}

static void test_a_file_is_taken_by_one_or_by_several(void **state)
{
	int a, b, c;

	(void)state;
	write_file("a", "x", false, 0);
	a = os_dir_open_file(dir_fd, "a");
	b = os_dir_open_file(dir_fd, "a");
	c = os_dir_open_file(dir_fd, "a");
	assert_int_equal(os_file_take(a, false), 0);
	assert_int_equal(os_file_take(b, false), 0);
	assert_int_equal(os_file_take(c, true), -EBUSY);
	os_close(a);
	os_close(b);
	assert_int_equal(os_file_take(c, true), 0);
	assert_int_equal(os_dir_remove(dir_fd, "a"), 0);
	assert_int_equal(os_file_take(c, true), -ENOENT);
	os_close(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_directory_is_made_as_asked_in_spite_of_the_umask),
		TEST(test_a_link_is_no_directory_and_no_file),
		TEST(test_each_sees_regular_files_only),
		TEST(test_the_lock_is_for_one_and_goes_with_it),
		TEST(test_a_file_appears_at_its_commit),
		TEST(test_an_old_file_is_replaced_only_if_wanted),
		TEST(test_an_aborted_file_leaves_nothing),
		TEST(test_a_leftover_is_in_nobodys_way),
		TEST(test_a_sync_that_fails_leaves_nothing),
		TEST(test_a_full_disk_is_named),
		TEST(test_names_of_temporary_files),
		TEST(test_a_file_is_taken_by_one_or_by_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
