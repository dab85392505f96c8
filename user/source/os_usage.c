/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_usage.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/os_read.h"

#define USAGE_MAX_BYTES 4096

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

uint64_t os_usage_resident_bytes(void)
{
	_cleanup_buf_ struct buf text = {0};
	unsigned long long pages;

	if (os_read_file("/proc/self/statm", USAGE_MAX_BYTES, &text) || !text.len ||
	    sscanf(text.data, "%*u %llu", &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
