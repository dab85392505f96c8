/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Tables of sockets (/proc/PID/net), and of mounts and cgroups of v1 (/proc/PID/mountinfo and cgroup, one behind the other with a NUL
 * between). The first byte of an input is the inode or the device that is looked for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "format/proc_mountinfo.h"
#include "source/os_fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void find_socket(const char *table, uint64_t inode)
{
	static const char *const protocols[] = {"tcp", "tcp6", "udp", "udp6", "unix"};

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		char said[64]; /* too small for many */

		memset(said, 0x55, sizeof(said));
		if (!os_fd_find_socket(table, protocols[i], inode, said, sizeof(said)))
			continue;
		if (strnlen(said, sizeof(said)) == sizeof(said) || strchr(said, '\n') ||
		    strncmp(said, protocols[i], strlen(protocols[i])) != 0)
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;
	size_t first;

	if (!len)
		return 0;
	text = malloc(len + 1);
	if (!text)
		return 0;
	memcpy(text, data + 1, len - 1);
	text[len - 1] = text[len] = '\0';
	first = strlen(text);
	find_socket(text, data[0]);
	proc_mountinfo_hierarchy(text, text + first + (first < len), 0, data[0]);
	free(text);
	return 0;
}
