/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

#define SOCKET_FIRST_FD 3 /* SD_LISTEN_FDS_START */

/* ---- TCP ---- */

static void listener_name_tcp(struct os_listener *l, const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *v6 = (const void *)addr;
	const struct sockaddr_in *v4 = (const void *)addr;

	if (addr->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, l->host, sizeof(l->host));
		l->port = ntohs(v6->sin6_port);
		snprintf(l->name, sizeof(l->name), "[%s]:%u", l->host, l->port);
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, l->host, sizeof(l->host));
		l->port = ntohs(v4->sin_port);
		snprintf(l->name, sizeof(l->name), "%s:%u", l->host, l->port);
	}
	l->loopback = os_is_loopback(l->host);
}

/* What a socket of unix or TCP is, from itself. 0, or -EAFNOSUPPORT. */
static int listener_describe(struct os_listener *l)
{
	struct sockaddr_storage addr = {.ss_family = AF_UNSPEC};
	const struct sockaddr_un *un = (const void *)&addr;
	socklen_t len = sizeof(addr);
	struct stat st;

	if (getsockname(l->fd, (struct sockaddr *)&addr, &len) < 0)
		return -errno;
	if (addr.ss_family == AF_INET || addr.ss_family == AF_INET6) {
		listener_name_tcp(l, &addr);
		return 0;
	}
	if (addr.ss_family != AF_UNIX)
		return -EAFNOSUPPORT;
	l->is_unix = true;
	/* One without a file has a name that begins with NUL: everybody may connect. */
	if (len <= offsetof(struct sockaddr_un, sun_path) || !un->sun_path[0]) {
		snprintf(l->name, sizeof(l->name), "unix:@");
		return 0;
	}
	snprintf(l->name, sizeof(l->name), "unix:%.*s", (int)sizeof(un->sun_path), un->sun_path);
	l->guarded = stat(l->name + 5, &st) == 0 && S_ISSOCK(st.st_mode) && !(st.st_mode & S_IWOTH);
	return 0;
}

static int listen_tcp(const struct os_listen_spec *spec, struct os_listener *l)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(spec->port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(spec->port)};
	int one = 1;

	l->fd = socket(spec->is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       0);
	if (l->fd < 0)
		return -errno;
	/* Connections of the server before us may still be in their last minute. */
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (spec->is_v6) {
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
		inet_pton(AF_INET6, spec->host, &v6.sin6_addr);
		if (bind(l->fd, (struct sockaddr *)&v6, sizeof(v6)) < 0)
			return -errno;
	} else {
		inet_pton(AF_INET, spec->host, &v4.sin_addr);
		if (bind(l->fd, (struct sockaddr *)&v4, sizeof(v4)) < 0)
			return -errno;
	}
	if (listen(l->fd, SOMAXCONN) < 0)
		return -errno;
	return listener_describe(l);
}

/* ---- unix ---- */

static uint64_t listener_changed_ns(const struct stat *st)
{
	return (uint64_t)st->st_ctim.tv_sec * 1000000000 + (uint64_t)st->st_ctim.tv_nsec;
}

/* Removes the file of a server that is gone. 0; -EADDRINUSE: one is there; -ENOTSOCK: this is something else. */
static int listen_clear(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Only a socket that nobody has open refuses. One with a full queue says EAGAIN, one of datagrams EPROTOTYPE. */
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno != ECONNREFUSED)
		err = -EADDRINUSE;
	close(fd);
	return err ? err : unlink(addr->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int listen_unix(const struct os_listen_spec *spec, uint32_t gid, struct os_listener *l)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	mode_t mask;
	struct stat st;
	int err;

	memcpy(addr.sun_path, spec->path, sizeof(addr.sun_path));
	err = listen_clear(&addr);
	if (err)
		return err;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	/* It is never open to more than it should be, not even before the first chmod(). */
	mask = umask(0117);
	err = bind(l->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(mask);
	if (err)
		return err;
	if ((gid != OS_SOCKET_NO_GROUP && lchown(spec->path, (uid_t)-1, gid) < 0) ||
	    listen(l->fd, SOMAXCONN) < 0 || lstat(spec->path, &st) < 0) {
		err = -errno;
		unlink(spec->path);
		return err;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	l->changed_ns = listener_changed_ns(&st);
	return listener_describe(l);
}

static const char *listen_why(int err, const struct os_listen_spec *spec)
{
	switch (err) {
	case -EADDRINUSE:
		return spec->is_unix ? "a server listens there already"
				     : "the port is in use: choose another one with --listen";
	case -EACCES:
		return spec->is_unix ? "the directory may not be written to"
				     : "ports below 1024 are root's";
	case -EADDRNOTAVAIL:
		return "this machine has no such address";
	case -ENOTSOCK:
		return "there is a file that is no socket";
	case -ENOENT:
		return "there is no such directory";
	default:
		return strerror(-err);
	}
}

int os_listen(const struct os_listen_spec *spec, uint32_t unix_gid, struct os_listener *ret)
{
	struct os_listener l = {.fd = -1};
	int err = spec->is_unix ? listen_unix(spec, unix_gid, &l) : listen_tcp(spec, &l);

	if (!err) {
		*ret = l;
		return 0;
	}
	if (spec->is_unix)
		snprintf(l.name, sizeof(l.name), "unix:%s", spec->path);
	else
		snprintf(l.name, sizeof(l.name), spec->is_v6 ? "[%s]:%u" : "%s:%u", spec->host,
			 spec->port);
	error_set(err, "cannot listen on %s: %s", l.name, listen_why(err, spec));
	os_listener__close(&l);
	return err;
}

/* ---- sockets of the service manager ---- */

/* A number of the environment, -1: none. */
static long listen_env(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long n;

	if (!text || *text < '0' || *text > '9')
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	return *end || errno ? -1 : n;
}

static int listen_take(int fd, struct os_listener *l)
{
	int type = 0, listens = 0, flags;
	socklen_t len = sizeof(type);

	*l = (struct os_listener){.fd = fd, .activated = true};
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return error_set(-errno, "file descriptor %d of LISTEN_FDS is no socket", fd);
	len = sizeof(listens);
	if (type != SOCK_STREAM || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) < 0 ||
	    !listens || listener_describe(l))
		return error_set(
			-EINVAL,
			"file descriptor %d of LISTEN_FDS does not listen for connections "
			"of TCP or unix: the socket unit needs ListenStream= and Accept=no",
			fd);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int os_listen_activated(struct os_listener *ret, size_t max, size_t *ret_cnt)
{
	long pid = listen_env("LISTEN_PID"), cnt = listen_env("LISTEN_FDS");
	int err;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (pid != getpid() || cnt <= 0) {
		*ret_cnt = 0;
		return 0;
	}
	if ((size_t)cnt > max)
		return error_set(-E2BIG, "LISTEN_FDS says %ld sockets: at most %zu can be served",
				 cnt, max);
	for (int i = 0; i < (int)cnt; i++) {
		err = listen_take(SOCKET_FIRST_FD + i, &ret[i]);
		if (err)
			return err;
	}
	*ret_cnt = (size_t)cnt;
	return 0;
}

void os_listener__remove(struct os_listener *l)
{
	const char *path = l->name + 5;
	struct stat st;

	/* Another server may have replaced it meanwhile. */
	if (l->ino && lstat(path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino &&
	    listener_changed_ns(&st) == l->changed_ns)
		unlink(path);
	l->ino = 0;
}

void os_listener__close(struct os_listener *l)
{
	os_listener__remove(l);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
