/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_file.h"
#include "base/os_stream.h"
#include "base/os_temp.h"

/*
 * Stands before the C library's: with no_tmpfile it is a file system without O_TMPFILE. All tests run
 * on both.
 */
static bool no_tmpfile;

int openat(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, dir_fd, path, flags, mode);
}

/* Each test runs in a directory of its own, which must hold nothing unexpected at its end. */
static char dir[64];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_os_file.XXXXXX");
	umask(022);
	return mkdtemp(dir) && !chdir(dir) ? 0 : -1;
}

static int entries(bool remove_them)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		n++;
		if (remove_them)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
	return n;
}

static int teardown(void **state)
{
	(void)state;
	chmod(dir, 0700);
	entries(true);
	return chdir("/") || rmdir(dir) ? -1 : 0;
}

static void put(const char *path, const char *text)
{
	FILE *fp = fopen(path, "wb");

	assert_non_null(fp);
	fputs(text, fp);
	assert_int_equal(fclose(fp), 0);
}

static void assert_content(const char *path, const char *want)
{
	char text[256] = {0};
	FILE *fp = fopen(path, "rb");

	assert_non_null(fp);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, fp), strlen(want));
	assert_string_equal(text, want);
	fclose(fp);
}

static void write_file(const char *path, const char *text)
{
	struct atomic_file f;

	assert_int_equal(atomic_file__open(&f, path, 0666), 0);
	fputs(text, f.fp);
	assert_int_equal(atomic_file__commit(&f), 0);
	assert_null(f.fp);
	atomic_file__abort(&f);
}

static void test_file_appears_at_commit(void **state)
{
	struct atomic_file f;
	struct stat st;

	(void)state;
	assert_int_equal(atomic_file__open(&f, "out", 0666), 0);
	fputs("new", f.fp);
	fflush(f.fp);
	assert_int_equal(access("out", F_OK), -1);
	assert_int_equal(atomic_file__commit(&f), 0);
	assert_content("out", "new");
	assert_int_equal(stat("out", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(entries(false), 1);
}

static void test_file_mode_obeys_umask(void **state)
{
	struct atomic_file f;
	struct stat st;

	(void)state;
	umask(077);
	assert_int_equal(atomic_file__open(&f, "out", 0640), 0);
	assert_int_equal(atomic_file__commit(&f), 0);
	assert_int_equal(stat("out", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_file_replaces_at_commit(void **state)
{
	struct atomic_file f;

	(void)state;
	put("out", "old and longer");
	assert_int_equal(atomic_file__open(&f, "out", 0666), 0);
	fputs("new", f.fp);
	fflush(f.fp);
	assert_content("out", "old and longer");
	assert_int_equal(atomic_file__commit(&f), 0);
	assert_content("out", "new");
	assert_int_equal(entries(false), 1);
}

static void test_file_abort_leaves_all_as_it_was(void **state)
{
	struct atomic_file f;

	(void)state;
	put("old", "old");
	assert_int_equal(atomic_file__open(&f, "old", 0666), 0);
	fputs("new", f.fp);
	atomic_file__abort(&f);
	atomic_file__abort(&f);
	assert_content("old", "old");
	assert_int_equal(atomic_file__open(&f, "new", 0666), 0);
	atomic_file__abort(&f);
	assert_int_equal(entries(false), 1);
	assert_int_equal(atomic_file__commit(&f), -EBADF);
}

/* A zeroed struct holds no descriptor: 0 stays open. */
static void test_file_abort_of_nothing(void **state)
{
	struct atomic_file f = {0};
	int was_open = fcntl(0, F_GETFD);

	(void)state;
	atomic_file__abort(&f);
	assert_int_equal(fcntl(0, F_GETFD), was_open);
}

static void test_file_killed_leaves_nothing(void **state)
{
	struct atomic_file f;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(atomic_file__open(&f, "probe", 0666), 0);
	assert_true(!no_tmpfile || f.tmp_name);
	if (f.tmp_name) {
		assert_int_equal(f.tmp_name[0], '.');
		assert_int_equal(access(f.tmp_name, F_OK), 0);
		atomic_file__abort(&f);
		assert_int_equal(entries(false), 0);
		return; /* a name can't be taken back by the dead */
	}
	atomic_file__abort(&f);
	pid = fork();
	if (!pid) {
		if (atomic_file__open(&f, "out", 0666))
			_exit(1);
		fputs("new", f.fp);
		fflush(f.fp);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(entries(false), 0);
}

static void test_file_follows_links(void **state)
{
	struct stat st;

	(void)state;
	put("target", "old");
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(symlink("link", "link2"), 0);
	write_file("link2", "new");
	assert_content("target", "new");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(entries(false), 3);
}

static void test_file_follows_links_to_elsewhere_and_nowhere(void **state)
{
	char abs[128];
	struct stat st;

	(void)state;
	snprintf(abs, sizeof(abs), "%s/not-yet", dir);
	assert_int_equal(symlink(abs, "link"), 0);
	write_file("link", "new");
	assert_content("not-yet", "new");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	/* Relative to the link, not to the working directory. */
	assert_int_equal(chdir("/"), 0);
	snprintf(abs, sizeof(abs), "%s/relative", dir);
	assert_int_equal(symlink("not-yet", abs), 0);
	write_file(abs, "newer");
	assert_int_equal(chdir(dir), 0);
	assert_content("not-yet", "newer");
}

/* ---- what another user laid where everybody may make files ---- */

#define OTHER_USER 65534

/* A file of another user's that must stay as it is, and the directory in which all may make files. */
static void make_shared(mode_t mode)
{
	if (geteuid())
		skip();
	put("precious", "old");
	assert_int_equal(mkdir("shared", 0700), 0);
	assert_int_equal(chmod("shared", mode), 0);
}

static void remove_shared(void)
{
	unlink("shared/x");
	unlink("shared/y");
	assert_int_equal(rmdir("shared"), 0);
}

static void lay_link(const char *target, const char *path, uid_t uid)
{
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(lchown(path, uid, (gid_t)-1), 0);
}

static void assert_refused(const char *path)
{
	struct atomic_file f;

	assert_int_equal(atomic_file__open(&f, path, 0666), -EEXIST);
	assert_non_null(strstr(error_text(-EEXIST), "another user (uid 65534)"));
	assert_null(f.fp);
}

/* Also where the kernel is told to follow it (fs.protected_symlinks 0): we do it ourselves, so the rule is ours. */
static void test_file_laid_links_are_not_followed(void **state)
{
	(void)state;
	make_shared(01777);
	lay_link("../precious", "shared/x", OTHER_USER);
	assert_refused("shared/x");
	/* At the end of a link of our own, to nothing yet, and to a device. */
	lay_link("shared/x", "mine", 0);
	assert_refused("mine");
	assert_int_equal(unlink("shared/x"), 0);
	lay_link("../not-yet", "shared/x", OTHER_USER);
	assert_refused("shared/x");
	assert_int_equal(unlink("shared/x"), 0);
	lay_link("/dev/null", "shared/x", OTHER_USER);
	assert_refused("shared/x");
	assert_content("precious", "old");
	assert_int_equal(access("not-yet", F_OK), -1);
	remove_shared();
}

static void test_file_links_of_those_who_may(void **state)
{
	(void)state;
	make_shared(01777);
	lay_link("../precious", "shared/x", 0);
	write_file("shared/x", "ours");
	assert_content("precious", "ours");
	/* The directory's owner's, who may do there what he wants. */
	assert_int_equal(chown("shared", OTHER_USER, (gid_t)-1), 0);
	assert_int_equal(lchown("shared/x", OTHER_USER, (gid_t)-1), 0);
	write_file("shared/x", "his");
	assert_content("precious", "his");
	/* Elsewhere it is the business of who named it. */
	assert_int_equal(chown("shared", 0, (gid_t)-1), 0);
	assert_int_equal(chmod("shared", 0755), 0);
	write_file("shared/x", "anybody's");
	assert_content("precious", "anybody's");
	remove_shared();
}

/* Not opened even: that would wait for the one who reads it. */
static void test_file_laid_fifo_is_not_written_to(void **state)
{
	(void)state;
	make_shared(01777);
	assert_int_equal(mkfifo("shared/y", 0666), 0);
	assert_int_equal(chown("shared/y", OTHER_USER, (gid_t)-1), 0);
	assert_refused("shared/y");
	lay_link("y", "shared/x", 0);
	assert_refused("shared/x");
	remove_shared();
}

/* A file of another user is replaced, not written to: what he holds open of it stays empty. */
static void test_file_laid_file_is_replaced(void **state)
{
	struct stat st;

	(void)state;
	make_shared(01777);
	put("shared/x", "his");
	assert_int_equal(chown("shared/x", OTHER_USER, (gid_t)-1), 0);
	assert_int_equal(link("shared/x", "shared/y"), 0);
	write_file("shared/x", "ours");
	assert_content("shared/x", "ours");
	assert_content("shared/y", "his");
	assert_int_equal(stat("shared/x", &st), 0);
	assert_int_equal(st.st_uid, 0);
	remove_shared();
}

static void test_file_link_circle(void **state)
{
	struct atomic_file f;

	(void)state;
	assert_int_equal(symlink("b", "a"), 0);
	assert_int_equal(symlink("a", "b"), 0);
	assert_int_equal(atomic_file__open(&f, "a", 0666), -ELOOP);
	assert_null(f.fp);
}

static void test_file_fails_early(void **state)
{
	struct atomic_file f;

	(void)state;
	assert_int_equal(atomic_file__open(&f, "missing/out", 0666), -ENOENT);
	assert_int_equal(atomic_file__open(&f, "", 0666), -ENOENT);
	assert_int_equal(atomic_file__open(&f, dir, 0666), -EISDIR);
	assert_int_equal(atomic_file__open(&f, "new/", 0666), -EISDIR);
	put("file", "");
	assert_int_equal(atomic_file__open(&f, "file/out", 0666), -ENOTDIR);
}

static void test_file_fails_early_without_permission(void **state)
{
	bool root = !geteuid(); /* who may write anywhere: be somebody else for a moment */
	struct atomic_file f;
	int file, in_dir;

	(void)state;
	put("file", "");
	chmod("file", 0444);
	chmod(dir, 0555);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	file = atomic_file__open(&f, "file", 0666);
	in_dir = atomic_file__open(&f, "out", 0666);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(file, -EACCES);
	assert_int_equal(in_dir, -EACCES);
	chmod(dir, 0777);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	file = atomic_file__open(&f, "file", 0666);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(file, -EACCES); /* a rename would have been allowed */
}

static void test_file_devices_are_written_directly(void **state)
{
	struct atomic_file f;
	struct stat st;

	(void)state;
	write_file("/dev/null", "gone");
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(atomic_file__open(&f, "/dev/full", 0666), 0);
	fputs("too much", f.fp);
	assert_int_equal(atomic_file__commit(&f), -ENOSPC);
}

static void test_file_fifo_is_written_directly(void **state)
{
	struct stat st;
	char text[8] = {0};
	int fd;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	write_file("fifo", "hello");
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	close(fd);
	assert_int_equal(stat("fifo", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

/* Standard output is a file that already holds a line: what is written goes behind it. */
static void test_file_standard_output(void **state)
{
	static const char *const names[] = {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"};
	int saved, fd;

	(void)state;
	fflush(stdout);
	saved = dup(1);
	fd = open("log", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	dup2(fd, 1);
	if (write(1, "first", 5) != 5)
		fail();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		write_file(names[i], " more");
	assert_true(fcntl(1, F_GETFD) >= 0);
	dup2(saved, 1);
	close(saved);
	close(fd);
	assert_content("log", "first more more more more");
}

static void test_file_closed_descriptor(void **state)
{
	struct atomic_file f;

	(void)state;
	assert_int_equal(atomic_file__open(&f, "/dev/fd/987", 0666), -EBADF);
}

/* The error of an early write is known at the end, although later ones may have worked. */
static void test_file_early_write_error_is_not_forgotten(void **state)
{
	struct atomic_file f;
	int null;

	(void)state;
	put("out", "old");
	assert_int_equal(atomic_file__open(&f, "out", 0666), 0);
	setvbuf(f.fp, NULL, _IONBF, 0);
	null = open("/dev/full", O_WRONLY);
	dup3(null, f.stream->fd, O_CLOEXEC); /* the disk is full */
	close(null);
	assert_int_equal(fputs("x", f.fp), EOF);
	assert_int_equal(atomic_file__commit(&f), -ENOSPC);
	assert_content("out", "old");
	assert_int_equal(entries(false), 1);
}

static void test_file_longest_name(void **state)
{
	char name[256];

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	write_file(name, "one");
	write_file(name, "two"); /* takes a temporary name */
	assert_content(name, "two");
	assert_int_equal(entries(false), 1);
}

static void test_temporary_file_has_no_name(void **state)
{
	char back[6] = "";
	int fd;

	(void)state;
	setenv("TMPDIR", dir, 1);
	fd = os_temp_open();
	assert_true(fd >= 0);
	assert_int_equal(os_write_all(fd, "bytes", 5), 0);
	assert_int_equal(pread(fd, back, sizeof(back), 0), 5);
	assert_string_equal(back, "bytes");
	assert_int_equal(entries(false), 0);
	close(fd);
	setenv("TMPDIR", "/no/such/directory", 1);
	assert_int_equal(os_temp_open(), -ENOENT);
	assert_int_equal(os_write_all(-1, "bytes", 5), -EBADF);
	unsetenv("TMPDIR");
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(test_file_appears_at_commit),
		FILE_TEST(test_file_mode_obeys_umask),
		FILE_TEST(test_file_replaces_at_commit),
		FILE_TEST(test_file_abort_leaves_all_as_it_was),
		FILE_TEST(test_file_abort_of_nothing),
		FILE_TEST(test_file_killed_leaves_nothing),
		FILE_TEST(test_file_follows_links),
		FILE_TEST(test_file_follows_links_to_elsewhere_and_nowhere),
		FILE_TEST(test_file_laid_links_are_not_followed),
		FILE_TEST(test_file_links_of_those_who_may),
		FILE_TEST(test_file_laid_fifo_is_not_written_to),
		FILE_TEST(test_file_laid_file_is_replaced),
		FILE_TEST(test_file_link_circle),
		FILE_TEST(test_file_fails_early),
		FILE_TEST(test_file_fails_early_without_permission),
		FILE_TEST(test_file_devices_are_written_directly),
		FILE_TEST(test_file_fifo_is_written_directly),
		FILE_TEST(test_file_standard_output),
		FILE_TEST(test_file_closed_descriptor),
		FILE_TEST(test_file_early_write_error_is_not_forgotten),
		FILE_TEST(test_file_longest_name),
		FILE_TEST(test_temporary_file_has_no_name),
	};

	int failed = cmocka_run_group_tests_name("os_file", tests, NULL, NULL);

	no_tmpfile = true;
	return failed + cmocka_run_group_tests_name("os_file without O_TMPFILE", tests, NULL, NULL);
}
