/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What /proc tells of threads, and a cgroup's directory of those in it: of processes of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "source/os_target.h"
#include "source/os_threads.h"

static uint32_t self_tid(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

static void test_this_thread(void **state _unused_)
{
	static const char hostile[] = "x) S 1 2 (9";
	struct os_thread t;
	uint64_t bottom;

	prctl(PR_SET_NAME, hostile);
	assert_int_equal(os_thread_read((uint32_t)getpid(), self_tid(), &t), 0);
	assert_int_equal(t.pid, getpid());
	assert_int_equal(t.tid, self_tid());
	assert_string_equal(t.comm, hostile);
	assert_int_equal(t.state, 'R');
	assert_false(t.kthread);
	assert_true(t.start_ticks > 0);
	/* The strings of exec lie above the stack's bottom, this frame below it. */
	bottom = t.start_stack;
	assert_true(bottom > (uint64_t)(uintptr_t)&t);
	assert_true(bottom < getauxval(AT_EXECFN));
}

static void test_a_child_begins_later_and_shares_the_stacks_bottom(void **state _unused_)
{
	struct os_thread own, child;
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	assert_int_equal(os_thread_read((uint32_t)getpid(), (uint32_t)getpid(), &own), 0);
	assert_int_equal(os_thread_read((uint32_t)pid, (uint32_t)pid, &child), 0);
	assert_true(child.start_ticks >= own.start_ticks);
	assert_true(child.start_stack == own.start_stack); /* it has not exec'd */
	assert_int_equal(os_thread_process((uint32_t)pid), pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(os_thread_read((uint32_t)pid, (uint32_t)pid, &child), -ENOENT);
	assert_int_equal(os_thread_process((uint32_t)pid), 0);
	assert_true(os_thread_switch_cnt((uint32_t)pid, (uint32_t)pid) == UINT64_MAX);
}

static void test_switches_and_times_grow(void **state _unused_)
{
	uint32_t pid = (uint32_t)getpid(), tid = self_tid();
	uint64_t switches = os_thread_switch_cnt(pid, tid), exec_ns, later_ns, delay_ns;

	assert_true(os_thread_schedstat(pid, tid, &exec_ns, &delay_ns));
	usleep(1000);
	assert_true(os_thread_switch_cnt(pid, tid) > switches);
	assert_true(os_thread_schedstat(pid, tid, &later_ns, &delay_ns));
	assert_true(later_ns > exec_ns);
	assert_false(os_thread_schedstat(pid, 0x7ffffffe, &exec_ns, &delay_ns));
}

struct threads_seen {
	uint32_t want_pid, want_tid;
	int cnt, wanted_cnt;
};

static int see_thread(void *arg, uint32_t pid, uint32_t tid)
{
	struct threads_seen *s = arg;

	s->cnt++;
	s->wanted_cnt += pid == s->want_pid && tid == s->want_tid;
	return 0;
}

static int refuse_thread(void *arg, uint32_t pid _unused_, uint32_t tid _unused_)
{
	++*(int *)arg;
	return -ECANCELED;
}

struct second_thread {
	pthread_barrier_t barrier;
	uint32_t tid;
};

static void *second(void *arg)
{
	struct second_thread *s = arg;

	s->tid = self_tid();
	pthread_barrier_wait(&s->barrier); /* it is there */
	pthread_barrier_wait(&s->barrier); /* it may go */
	return NULL;
}

static void test_every_thread_of_a_process_and_of_all(void **state _unused_)
{
	struct threads_seen of_one = {.want_pid = (uint32_t)getpid()}, of_all;
	struct second_thread s;
	pthread_t thread;
	int calls = 0;

	pthread_barrier_init(&s.barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, second, &s), 0);
	pthread_barrier_wait(&s.barrier);
	of_one.want_tid = s.tid;
	of_all = of_one;
	assert_int_equal(os_threads_each((uint32_t)getpid(), see_thread, &of_one), 0);
	assert_int_equal(os_threads_each(0, see_thread, &of_all), 0);
	assert_int_equal(os_thread_process(s.tid), getpid());
	pthread_barrier_wait(&s.barrier);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&s.barrier);
	assert_int_equal(of_one.cnt, 2);
	assert_int_equal(of_one.wanted_cnt, 1);
	assert_true(of_all.cnt > 2);
	assert_int_equal(of_all.wanted_cnt, 1);
	assert_int_equal(os_threads_each(0, refuse_thread, &calls), -ECANCELED);
	assert_int_equal(calls, 1);
	assert_int_equal(os_threads_each(0x7ffffffe, see_thread, &of_one), 0);
	assert_int_equal(of_one.cnt, 2);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fp = fopen(path, "w");
	assert_non_null(fp);
	fputs(text, fp);
	fclose(fp);
}

static void remove_files(const char *dir)
{
	static const char *const names[] = {"cgroup.threads", "tasks", "cgroup.procs"};
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static int add_tid(void *arg, uint32_t tid)
{
	*(uint64_t *)arg += tid;
	return tid == 13 ? -ECANCELED : 0;
}

/* The files are read wherever they lie; in a cgroup the kernel writes them. */
static void test_threads_of_a_cgroup_and_those_below(void **state _unused_)
{
	char dir[] = "/tmp/dwell-unit-XXXXXX", below[64];
	uint64_t sum = 0;

	assert_non_null(mkdtemp(dir));
	snprintf(below, sizeof(below), "%s/below", dir);
	assert_int_equal(mkdir(below, 0700), 0);
	write_file(dir, "cgroup.threads", "1\n20\n");
	write_file(dir, "cgroup.procs", "7000\n");
	write_file(dir, "tasks", "5000\n");
	write_file(below, "cgroup.threads", "300\n0\n4\n");
	assert_int_equal(os_target_cgroup_threads(dir, 0, add_tid, &sum), 0);
	assert_int_equal(sum, 325);
	sum = 0;
	assert_int_equal(os_target_cgroup_threads(dir, 3, add_tid, &sum), 0);
	assert_int_equal(sum, 5000);
	write_file(dir, "tasks", "13\n14\n");
	sum = 0;
	assert_int_equal(os_target_cgroup_threads(dir, 3, add_tid, &sum), -ECANCELED);
	assert_int_equal(sum, 13);
	remove_files(below);
	remove_files(dir);
	sum = 0;
	assert_int_equal(os_target_cgroup_threads(dir, 0, add_tid, &sum), 0);
	assert_int_equal(sum, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_thread),
		cmocka_unit_test(test_a_child_begins_later_and_shares_the_stacks_bottom),
		cmocka_unit_test(test_switches_and_times_grow),
		cmocka_unit_test(test_every_thread_of_a_process_and_of_all),
		cmocka_unit_test(test_threads_of_a_cgroup_and_those_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
