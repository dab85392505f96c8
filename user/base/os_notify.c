/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_file.h"

#define NOTIFY_MAX_BYTES 1024

/* ---- from the environment ---- */

/* Decimal, nothing else. */
static int parse_number(const char *text, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

/* As sd_watchdog_enabled(3): the variables are of use to the process that WATCHDOG_PID names, or without it to any. */
static int init_watchdog(struct os_notify *n, const char *usec, const char *pid)
{
	uint64_t us, meant = 0;

	if (!usec)
		return 0;
	if (parse_number(usec, &us) || !us || us > UINT64_MAX / 1000)
		return error_set(-EINVAL, "WATCHDOG_USEC=%.40s is not a number of microseconds",
				 usec);
	if (pid && parse_number(pid, &meant))
		return error_set(-EINVAL, "WATCHDOG_PID=%.40s is not a process", pid);
	if (!pid || meant == (uint64_t)getpid())
		n->watchdog_ns = us * 1000;
	return 0;
}

static int init_path(struct os_notify *n, const char *path)
{
	if (!path || !*path)
		return 0;
	if (*path != '/' && *path != '@')
		return error_set(-EINVAL,
				 "NOTIFY_SOCKET=%.80s: only sockets of this machine are spoken to, "
				 "a path or @name",
				 path);
	if (strlen(path) < 2 || strlen(path) >= sizeof(n->path))
		return error_set(-EINVAL, "NOTIFY_SOCKET=%.80s: not the length of a socket's name",
				 path);
	snprintf(n->path, sizeof(n->path), "%s", path);
	return 0;
}

int os_notify__init(struct os_notify *n)
{
	int err;

	memset(n, 0, sizeof(*n));
	err = init_path(n, getenv("NOTIFY_SOCKET"));
	if (!err)
		err = init_watchdog(n, getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
	if (err)
		memset(n, 0, sizeof(*n));
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return err;
}

/* ---- messages ---- */

/*
 * A socket of its own each time: the manager may have been replaced meanwhile, and messages are rare. The kernel adds who we are, by which
 * the manager knows the service.
 */
static int notify_send(const struct os_notify *n, const char *text, size_t len)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t path_len = strlen(n->path);
	socklen_t to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len);
	int fd, err = 0;

	if (!path_len)
		return 0;
	memcpy(to.sun_path, n->path, path_len);
	if (*n->path == '@')
		to.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to, to_len) < 0)
		err = -errno;
	os_close(fd);
	return err;
}

/* @lines "NAME=VALUE", and if it is not NULL @status as one more. */
static int notify_lines(const struct os_notify *n, const char *lines, const char *status)
{
	char text[NOTIFY_MAX_BYTES], *value;

	if (!status)
		return notify_send(n, lines, strlen(lines));
	snprintf(text, sizeof(text), "%s%sSTATUS=%s", lines, *lines ? "\n" : "", status);
	/* A line break in it would begin another assignment. */
	for (value = strstr(text, "STATUS="); (value = strchr(value, '\n'));)
		*value = ' ';
	return notify_send(n, text, strlen(text));
}

int os_notify__ready(const struct os_notify *n, const char *status)
{
	return notify_lines(n, "READY=1", status);
}

int os_notify__status(const struct os_notify *n, const char *fmt, ...)
{
	char text[NOTIFY_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return notify_lines(n, "", text);
}

int os_notify__reloading(const struct os_notify *n)
{
	char lines[80];

	/* The time tells the manager which SIGHUP this answers (systemd.service(5), Type=notify-reload). */
	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 os_monotonic_ns() / 1000);
	return notify_lines(n, lines, NULL);
}

int os_notify__stopping(const struct os_notify *n, const char *status)
{
	return notify_lines(n, "STOPPING=1", status);
}

int os_notify__watchdog(const struct os_notify *n)
{
	return notify_lines(n, "WATCHDOG=1", NULL);
}
