/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_self.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include <psapi.h>

#include "base/compiler.h"
#include "base/os_windows.h"

#define SELF_UNIX_EPOCH 116444736000000000ull /* 1970 in units of 100 ns since 1601 */

static uint64_t self_units(const FILETIME *t)
{
	return (uint64_t)t->dwHighDateTime << 32 | t->dwLowDateTime;
}

static uint64_t self_times(uint64_t *ret_start_ns)
{
	FILETIME start, end, kernel, user;

	*ret_start_ns = 0;
	if (!GetProcessTimes(GetCurrentProcess(), &start, &end, &kernel, &user))
		return 0;
	*ret_start_ns = (self_units(&start) - SELF_UNIX_EPOCH) * 100;
	return (self_units(&kernel) + self_units(&user)) * 100;
}

int os_self_read(struct os_self *ret)
{
	PROCESS_MEMORY_COUNTERS memory = {.cb = sizeof(memory)};
	struct os_self self = {.threads = 0};
	DWORD handles = 0;

	self.cpu_ns = self_times(&self.start_realtime_ns);
	if (!self.start_realtime_ns)
		return -EIO;
	if (GetProcessMemoryInfo(GetCurrentProcess(), &memory, sizeof(memory))) {
		self.rss_bytes = memory.WorkingSetSize;
		self.virtual_bytes = memory.PagefileUsage;
	}
	if (GetProcessHandleCount(GetCurrentProcess(), &handles))
		self.open_fds = handles;
	*ret = self;
	return 0;
}

uint64_t os_self_cpu_ns(void)
{
	uint64_t start_ns;

	return self_times(&start_ns);
}

uint64_t os_self_thread_cpu_ns(void)
{
	FILETIME start, end, kernel, user;

	if (!GetThreadTimes(GetCurrentThread(), &start, &end, &kernel, &user))
		return 0;
	return (self_units(&kernel) + self_units(&user)) * 100;
}

int os_self_path(char *to, size_t cap)
{
	wchar_t wide[MAX_PATH];
	DWORD len = GetModuleFileNameW(NULL, wide, MAX_PATH);
	_cleanup_free_ char *text = len && len < MAX_PATH ? os_windows_utf8(wide) : NULL;

	if (!text || strlen(text) >= cap)
		return len ? -ENAMETOOLONG : os_windows_error();
	strcpy(to, text);
	return 0;
}

uint32_t os_online_cpus(void)
{
	return GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
}
