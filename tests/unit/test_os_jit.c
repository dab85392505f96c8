/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which files are taken for perf maps, and when they are found. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/os_clock.h"
#include "fixtures/child.h"
#include "source/os_jit.h"

static char dir[64];
static int dir_fd;
static uint32_t uids[2];

static int dir_setup(void **state _unused_)
{
	strcpy(dir, "/tmp/test_os_jit.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_PATH | O_DIRECTORY);
	uids[0] = uids[1] = geteuid();
	return dir_fd < 0;
}

static int dir_teardown(void **state _unused_)
{
	unlinkat(dir_fd, "perf-1.map", 0);
	unlinkat(dir_fd, "target", 0);
	close(dir_fd);
	return rmdir(dir);
}

static void write_file(int at, const char *name, const char *text)
{
	int fd = openat(at, name, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int open_it(void)
{
	return os_jit_open_map(dir_fd, "perf-1.map", uids, 0);
}

static void test_a_file_of_the_process(void **state _unused_)
{
	char text[4] = "";
	int fd;

	assert_int_equal(open_it(), -ENOENT);
	write_file(dir_fd, "perf-1.map", "1 2");
	fd = open_it();
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, 3), 3);
	assert_string_equal(text, "1 2");
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

static void test_a_link_is_not_followed(void **state _unused_)
{
	write_file(dir_fd, "target", "1 2");
	assert_int_equal(symlinkat("target", dir_fd, "perf-1.map"), 0);
	assert_int_equal(open_it(), -ELOOP);
	unlinkat(dir_fd, "perf-1.map", 0);
	assert_int_equal(symlinkat("/proc/self/exe", dir_fd, "perf-1.map"), 0);
	assert_int_equal(open_it(), -ELOOP);
}

/* Opening it would let a writer go on that waits for a reader. */
static void test_a_fifo_is_not_opened(void **state _unused_)
{
	assert_int_equal(mkfifoat(dir_fd, "perf-1.map", 0666), 0);
	assert_int_equal(open_it(), -EINVAL);
}

static void test_a_directory_is_not_opened(void **state _unused_)
{
	assert_int_equal(mkdirat(dir_fd, "perf-1.map", 0777), 0);
	assert_int_equal(open_it(), -EINVAL);
	unlinkat(dir_fd, "perf-1.map", AT_REMOVEDIR);
}

static void test_a_device_is_not_opened(void **state _unused_)
{
	/* A terminal's master: each open makes a new one. Root only, and not in every container. */
	if (mknodat(dir_fd, "perf-1.map", S_IFCHR | 0666, makedev(5, 2)))
		skip();
	assert_int_equal(open_it(), -EINVAL);
}

static void test_a_file_of_somebody_else_is_not_read(void **state _unused_)
{
	int fd;

	if (geteuid())
		skip();
	write_file(dir_fd, "perf-1.map", "1 2");
	assert_int_equal(fchownat(dir_fd, "perf-1.map", 4711, 4711, 0), 0);
	assert_int_equal(open_it(), -EPERM);
	uids[1] = 4711;
	fd = open_it();
	assert_true(fd >= 0);
	close(fd);
	/* Of root it is read for anybody. */
	uids[0] = uids[1] = 4712;
	assert_int_equal(open_it(), -EPERM);
	assert_int_equal(fchownat(dir_fd, "perf-1.map", 0, 0, 0), 0);
	fd = open_it();
	assert_true(fd >= 0);
	close(fd);
}

static void test_a_file_from_before_the_process_is_not_read(void **state _unused_)
{
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	int fd;

	write_file(dir_fd, "perf-1.map", "1 2");
	assert_int_equal(utimensat(dir_fd, "perf-1.map", times, 0), 0);
	assert_int_equal(os_jit_open_map(dir_fd, "perf-1.map", uids, 1001), -ESTALE);
	fd = os_jit_open_map(dir_fd, "perf-1.map", uids, 1000);
	assert_true(fd >= 0);
	close(fd);
}

/* ---- when ---- */

struct world {
	struct module_table modules;
	struct jits jits;
	struct child child;
	struct module *module;
	char path[64];
};

static void give(struct world *w, const struct event *e)
{
	assert_int_equal(jits__learn(&w->jits, e), 0);
}

static void child_waits(void)
{
	shared->ready = 1;
	sleep_forever();
}

static void world_init(struct world *w)
{
	struct wire_module rec = {.h.kind = WIRE_MODULE};
	struct event e = {.module = &rec};
	struct module like = {.fd = -1};
	bool added;

	memset(w, 0, sizeof(*w));
	module_table__init(&w->modules);
	jits__init(&w->jits, &w->modules);
	w->child = start_child(child_waits);
	module__set_image(&like, &w->child.image);
	w->module = module_table__intern(&w->modules, &like, &added);
	assert_non_null(w->module);
	rec.id = w->module->id;
	snprintf(w->path, sizeof(w->path), "/tmp/perf-%d.map", w->child.pid);
	unlink(w->path);
	give(w, &e);
}

static void world_fini(struct world *w)
{
	unlink(w->path);
	jits__fini(&w->jits);
	module_table__fini(&w->modules);
}

static void child_is_gone(struct world *w)
{
	struct wire_summary rec = {
		.h.kind = WIRE_SUMMARY, .flags = WIRE_THREAD_GROUP_DEAD, .image = w->child.image};
	struct event e = {.summary = &rec};

	end_child(&w->child);
	give(w, &e);
}

static void test_a_map_that_comes_late(void **state _unused_)
{
	uint64_t now = os_monotonic_ns();
	struct world w;

	world_init(&w);
	assert_int_equal(w.jits.cnt, 1);
	jits__poll(&w.jits, now);
	assert_int_equal(w.module->fd, -1);
	write_file(AT_FDCWD, w.path, "1 2 foo\n");
	/* Not at every round. */
	jits__poll(&w.jits, now + 1);
	assert_int_equal(w.module->fd, -1);
	jits__poll(&w.jits, now + 10000000000ull);
	assert_true(w.module->fd >= 0);
	assert_int_equal(w.jits.cnt, 0);
	end_child(&w.child);
	world_fini(&w);
}

static void test_a_map_that_comes_last(void **state _unused_)
{
	struct world w;

	world_init(&w);
	write_file(AT_FDCWD, w.path, "1 2 foo\n");
	jits__finish(&w.jits);
	assert_true(w.module->fd >= 0);
	end_child(&w.child);
	world_fini(&w);
}

static void test_of_a_process_that_is_gone_the_map_is_read_still(void **state _unused_)
{
	struct world w;

	world_init(&w);
	write_file(AT_FDCWD, w.path, "1 2 foo\n");
	child_is_gone(&w);
	assert_true(w.module->fd >= 0);
	assert_int_equal(w.jits.cnt, 0);
	world_fini(&w);
}

static void test_of_a_process_that_is_gone_without_a_map_nothing_is_kept(void **state _unused_)
{
	struct world w;

	world_init(&w);
	child_is_gone(&w);
	assert_int_equal(w.module->fd, -1);
	assert_int_equal(w.jits.cnt, 0);
	world_fini(&w);
}

static void test_after_an_exec_the_map_is_the_next_images(void **state _unused_)
{
	struct wire_exec rec = {.h.kind = WIRE_EXEC};
	struct event e = {.exec = &rec};
	struct world w;

	world_init(&w);
	rec.image = w.child.image;
	rec.image.exec_id++;
	give(&w, &e);
	assert_int_equal(w.jits.cnt, 0);
	end_child(&w.child);
	world_fini(&w);
}

static void test_a_map_of_somebody_else_is_not_the_processes(void **state _unused_)
{
	struct world w;

	if (geteuid())
		skip();
	world_init(&w);
	write_file(AT_FDCWD, w.path, "1 2 foo\n");
	assert_int_equal(chown(w.path, 4711, 4711), 0);
	jits__finish(&w.jits);
	assert_int_equal(w.module->fd, -1);
	end_child(&w.child);
	world_fini(&w);
}

static void test_a_map_that_was_there_before_is_of_another_process(void **state _unused_)
{
	struct timespec times[2];
	struct world w;

	world_init(&w);
	write_file(AT_FDCWD, w.path, "1 2 foo\n");
	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= 60;
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, w.path, times, 0), 0);
	jits__finish(&w.jits);
	assert_int_equal(w.module->fd, -1);
	end_child(&w.child);
	world_fini(&w);
}

int main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, dir_setup, dir_teardown)
	const struct CMUnitTest tests[] = {
		IN_DIR(test_a_file_of_the_process),
		IN_DIR(test_a_link_is_not_followed),
		IN_DIR(test_a_fifo_is_not_opened),
		IN_DIR(test_a_directory_is_not_opened),
		IN_DIR(test_a_device_is_not_opened),
		IN_DIR(test_a_file_of_somebody_else_is_not_read),
		IN_DIR(test_a_file_from_before_the_process_is_not_read),
		cmocka_unit_test(test_a_map_that_comes_late),
		cmocka_unit_test(test_a_map_that_comes_last),
		cmocka_unit_test(test_of_a_process_that_is_gone_the_map_is_read_still),
		cmocka_unit_test(test_of_a_process_that_is_gone_without_a_map_nothing_is_kept),
		cmocka_unit_test(test_after_an_exec_the_map_is_the_next_images),
		cmocka_unit_test(test_a_map_of_somebody_else_is_not_the_processes),
		cmocka_unit_test(test_a_map_that_was_there_before_is_of_another_process),
	};

	return cmocka_run_group_tests(tests, child_setup, NULL);
}
