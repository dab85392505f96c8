/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/os_read.h"

#define FD_NET_MAX_BYTES (4u << 20)

/* "0100007F:1F90", each word of the address in the machine's order, as the kernel prints it. */
static bool fd_parse_address(const char *hex, char *text, size_t size)
{
	char address[INET6_ADDRSTRLEN];
	uint32_t words[4];
	unsigned int port;
	size_t cnt = strcspn(hex, ":") / 8;

	if ((cnt != 1 && cnt != 4) || sscanf(hex + cnt * 8, ":%4x", &port) != 1)
		return false;
	for (size_t i = 0; i < cnt; i++)
		if (sscanf(hex + i * 8, "%8" SCNx32, &words[i]) != 1)
			return false;
	if (!inet_ntop(cnt == 1 ? AF_INET : AF_INET6, words, address, sizeof(address)))
		return false;
	snprintf(text, size, cnt == 1 ? "%s:%u" : "[%s]:%u", address, port);
	return true;
}

/* A line of /proc/PID/net/tcp and its like: both addresses, if it is the socket @inode. */
static bool fd_inet_line(const char *line, const char *protocol, uint64_t inode, char *text,
			 size_t size)
{
	char local[64], remote[64], from[64], to[64];
	uint64_t found;

	if (sscanf(line, " %*u: %63s %63s %*x %*s %*s %*s %*u %*u %" SCNu64, local, remote,
		   &found) != 3 ||
	    found != inode || !fd_parse_address(local, from, sizeof(from)) ||
	    !fd_parse_address(remote, to, sizeof(to)))
		return false;
	snprintf(text, size, "%s %s -> %s", protocol, from, to);
	return true;
}

/* A line of /proc/PID/net/unix: behind the inode a space and the name, or the line's end. */
static bool fd_unix_line(const char *line, uint64_t inode, char *text, size_t size)
{
	uint64_t found;
	int at = 0;

	if (sscanf(line, "%*s %*s %*s %*s %*s %*s %" SCNu64 "%n", &found, &at) != 1 ||
	    found != inode)
		return false;
	snprintf(text, size, line[at] == ' ' ? "unix%.*s" : "unix", (int)strcspn(line + at, "\n"),
		 line + at);
	return true;
}

/*
 * A process chooses the names of its unix sockets, and the kernel writes them as they are, with line breaks: they may hold lines
 * about sockets of others. A socket that has two lines has a liar's; which one that is nobody knows.
 */
bool os_fd_find_socket(const char *table, const char *protocol, uint64_t inode, char *ret_text,
		       size_t size)
{
	bool is_unix = !strcmp(protocol, "unix");
	int cnt = 0;

	for (const char *line = strchr(table, '\n'); line && *++line; line = strchr(line, '\n')) {
		if (!is_unix && fd_inet_line(line, protocol, inode, ret_text, size))
			return true;
		cnt += is_unix && fd_unix_line(line, inode, ret_text, size);
	}
	if (cnt > 1)
		snprintf(ret_text, size, "unix");
	return cnt;
}

static bool fd_read_socket(uint32_t pid, const char *protocol, uint64_t inode, char *text,
			   size_t size)
{
	_cleanup_buf_ struct buf table = {0};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/net/%s", pid, protocol);
	return !os_read_file(path, FD_NET_MAX_BYTES, &table) && table.len &&
	       os_fd_find_socket(table.data, protocol, inode, text, size);
}

int os_fd_describe(uint32_t pid, uint32_t fd, char *ret_text, size_t size)
{
	/* The one that anybody can write lies to comes last. */
	static const char *const protocols[] = {"tcp", "tcp6", "udp", "udp6", "unix"};
	char path[64];
	uint64_t inode;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/fd/%u", pid, fd);
	len = readlink(path, ret_text, size - 1);
	if (len < 0)
		return -ENOENT;
	ret_text[len] = '\0';
	if (sscanf(ret_text, "socket:[%" SCNu64 "]", &inode) != 1)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (fd_read_socket(pid, protocols[i], inode, ret_text, size))
			break;
	return 0;
}
