/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is left after privileges were given up, by trying. Each case is a process of its own, with a second thread
 * that must have given up as well. Takes root; without it only what needs none is tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/os_privilege.h"

#define NOBODY 65534u

static int must(int ok, const char *what, int line)
{
	if (!ok)
		fprintf(stderr, "line %d: %s (errno %s)\n", line, what, strerror(errno));
	return ok ? 0 : 1;
}
#define MUST(x) (failed |= must((x), #x, __LINE__))

/* ---- a second thread that tries the same ---- */

static int (*trial)(void);
static int gate[2], trial_failed;

static void *second_thread(void *arg)
{
	char c;

	/* In a system call, and with the signals of nobody in particular. */
	while (read(gate[0], &c, 1) < 0 && errno == EINTR)
		;
	trial_failed = trial();
	return arg;
}

static int try_in_both(int (*try)(void), uint64_t keep, const char *user, struct os_privilege *p)
{
	pthread_t thread;
	int failed = 0;

	trial = try;
	MUST(!pipe(gate));
	MUST(!pthread_create(&thread, NULL, second_thread, NULL));
	MUST(!os_privilege_drop(keep, user, p));
	failed |= try();
	close(gate[1]);
	pthread_join(thread, NULL);
	return failed | trial_failed;
}

/* @run in a child; its leaks are nobody's business, and can't be looked for once it is undumpable. */
static void in_child(int (*run)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void skip_without_root(void)
{
	if (geteuid())
		skip();
}

/* ---- what is tried ---- */

static int can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static uint64_t mask_of(const char *name)
{
	char path[64], line[256], *end = NULL;
	uint64_t mask = ~0ull;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/status", syscall(SYS_gettid));
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			mask = strtoull(line + strlen(name) + 1, &end, 16);
	if (f)
		fclose(f);
	return mask;
}

static int nothing_grows_back(void)
{
	int failed = 0;

	MUST(mask_of("CapInh") == 0);
	MUST(mask_of("CapBnd") == 0);
	MUST(mask_of("CapAmb") == 0);
	MUST(mask_of("NoNewPrivs") == 1);
	MUST(mount("none", "/mnt", "tmpfs", 0, NULL) < 0 && errno == EPERM);
	MUST(chroot("/") < 0 && errno == EPERM);
	MUST(unshare(CLONE_NEWNS) < 0 && errno == EPERM);
	MUST(kill(1, 0) < 0 ? errno == EPERM : getuid() == 0);
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) < 0);
	MUST(setgroups(0, NULL) < 0 && errno == EPERM);
	return failed;
}

static int nobody_with_reading(void)
{
	uint64_t keep = OS_CAP(CAP_DAC_READ_SEARCH);
	int failed = nothing_grows_back();
	gid_t group;

	MUST(mask_of("CapPrm") == keep);
	MUST(mask_of("CapEff") == keep);
	MUST(getuid() == NOBODY && geteuid() == NOBODY);
	MUST(getgid() == NOBODY && getegid() == NOBODY);
	MUST(getgroups(1, &group) == 1 && group == NOBODY);
	MUST(can_open("/etc/shadow", O_RDONLY));
	MUST(!can_open("/etc/shadow", O_WRONLY) && errno == EACCES);
	MUST(!can_open("/etc", O_TMPFILE | O_WRONLY) && errno == EACCES);
	MUST(setresuid(0, 0, 0) < 0 && errno == EPERM);
	/* Undumpable: the own files of root's, which reading still opens. */
	MUST(prctl(PR_GET_DUMPABLE) == 0);
	MUST(can_open("/proc/self/maps", O_RDONLY));
	MUST(can_open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
	MUST(can_open("/proc/1/maps", O_RDONLY) == 0);
	return failed;
}

static int run_nobody_with_reading(void)
{
	struct os_privilege p;
	struct buf text;
	int failed = try_in_both(nobody_with_reading, OS_CAP(CAP_DAC_READ_SEARCH), "nobody", &p);

	buf__init(&text, 4096);
	os_privilege__describe(&p, &text);
	MUST(p.kept == OS_CAP(CAP_DAC_READ_SEARCH) && !p.missing && p.user_changed);
	MUST(p.uid == NOBODY && p.bounded);
	MUST(p.dropped & OS_CAP(CAP_SYS_ADMIN) && !(p.dropped & p.kept));
	MUST(strstr(buf__str(&text), "capabilities kept: dac_read_search; ") == buf__str(&text));
	MUST(strstr(buf__str(&text), " others dropped for good; uid 65534") != NULL);
	buf__fini(&text);
	return failed;
}

static void test_other_user(void **state _unused_)
{
	skip_without_root();
	in_child(run_nobody_with_reading);
}

static int nobody_with_nothing(void)
{
	int failed = nothing_grows_back();

	MUST(mask_of("CapPrm") == 0);
	MUST(mask_of("CapEff") == 0);
	MUST(!can_open("/etc/shadow", O_RDONLY) && errno == EACCES);
	MUST(can_open("/etc/passwd", O_RDONLY));
	return failed;
}

static int run_nobody_with_nothing(void)
{
	struct os_privilege p;

	return try_in_both(nobody_with_nothing, 0, "nobody", &p);
}

static void test_nothing(void **state _unused_)
{
	skip_without_root();
	in_child(run_nobody_with_nothing);
}

/* Root without capabilities: owner of much, master of nothing; also in a program that it executes. */
static int root_with_nothing(void)
{
	int failed = nothing_grows_back();

	MUST(mask_of("CapEff") == 0);
	MUST(geteuid() == 0);
	MUST(prctl(PR_GET_DUMPABLE) == 0);
	MUST(can_open("/proc/self/maps", O_RDONLY));
	MUST(can_open("/etc/shadow", O_RDONLY));
	MUST(setresuid(NOBODY, NOBODY, NOBODY) < 0 && errno == EPERM);
	return failed;
}

static int run_root_with_nothing(void)
{
	struct os_privilege p;
	int failed = try_in_both(root_with_nothing, 0, NULL, &p);

	MUST(!p.user_changed && p.uid == 0);
	if (failed)
		return failed;
	execl("/bin/sh", "sh", "-c",
	      "test $(grep -c '^Cap[A-Z][a-z]*:.0000000000000000$' /proc/self/status) = 5", NULL);
	return 1;
}

static void test_root_stays(void **state _unused_)
{
	skip_without_root();
	in_child(run_root_with_nothing);
}

/* A second time takes away more, and can't give back. */
static int run_twice(void)
{
	uint64_t two = OS_CAP(CAP_DAC_READ_SEARCH) | OS_CAP(CAP_SYS_PTRACE);
	struct os_privilege p, sum = {0};
	int failed = 0;

	MUST(!os_privilege_drop(two, NULL, &p));
	MUST(p.kept == two && p.bounded);
	os_privilege__add(&sum, &p);
	MUST(!os_privilege_drop(OS_CAP(CAP_SYS_PTRACE) | OS_CAP(CAP_SYS_ADMIN), NULL, &p));
	MUST(p.kept == OS_CAP(CAP_SYS_PTRACE));
	MUST(p.dropped == OS_CAP(CAP_DAC_READ_SEARCH));
	MUST(p.missing == OS_CAP(CAP_SYS_ADMIN) && !p.bounded);
	os_privilege__add(&sum, &p);
	MUST(sum.kept == OS_CAP(CAP_SYS_PTRACE) && sum.missing == OS_CAP(CAP_SYS_ADMIN));
	MUST(sum.dropped & OS_CAP(CAP_DAC_READ_SEARCH) && sum.dropped & OS_CAP(CAP_SYS_ADMIN));
	MUST(sum.bounded && !sum.user_changed && sum.uid == 0);
	MUST(os_privilege_drop(0, "nobody", &p) == -EPERM);
	MUST(strstr(error_text(-EPERM), "takes the capabilities setuid and setgid") != NULL);
	return failed;
}

static void test_twice(void **state _unused_)
{
	skip_without_root();
	in_child(run_twice);
}

/* A thread that does not answer is an error that names it, never a silence. */
static void *deaf_thread(void *arg)
{
	sigset_t all;
	char c;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	return read(gate[0], &c, 1) < 0 ? arg : NULL;
}

static int run_deaf(void)
{
	struct os_privilege p;
	pthread_t thread;
	int failed = 0;

	MUST(!pipe(gate));
	MUST(!pthread_create(&thread, NULL, deaf_thread, NULL));
	usleep(50000);
	MUST(os_privilege_drop(0, NULL, &p) == -EPERM);
	MUST(strstr(error_text(-EPERM), "could not give up") != NULL);
	return failed;
}

static void test_deaf_thread(void **state _unused_)
{
	in_child(run_deaf);
}

static int run_plain(void)
{
	struct os_privilege p;
	int failed = 0;

	MUST(os_privilege_drop(0, "no-such-user-here", &p) == -ENOENT);
	MUST(!strcmp(error_text(-ENOENT), "--user no-such-user-here: there is no such user"));
	MUST(mask_of("NoNewPrivs") == 0);
	MUST(!os_privilege_drop(0, NULL, &p));
	MUST(mask_of("NoNewPrivs") == 1);
	MUST(mask_of("CapEff") == 0);
	return failed;
}

static void test_without_root(void **state _unused_)
{
	in_child(run_plain);
}

static int run_effective(void)
{
	uint64_t all = os_privilege_effective();
	int failed = 0;

	MUST(all == mask_of("CapEff") && all & OS_CAP(CAP_DAC_READ_SEARCH));
	MUST(!os_privilege_set_effective(all & ~OS_CAP(CAP_CHOWN)));
	MUST(os_privilege_effective() == (all & ~OS_CAP(CAP_CHOWN)));
	MUST(mask_of("CapPrm") == all);
	MUST(!os_privilege_set_effective(~0ull));
	MUST(os_privilege_effective() == all);
	return failed;
}

static void test_effective(void **state _unused_)
{
	skip_without_root();
	in_child(run_effective);
}

static void test_names(void **state _unused_)
{
	assert_string_equal(os_cap_name(CAP_CHOWN), "chown");
	assert_string_equal(os_cap_name(CAP_SYS_ADMIN), "sys_admin");
	assert_string_equal(os_cap_name(CAP_SYSLOG), "syslog");
	assert_string_equal(os_cap_name(CAP_BPF), "bpf");
	assert_null(os_cap_name(63));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_user),  cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_root_stays),  cmocka_unit_test(test_twice),
		cmocka_unit_test(test_deaf_thread), cmocka_unit_test(test_without_root),
		cmocka_unit_test(test_effective),   cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
