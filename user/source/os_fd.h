/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a file descriptor of another process is, as far as /proc shows it now. */
#ifndef SOURCE_OS_FD_H
#define SOURCE_OS_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes what descriptor @fd of process @pid is: "/var/log/x", "pipe:[8123]", "tcp 10.0.0.1:5432 -> 10.0.0.2:41234",
 * "unix /run/x.sock", "socket:[8123]" where nothing more is known. 0; -ENOENT when it is closed or the process gone.
 */
int os_fd_describe(uint32_t pid, uint32_t fd, char *ret_text, size_t size);
/*
 * What the socket @inode is by @table, a text of /proc/PID/net/@protocol ("tcp", "tcp6", "udp", "udp6", "unix"), as above. False: it has
 * no line there.
 */
bool os_fd_find_socket(const char *table, const char *protocol, uint64_t inode, char *ret_text,
		       size_t size);

#endif
