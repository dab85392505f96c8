/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What /proc and the kernel tell of a process, and of this one's rights. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "source/os_machine.h"
#include "source/os_process.h"
#include "source/os_threads.h"

/* A child that ends when its end of the pipe does. */
static pid_t wait_for_end(const int fds[2])
{
	pid_t pid = fork();
	char c;

	if (pid)
		return pid;
	close(fds[1]);
	_exit(read(fds[0], &c, 1) < 0);
}

static void test_self(void **state _unused_)
{
	uint32_t pid = (uint32_t)getpid();
	struct os_process p;
	char exe[4096];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(len > 0);
	exe[len] = '\0';
	assert_int_equal(os_process_read(pid, &p), 0);
	assert_int_equal(p.image.pid, pid);
	assert_true(p.image.start_ns > 0);
	assert_string_equal(p.comm, "test_os_process");
	assert_string_equal(p.exe, exe);
	assert_false(p.kthread || p.exe_deleted || p.other_pid_ns || p.other_mount_ns);
	assert_true(p.own_pid > 0);
	assert_int_equal(os_process_try_maps(pid), 0);
	assert_int_equal(os_process_try_memory(pid, (uint64_t)(uintptr_t)&p), 0);
	assert_int_equal(os_process_try_memory(pid, 0), -EFAULT);
}

static void test_words(void **state)
{
	uint32_t pid = (uint32_t)getpid();

	assert_true(os_process_says(pid, "test_os_process"));
	assert_true(os_process_says(pid, *state)); /* in the environment it was started with */
	assert_false(os_process_says(pid, "--no-such-word-anywhere"));
}

static void *wait_for_end_of(void *arg)
{
	char c;

	_exit(read(*(const int *)arg, &c, 1) < 0);
}

/* The first thread of a child, whose second one goes on. */
static void test_first_thread_is_gone(void **state _unused_)
{
	struct os_process p;
	pthread_t other;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		close(fds[1]);
		pthread_create(&other, NULL, wait_for_end_of, fds);
		syscall(SYS_exit, 0);
	}
	assert_true(pid > 0);
	close(fds[0]);
	for (struct os_thread t = {0}; t.state != 'Z'; usleep(1000))
		assert_int_equal(os_thread_read((uint32_t)pid, (uint32_t)pid, &t), 0);
	assert_int_equal(os_process_read((uint32_t)pid, &p), 0);
	close(fds[1]);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	assert_int_equal(os_process_read((uint32_t)pid, &p), -ESRCH);
	waitpid(pid, NULL, 0);
}

static void test_gone(void **state _unused_)
{
	struct os_process p;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = wait_for_end(fds);
	assert_int_equal(os_process_read((uint32_t)pid, &p), 0);
	close(fds[1]);
	close(fds[0]);
	/* A zombie, then nothing. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	assert_int_equal(os_process_read((uint32_t)pid, &p), -ESRCH);
	waitpid(pid, NULL, 0);
	assert_int_equal(os_process_read((uint32_t)pid, &p), -ESRCH);
	assert_int_equal(os_process_try_maps((uint32_t)pid), -ESRCH);
	assert_int_equal(os_process_try_memory((uint32_t)pid, 4096), -ESRCH);
	assert_false(os_process_says((uint32_t)pid, ""));
}

static void test_machine(void **state _unused_)
{
	struct rlimit before, lower;
	struct utsname host;
	struct machine m;

	uname(&host);
	getrlimit(RLIMIT_MEMLOCK, &before);
	os_machine_read(&m);
	assert_string_equal(m.kernel, host.release);
	assert_string_equal(m.arch, host.machine);
	assert_int_equal(m.uid, geteuid());
	assert_true(m.has_proc && m.has_sys);
	assert_int_equal(m.has_btf, !access("/sys/kernel/btf/vmlinux", R_OK));
	assert_true(m.bpf_err < 0);
	assert_true(m.max_memlock_bytes ==
		    (before.rlim_max == RLIM_INFINITY ? UINT64_MAX : before.rlim_max));
	lower = (struct rlimit){.rlim_cur = 4096, .rlim_max = 8192};
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &lower), 0);
	os_machine_read(&m);
	assert_int_equal(m.max_memlock_bytes, 8192);
}

/* In a child that gives up being root. */
static void test_machine_without_rights(void **state _unused_)
{
	struct machine m;
	int status;
	pid_t pid;

	if (geteuid())
		skip();
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(2);
		os_machine_read(&m);
		_exit(m.uid != 65534 || m.caps || m.may_bpf || m.may_raise_memlock || !m.bounding);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	char *word = getenv("DWELL_TEST_WORD"), exe[4096] = "";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self),
		cmocka_unit_test_prestate(test_words, word),
		cmocka_unit_test(test_first_thread_is_gone),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_machine_without_rights),
	};

	/* Once more with a word in the environment, under our own name. */
	if (!word && argc && !setenv("DWELL_TEST_WORD", "there-is-such-a-word", 1) &&
	    readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0)
		execv(exe, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
