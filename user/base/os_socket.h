/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Sockets that listen: of TCP, of the file system (unix), and such that the service manager opened for us.
 *
 * A unix socket has the permissions 0660, so that its file says who may connect. A file that a dead server left behind makes
 * way; one that a living one listens on, or that is no socket, does not.
 */
#ifndef BASE_OS_SOCKET_H
#define BASE_OS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OS_LISTEN_PATH_MAX 108 /* of a unix socket, with the NUL: the kernel's limit */
#define OS_LISTEN_MAX	   16  /* sockets that are taken from the service manager */
#define OS_SOCKET_NO_GROUP UINT32_MAX

/* What an address says, before anything is opened. */
struct os_listen_spec {
	bool is_unix;
	bool is_v6;
	uint16_t port;
	char host[46];		       /* numeric, without brackets */
	char path[OS_LISTEN_PATH_MAX]; /* of a unix socket */
};

struct os_listener {
	int fd;
	bool is_unix;  /* else TCP */
	bool loopback; /* TCP that only this machine reaches */
	bool guarded; /* a unix socket whose file says who may connect: it is not open to everybody */
	bool activated; /* the service manager's */
	uint16_t port;
	char host[46];			   /* numeric, of TCP */
	char name[OS_LISTEN_PATH_MAX + 8]; /* "127.0.0.1:80", "[::1]:80", "unix:PATH" */
	/* The file that was made, by which it is known again when it is removed: numbers are used again. */
	uint64_t dev, ino, changed_ns;
};

/*
 * Parses "ADDR:PORT", "[ADDR6]:PORT", "localhost:PORT" or "unix:PATH". Port 0: the kernel chooses. 0, or -EINVAL with
 * error_set().
 */
int os_listen_parse(const char *text, struct os_listen_spec *ret);
/* Is a numeric address one that never leaves the machine: 127.0.0.0/8, ::1, and the former written as IPv6? */
bool os_is_loopback(const char *host);
/*
 * Listens there. @unix_gid: the group of the file of a unix socket; OS_SOCKET_NO_GROUP: as it comes. 0, or -errno with
 * error_set().
 */
int os_listen(const struct os_listen_spec *spec, uint32_t unix_gid, struct os_listener *ret);
/*
 * The sockets that systemd passed (sd_listen_fds(3)), *@ret_cnt of them. Each is taken once: the environment forgets them.
 * 0, or -errno with error_set(): one of them does not listen, or there are more than @max.
 */
int os_listen_activated(struct os_listener *ret, size_t max, size_t *ret_cnt);
/* Closes it and removes the file that was made. Accepts one with fd -1. */
void os_listener__close(struct os_listener *l);
/* Removes the file that was made only; the descriptor is somebody else's. */
void os_listener__remove(struct os_listener *l);

#endif
