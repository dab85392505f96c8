/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The texts of /proc/PID/task/TID, tables of sockets and of mounts: as the kernel writes them, and with lies in them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "format/proc_mountinfo.h"
#include "format/proc_task.h"
#include "source/os_fd.h"

#define STAT_REST                                                                                 \
	") S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1000 100 18446744073709551615 1 2 " \
	"140720000000000 0 0 0 0 0 0 0 0 0 17 3 0 6 0 0 0\n"

static void test_stat(void **state _unused_)
{
	static const char *const names[] = {"cat",	"",	      ") R 9 9",	"(((",
					    "\nx) Z 1", "a b\tc\x1b", "123456789012345"};
	static const char *const bad[] = {"", "1", "1 (x", ")(", "1 (x)", "1 (x) ", "1 (x)S"};
	struct proc_stat s;
	char line[512];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(line, sizeof(line), "4242 (%s" STAT_REST, names[i]);
		assert_int_equal(proc_stat_parse(line, &s), 0);
		assert_string_equal(s.comm, names[i]);
		assert_int_equal(s.state, 'S');
		assert_int_equal(s.flags, 4194560);
		assert_int_equal(s.start_ticks, 4711);
		assert_int_equal(s.start_stack, 140720000000000);
		assert_int_equal(s.cpu, 3);
		assert_int_equal(s.policy, 6);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(proc_stat_parse(bad[i], &s), -EBADMSG);
	/* Of kernel threads the kernel shows longer names. */
	assert_int_equal(proc_stat_parse("2 (kworker/u8:3-events_unbound) I 0", &s), 0);
	assert_string_equal(s.comm, "kworker/u8:3-ev");
	assert_int_equal(s.start_ticks, 0);
}

static void test_status(void **state _unused_)
{
	static const char text[] =
		"Name:\t\\nTgid:\\t1\nTgid:\t42\nUid:\t0\t1000\t0\t1001\nNSpid:\t42\t7\n"
		"voluntary_ctxt_switches:\t5\n";
	uint32_t uids[2];
	uint64_t number;

	assert_true(proc_status_number(text, "\nTgid:", &number));
	assert_int_equal(number, 42);
	assert_true(proc_status_number(text, "\nvoluntary_ctxt_switches:", &number));
	assert_int_equal(number, 5);
	assert_false(proc_status_number(text, "\nName:", &number));
	assert_false(proc_status_number("x\nTgid:\tx", "\nTgid:", &number));
	assert_int_equal(proc_status_own_pid(text), 7);
	assert_int_equal(proc_status_own_pid("x\nNSpid:\t42\n"), 42);
	assert_int_equal(proc_status_own_pid("x\nNSpid:"), 0);
	assert_int_equal(proc_status_own_pid(""), 0);
	assert_true(proc_status_uids(text, uids));
	assert_int_equal(uids[0], 1000);
	assert_int_equal(uids[1], 1001);
	assert_false(proc_status_uids("x\nUid:\t0\t0\t0", uids));
}

static void test_how_it_was_scheduled(void **state _unused_)
{
	uint64_t exec_ns, delay_ns;

	assert_true(proc_schedstat_parse("12 34 5\n", &exec_ns, &delay_ns));
	assert_int_equal(exec_ns, 12);
	assert_int_equal(delay_ns, 34);
	assert_false(proc_schedstat_parse("12", &exec_ns, &delay_ns));
	/* The name is as the thread likes it. */
	assert_int_equal(proc_sched_exec_start("\nse.exec_start: (1, #threads: 1)\n----\n"
					       "se.exec_start        :      73.157863\n"),
			 73157863);
	assert_int_equal(proc_sched_exec_start("x (1, #threads: 1)\n"), 0);
}

static int append_name(void *arg, const char *name)
{
	strcat(strcat(arg, name), " ");
	return strcmp(name, "stop") ? 0 : -EXDEV;
}

static void test_stack(void **state _unused_)
{
	static const char text[] =
		"[<0>] futex_wait_queue+0x6e/0xa0\n[<0>] 0xffffffff81000000\nx\n]\n] a\n"
		"[<0>] do_syscall_64+0x5";
	char got[256] = "", longest[400];

	assert_int_equal(proc_stack_each(text, append_name, got), 3);
	assert_string_equal(got, "futex_wait_queue a do_syscall_64 ");
	assert_int_equal(proc_stack_each("[<0>] stop+0x1\n[<0>] b+0x1\n", append_name, got),
			 -EXDEV);
	got[0] = '\0';
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "[<0>] ", 6);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(proc_stack_each(longest, append_name, got), 0);
	assert_int_equal(proc_stack_each("", append_name, got), 0);
}

static void test_syscall(void **state _unused_)
{
	static const char *const bad[] = {"", "\n", "running\n", "0x1", " ", "-1 x y\n", "-1 0x1"};
	struct proc_syscall c;

	assert_true(proc_syscall_parse("230 0x0 0x0 0x7f 0x0 0x0 0x0 0x7ffc08 0x7f3a\n", &c));
	assert_int_equal(c.nr, 230);
	assert_int_equal(c.sp, 0x7ffc08);
	assert_int_equal(c.pc, 0x7f3a);
	assert_true(proc_syscall_parse("-1 0x7ffc08 0x7f3a\n", &c));
	assert_int_equal(c.nr, -1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(proc_syscall_parse(bad[i], &c));
}

/* ---- sockets ---- */

#define UNIX_HEAD	"Num       RefCount Protocol Flags    Type St Inode Path\n"
#define UNIX_LINE(rest) "0000000000000000: 00000002 00000000 00010000 0001 01 " rest "\n"

static const char *socket_in(const char *table, const char *protocol, uint64_t inode)
{
	static char said[128];

	return os_fd_find_socket(table, protocol, inode, said, sizeof(said)) ? said : NULL;
}

static void test_sockets(void **state _unused_)
{
	static const char tcp[] = "  sl  local_address rem_address   st tx_queue rx_queue tr "
				  "tm->when retrnsmt   uid  timeout inode\n"
				  "   0: 0100007F:1F90 0200007F:0016 0A 00000000:00000000 "
				  "00:00000000 00000000     0        0 123 1 0\n";
	static const char unixes[] = UNIX_HEAD UNIX_LINE("  123 /run/x.sock") UNIX_LINE("124")
		UNIX_LINE("  125 @abstract name");

	assert_string_equal(socket_in(tcp, "tcp", 123), "tcp 127.0.0.1:8080 -> 127.0.0.2:22");
	assert_null(socket_in(tcp, "tcp", 12));
	assert_string_equal(socket_in(unixes, "unix", 123), "unix /run/x.sock");
	/* One without a name has not that of the next line. */
	assert_string_equal(socket_in(unixes, "unix", 124), "unix");
	assert_string_equal(socket_in(unixes, "unix", 125), "unix @abstract name");
	assert_null(socket_in(UNIX_HEAD, "unix", 123));
	assert_null(socket_in("", "unix", 0));
}

/* The first socket's name has a line break, and a line about the second one behind it. */
static void test_a_socket_that_lies_about_another(void **state _unused_)
{
	static const char unixes[] =
		UNIX_HEAD UNIX_LINE("9 @a\n0: 2 0 0 1 1 123 /fake") UNIX_LINE("123 /run/x.sock");

	assert_string_equal(socket_in(unixes, "unix", 123), "unix");
	assert_string_equal(socket_in(unixes, "unix", 9), "unix @a");
}

/* ---- mounts ---- */

static void test_hierarchies(void **state _unused_)
{
	static const char mounts[] =
		"25 1 0:29 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory\n"
		"26 1 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
		"27 1 0:31 / /a\\040-\\040cgroup\\040x rw - tmpfs none rw,memory\n"
		"28 1 0:32 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
		"29 1 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
	static const char cgroups[] = "4:cpuacct,cpu:/x\n3:memory:/x\n1:name=systemd:/y\n0::/z\n";

	assert_int_equal(proc_mountinfo_hierarchy(mounts, cgroups, 0, 29), 3);
	assert_int_equal(proc_mountinfo_hierarchy(mounts, cgroups, 0, 30), 4);
	assert_int_equal(proc_mountinfo_hierarchy(mounts, cgroups, 0, 31), 0);
	assert_int_equal(proc_mountinfo_hierarchy(mounts, cgroups, 0, 32), 1);
	assert_int_equal(proc_mountinfo_hierarchy(mounts, cgroups, 0, 33), 0);
	assert_int_equal(proc_mountinfo_hierarchy(mounts, cgroups, 1, 29), 0);
	assert_int_equal(proc_mountinfo_hierarchy(mounts, "x\n:\n::\n0::/z", 0, 29), 0);
	/* The beginning of a word is another one. */
	assert_int_equal(proc_mountinfo_hierarchy(mounts, "6:cpuset:/x\n5:cpu:/x\n", 0, 30), 5);
	assert_int_equal(proc_mountinfo_hierarchy("", cgroups, 0, 29), 0);
	assert_int_equal(proc_mountinfo_hierarchy(" - cgroup ", cgroups, 0, 29), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_how_it_was_scheduled),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_syscall),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_a_socket_that_lies_about_another),
		cmocka_unit_test(test_hierarchies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
