/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a service manager hears, on sockets of both kinds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_notify.h"

static int manager = -1;
static char name[64];

/* '@' begins an abstract one. */
static void listen_at(const char *where)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(name, sizeof(name), "%s", where);
	memcpy(addr.sun_path, name, strlen(name));
	if (*name == '@')
		addr.sun_path[0] = 0;
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(manager >= 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&addr,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static int teardown(void **state _unused_)
{
	if (manager >= 0)
		close(manager);
	manager = -1;
	if (*name == '/')
		unlink(name);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return 0;
}

static const char *heard(void)
{
	static char text[4096];
	ssize_t n = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = 0;
	return text;
}

static void talk(void)
{
	uint64_t before_us = os_monotonic_ns() / 1000, said_us;
	struct os_notify n;

	assert_int_equal(os_notify__init(&n), 0);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_int_equal(os_notify__ready(&n, NULL), 0);
	assert_string_equal(heard(), "READY=1");
	assert_int_equal(os_notify__ready(&n, "on 2 CPUs"), 0);
	assert_string_equal(heard(), "READY=1\nSTATUS=on 2 CPUs");
	assert_int_equal(os_notify__status(&n, "%d stacks\nREADY=0", 7), 0);
	assert_string_equal(heard(), "STATUS=7 stacks READY=0");
	assert_int_equal(os_notify__reloading(&n), 0);
	assert_int_equal(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%lu", &said_us), 1);
	assert_in_range(said_us, before_us, os_monotonic_ns() / 1000);
	assert_int_equal(os_notify__watchdog(&n), 0);
	assert_string_equal(heard(), "WATCHDOG=1");
	assert_int_equal(os_notify__stopping(&n, "bye"), 0);
	assert_string_equal(heard(), "STOPPING=1\nSTATUS=bye");
	assert_string_equal(heard(), "");
}

static void test_path(void **state _unused_)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/dwell-test-notify-%d", getpid());
	listen_at(path);
	talk();
}

static void test_abstract(void **state _unused_)
{
	char path[64];

	snprintf(path, sizeof(path), "@dwell-test-notify-%d", getpid());
	listen_at(path);
	talk();
}

static void test_nobody(void **state _unused_)
{
	struct os_notify n;

	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(os_notify__init(&n), 0);
	assert_int_equal(os_notify__ready(&n, "x"), 0);
	assert_int_equal(os_notify__status(&n, "x"), 0);
	/* A manager that is gone is an error, not a signal. */
	setenv("NOTIFY_SOCKET", "/tmp/dwell-test-no-such-socket", 1);
	assert_int_equal(os_notify__init(&n), 0);
	assert_int_equal(os_notify__ready(&n, NULL), -ENOENT);
}

/* It does not wait for one that doesn't listen. */
static void test_full(void **state _unused_)
{
	char path[64];
	struct os_notify n;
	int err = 0;

	snprintf(path, sizeof(path), "@dwell-test-notify-%d", getpid());
	listen_at(path);
	assert_int_equal(os_notify__init(&n), 0);
	for (int i = 0; !err && i < 100000; i++)
		err = os_notify__watchdog(&n);
	assert_int_equal(err, -EAGAIN);
}

static void test_long_status(void **state _unused_)
{
	char path[64], text[5000];
	struct os_notify n;

	snprintf(path, sizeof(path), "@dwell-test-notify-%d", getpid());
	listen_at(path);
	assert_int_equal(os_notify__init(&n), 0);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	assert_int_equal(os_notify__ready(&n, text), 0);
	assert_memory_equal(heard(), "READY=1\nSTATUS=xxx", 18);
}

static void assert_bad(const char *variable, const char *value, const char *message)
{
	struct os_notify n;

	setenv(variable, value, 1);
	assert_int_equal(os_notify__init(&n), -EINVAL);
	assert_string_equal(error_text(-EINVAL), message);
	assert_string_equal(n.path, "");
	assert_int_equal(n.watchdog_ns, 0);
}

static void test_environment(void **state _unused_)
{
	struct os_notify n;
	char pid[32];

	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(os_notify__init(&n), 0);
	assert_true(n.watchdog_ns == 30000000000);
	assert_null(getenv("WATCHDOG_USEC"));
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_USEC", "5", 1);
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(os_notify__init(&n), 0);
	assert_int_equal(n.watchdog_ns, 5000);
	/* Meant for another process. */
	setenv("WATCHDOG_USEC", "5", 1);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(os_notify__init(&n), 0);
	assert_int_equal(n.watchdog_ns, 0);
	assert_bad("WATCHDOG_USEC", "soon", "WATCHDOG_USEC=soon is not a number of microseconds");
	assert_bad("WATCHDOG_USEC", "-1", "WATCHDOG_USEC=-1 is not a number of microseconds");
	assert_bad("WATCHDOG_USEC", "0", "WATCHDOG_USEC=0 is not a number of microseconds");
	assert_bad("NOTIFY_SOCKET", "vsock:2:1",
		   "NOTIFY_SOCKET=vsock:2:1: only sockets of this machine are spoken to, a path or "
		   "@name");
	assert_bad("NOTIFY_SOCKET", "@", "NOTIFY_SOCKET=@: not the length of a socket's name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_path, teardown),
		cmocka_unit_test_teardown(test_abstract, teardown),
		cmocka_unit_test_teardown(test_nobody, teardown),
		cmocka_unit_test_teardown(test_full, teardown),
		cmocka_unit_test_teardown(test_long_status, teardown),
		cmocka_unit_test_teardown(test_environment, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
