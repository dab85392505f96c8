/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_usage.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/os_read.h"

#define USAGE_MAX_BYTES	      4096
#define USAGE_SMAPS_MAX_BYTES (16 << 20)

static uint64_t usage_of_map(const char *name)
{
	_cleanup_buf_ struct buf text = {0};
	unsigned long long bytes = 0;
	const char *at;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%.20s", name);
	if (os_read_file(path, USAGE_MAX_BYTES, &text) || !text.len)
		return 0;
	at = strstr(text.data, "\nmap_type:") ? strstr(text.data, "\nmemlock:") : NULL;
	return at && sscanf(at, "\nmemlock: %llu", &bytes) == 1 ? bytes : 0;
}

uint64_t os_usage_map_bytes(void)
{
	DIR *dir = opendir("/proc/self/fdinfo");
	struct dirent *entry;
	uint64_t bytes = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		bytes += usage_of_map(entry->d_name);
	closedir(dir);
	return bytes;
}

/* Lines "START-END PERMS OFFSET DEV INODE  NAME" begin a mapping, "Rss:  N kB" is in it (proc_pid_smaps(5)). */
static bool usage_begins_mapping(const char *line, bool *ret_of_maps)
{
	unsigned long long start, end;
	int name = 0;

	if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %n", &start, &end, &name) != 2 || !name)
		return false;
	*ret_of_maps = !strncmp(line + name, "anon_inode:bpf", strlen("anon_inode:bpf")) ||
		       !strncmp(line + name, "anon_inode:[perf", strlen("anon_inode:[perf"));
	return true;
}

uint64_t os_usage_own_bytes(void)
{
	_cleanup_buf_ struct buf text = {0};
	unsigned long long kb;
	bool of_maps = false;
	uint64_t bytes = 0;
	char *rest, *line;

	if (os_read_file("/proc/self/smaps", USAGE_SMAPS_MAX_BYTES, &text) || !text.len)
		return 0;
	for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!usage_begins_mapping(line, &of_maps) && !of_maps &&
		    sscanf(line, "Rss: %llu", &kb) == 1)
			bytes += kb * 1024;
	return bytes;
}
