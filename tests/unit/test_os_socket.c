/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_peer.h"
#include "base/os_socket.h"
#include "base/os_wait.h"

static char dir[64];
static char path[96];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/dwell-socket-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/s", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

/* ---- addresses ---- */

static void test_parse(void **state)
{
	struct os_listen_spec s;

	(void)state;
	assert_int_equal(os_listen_parse("127.0.0.1:80", &s), 0);
	assert_false(s.is_unix || s.is_v6);
	assert_string_equal(s.host, "127.0.0.1");
	assert_int_equal(s.port, 80);
	assert_int_equal(os_listen_parse("[::1]:0", &s), 0);
	assert_true(s.is_v6);
	assert_string_equal(s.host, "::1");
	assert_int_equal(os_listen_parse("[0:0::1]:65535", &s), 0);
	assert_string_equal(s.host, "::1");
	assert_int_equal(s.port, 65535);
	assert_int_equal(os_listen_parse("localhost:1", &s), 0);
	assert_string_equal(s.host, "127.0.0.1");
	assert_int_equal(os_listen_parse("unix:/run/x:1", &s), 0);
	assert_true(s.is_unix);
	assert_string_equal(s.path, "/run/x:1");
}

static void test_parse_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"80",
		":80",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:x",
		"127.0.0.1:-1",
		"127.0.0.1:65536",
		"127.0.0.1:123456",
		"127.0.0.1:99999999999999999999",
		"::1:80",
		"[::1]",
		"[::1:80",
		"[127.0.0.1]:80",
		"[]:80",
		"example.com:80",
		"unix:",
		"unix:x",
		"unix:x:80",
		"127.0.0.1:80 ",
		" 127.0.0.1:80",
		"[fe80::1%lo]:80",
	};
	struct os_listen_spec s = {.port = 7};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (os_listen_parse(bad[i], &s) != -EINVAL)
			fail_msg("'%s' is no address", bad[i]);
		assert_non_null(strstr(error_text(-EINVAL), "ADDR:PORT"));
	}
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "unix:/", 6);
	assert_int_equal(os_listen_parse(text, &s), -EINVAL);
	text[5 + OS_LISTEN_PATH_MAX] = '\0';
	assert_int_equal(os_listen_parse(text, &s), -EINVAL);
	text[5 + OS_LISTEN_PATH_MAX - 1] = '\0';
	assert_int_equal(s.port, 7);
	assert_int_equal(os_listen_parse(text, &s), 0);
}

static void test_loopback(void **state)
{
	(void)state;
	assert_true(os_is_loopback("127.0.0.1") && os_is_loopback("127.255.0.3"));
	assert_true(os_is_loopback("::1") && os_is_loopback("::ffff:127.0.0.1"));
	assert_false(os_is_loopback("0.0.0.0") || os_is_loopback("::") || os_is_loopback(""));
	assert_false(os_is_loopback("128.0.0.1") || os_is_loopback("::ffff:10.0.0.1"));
	assert_false(os_is_loopback("::2") || os_is_loopback("localhost"));
}

/* ---- listening ---- */

static int listen_on(const char *text, struct os_listener *l)
{
	struct os_listen_spec spec;
	int err = os_listen_parse(text, &spec);

	return err ? err : os_listen(&spec, OS_SOCKET_NO_GROUP, l);
}

static int connect_to(const struct os_listener *l)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	int fd;

	assert_int_equal(getsockname(l->fd, (struct sockaddr *)&addr, &len), 0);
	fd = socket(addr.ss_family, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, len), 0);
	return fd;
}

static int accept_from(const struct os_listener *l)
{
	int fd = -1;

	for (int i = 0; i < 1000 && fd < 0; i++) {
		fd = accept(l->fd, NULL, NULL);
		if (fd < 0)
			usleep(1000);
	}
	assert_true(fd >= 0);
	return fd;
}

static void check_tcp(const char *text, const char *name)
{
	struct os_listener l, again;
	int fd, peer;
	uint32_t uid = 77;

	assert_int_equal(listen_on(text, &l), 0);
	assert_true(l.loopback && !l.is_unix && !l.guarded && !l.activated && l.port);
	assert_memory_equal(l.name, name, strlen(name));
	assert_true(fcntl(l.fd, F_GETFD) & FD_CLOEXEC && fcntl(l.fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(listen_on(l.name, &again), -EADDRINUSE);
	assert_non_null(strstr(error_text(-EADDRINUSE), "the port is in use"));
	fd = connect_to(&l);
	peer = accept_from(&l);
	assert_int_equal(os_peer_uid(peer, &uid), 0);
	assert_int_equal(uid, geteuid());
	assert_false(os_peer_gone(peer));
	/* Who is gone is nobody; the kernel would say root. */
	close(fd);
	for (int i = 0; i < 1000 && !os_peer_gone(peer); i++)
		usleep(1000);
	assert_true(os_peer_gone(peer));
	uid = 77;
	assert_int_equal(os_peer_uid(peer, &uid), -ENOENT);
	assert_int_equal(uid, 77);
	close(peer);
	os_listener__close(&l);
	os_listener__close(&l);
}

static void test_tcp(void **state)
{
	(void)state;
	check_tcp("127.0.0.1:0", "127.0.0.1:");
	check_tcp("127.9.9.9:0", "127.9.9.9:");
}

static void test_tcp6(void **state)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool there = fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;

	(void)state;
	if (fd >= 0)
		close(fd);
	if (!there)
		skip();
	check_tcp("[::1]:0", "[::1]:");
}

/* A client of IPv4 on a socket of IPv6, as systemd makes them. */
static void test_mapped(void **state)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	struct sockaddr_in to = {.sin_family = AF_INET};
	int listener = socket(AF_INET6, SOCK_STREAM, 0), zero = 0, client, peer;
	socklen_t len = sizeof(any);
	uint32_t uid = 77;

	(void)state;
	if (listener < 0 ||
	    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero)) < 0 ||
	    bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0)
		skip();
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&any, &len), 0);
	to.sin_port = any.sin6_port;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	peer = accept(listener, NULL, NULL);
	assert_int_equal(os_peer_uid(peer, &uid), 0);
	assert_int_equal(uid, geteuid());
	close(peer);
	close(client);
	close(listener);
}

/* Another user's connection is not ours. */
static void test_other_user(void **state)
{
	struct os_listener l;
	uint32_t uid = 0;
	int peer, pipe_fds[2], status;
	char byte;
	pid_t child;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(listen_on("127.0.0.1:0", &l), 0);
	assert_int_equal(pipe(pipe_fds), 0);
	child = fork();
	if (!child) {
		struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(l.port)};
		int fd;

		close(pipe_fds[1]);
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if (setuid(65534))
			_exit(1);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		_exit(connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		      read(pipe_fds[0], &byte, 1) != 0);
	}
	close(pipe_fds[0]);
	peer = accept_from(&l);
	assert_int_equal(os_peer_uid(peer, &uid), 0);
	assert_int_equal(uid, 65534);
	close(pipe_fds[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(peer);
	os_listener__close(&l);
}

static void test_unix(void **state)
{
	struct os_listener l, again;
	char text[128];
	uint32_t uid;
	int fd, peer;
	struct stat st;
	mode_t mask = umask(0);

	(void)state;
	snprintf(text, sizeof(text), "unix:%s", path);
	assert_int_equal(listen_on(text, &l), 0);
	assert_int_equal(umask(mask), 0);
	assert_true(l.is_unix && l.guarded && !l.loopback);
	assert_string_equal(l.name, text);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	fd = connect_to(&l);
	peer = accept_from(&l);
	assert_int_equal(os_peer_uid(peer, &uid), 0);
	assert_int_equal(uid, geteuid());
	assert_false(os_peer_gone(peer));
	close(fd);
	assert_true(os_peer_gone(peer));
	close(peer);
	/* Somebody listens there: they are not robbed of it. */
	assert_int_equal(listen_on(text, &again), -EADDRINUSE);
	assert_non_null(strstr(error_text(-EADDRINUSE), "a server listens there already"));
	/* It died. */
	close(l.fd);
	assert_int_equal(listen_on(text, &again), 0);
	/* Its successor's file is not the dead one's to remove. */
	l.fd = -1;
	os_listener__close(&l);
	assert_int_equal(lstat(path, &st), 0);
	os_listener__close(&again);
	assert_int_equal(lstat(path, &st), -1);
}

static void test_unix_bad(void **state)
{
	struct os_listener l;
	char text[256];
	int fd;

	(void)state;
	snprintf(text, sizeof(text), "unix:%s", path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	/* A file that is no socket stays. */
	assert_int_equal(listen_on(text, &l), -ENOTSOCK);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(listen_on(text, &l), -ENOTSOCK);
	unlink(path);
	snprintf(text, sizeof(text), "unix:%s/none/s", dir);
	assert_int_equal(listen_on(text, &l), -ENOENT);
	assert_non_null(strstr(error_text(-ENOENT), "no such directory"));
}

static void test_unix_group(void **state)
{
	struct os_listen_spec spec;
	struct os_listener l;
	struct stat st;
	char text[128];

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(text, sizeof(text), "unix:%s", path);
	assert_int_equal(os_listen_parse(text, &spec), 0);
	assert_int_equal(os_listen(&spec, 65534, &l), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_gid, 65534);
	assert_true(l.guarded);
	os_listener__close(&l);
}

/* ---- the service manager's ---- */

static void set_env(long pid, const char *cnt)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", pid);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", cnt, 1);
	setenv("LISTEN_FDNAMES", "a:b", 1);
}

/* Descriptors from 3 on are the ones: this runs in a process of its own. */
static int take_in_child(int first, int second, const char *cnt, struct os_listener *l,
			 size_t *ret_cnt)
{
	int a = fcntl(first, F_DUPFD, 50), b = fcntl(second, F_DUPFD, 50);

	dup2(a, 3);
	dup2(b, 4);
	set_env(getpid(), cnt);
	return os_listen_activated(l, 2, ret_cnt);
}

static int child_takes(int tcp, int un)
{
	struct os_listener l[2];
	size_t cnt = 77;

	/* Out of the way of those that are passed. */
	tcp = fcntl(tcp, F_DUPFD, 20);
	un = fcntl(un, F_DUPFD, 20);
	if (take_in_child(tcp, un, "2", l, &cnt) || cnt != 2)
		return 1;
	if (!l[0].loopback || l[0].is_unix || !l[0].activated || l[0].fd != 3 || !l[0].port)
		return 2;
	/* Everybody may write to the file of the second. */
	if (!l[1].is_unix || l[1].guarded || l[1].loopback || l[1].fd != 4 || l[1].ino)
		return 3;
	if (!(fcntl(3, F_GETFD) & FD_CLOEXEC) || !(fcntl(3, F_GETFL) & O_NONBLOCK))
		return 4;
	/* Whom we start must not take them again, nor do we. */
	if (getenv("LISTEN_FDS") || getenv("LISTEN_PID") || getenv("LISTEN_FDNAMES"))
		return 5;
	if (os_listen_activated(l, 2, &cnt) || cnt)
		return 6;
	if (take_in_child(tcp, un, "3", l, &cnt) != -E2BIG)
		return 7;
	if (take_in_child(tcp, 1, "2", l, &cnt) != -ENOTSOCK || cnt)
		return 8;
	/* One that does not listen. */
	if (take_in_child(tcp, socket(AF_INET, SOCK_STREAM, 0), "2", l, &cnt) != -EINVAL)
		return 9;
	if (take_in_child(tcp, socket(AF_INET, SOCK_DGRAM, 0), "2", l, &cnt) != -EINVAL)
		return 10;
	set_env(getpid() + 1, "2");
	if (os_listen_activated(l, 2, &cnt) || cnt)
		return 11;
	set_env(getpid(), "nonsense");
	if (os_listen_activated(l, 2, &cnt) || cnt)
		return 12;
	return 0;
}

static void test_activated(void **state)
{
	struct os_listener tcp, un;
	char text[128];
	int status;
	pid_t child;

	(void)state;
	snprintf(text, sizeof(text), "unix:%s", path);
	assert_int_equal(listen_on("127.0.0.1:0", &tcp), 0);
	assert_int_equal(listen_on(text, &un), 0);
	assert_int_equal(chmod(path, 0666), 0);
	child = fork();
	if (!child)
		_exit(child_takes(tcp.fd, un.fd));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	os_listener__close(&tcp);
	os_listener__close(&un);
}

/* ---- waiting ---- */

static void test_wait(void **state)
{
	struct os_waker w;
	int fds[2];

	(void)state;
	assert_int_equal(os_waker__init(&w), 0);
	assert_int_equal(pipe(fds), 0);
	os_wait(fds, 1, &w, 0);
	os_waker__wake(&w);
	os_waker__wake(&w);
	/* Each of these would last for ever if it were not woken. */
	os_wait(fds, 1, &w, -1);
	assert_int_equal(write(fds[1], "x", 1), 1);
	os_wait(fds, 1, &w, -1);
	close(fds[0]);
	close(fds[1]);
	os_waker__fini(&w);
	os_waker__fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_tcp6),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_other_user),
		cmocka_unit_test_setup_teardown(test_unix, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_unix_bad, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_unix_group, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_activated, make_dir, remove_dir),
		cmocka_unit_test(test_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
