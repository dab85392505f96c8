/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_api_windows.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/log.h"
#include "base/os_windows.h"

/* Where each goes in struct etw_api. */
static const struct {
	const char *name;
	size_t offset;
} api_functions[] = {
	{"StartTraceW", offsetof(struct etw_api, start_trace)},
	{"ControlTraceW", offsetof(struct etw_api, control_trace)},
	{"QueryAllTracesW", offsetof(struct etw_api, query_all_traces)},
	{"TraceSetInformation", offsetof(struct etw_api, set_information)},
	{"OpenTraceW", offsetof(struct etw_api, open_trace)},
	{"ProcessTrace", offsetof(struct etw_api, process_trace)},
	{"CloseTrace", offsetof(struct etw_api, close_trace)},
	{"OpenProcessToken", offsetof(struct etw_api, open_process_token)},
	{"LookupPrivilegeValueW", offsetof(struct etw_api, lookup_privilege)},
	{"AdjustTokenPrivileges", offsetof(struct etw_api, adjust_privileges)},
	{"OpenProcess", offsetof(struct etw_api, open_process)},
	{"QueryPerformanceCounter", offsetof(struct etw_api, query_counter)},
};

static bool api_is_wine(void)
{
	return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

/* A test's DLL has them with "Fake" before their names. */
static FARPROC api_find(HMODULE test, const char *name)
{
	static const wchar_t *const dlls[] = {L"advapi32.dll", L"kernel32.dll"};
	char fake[64];

	if (test) {
		snprintf(fake, sizeof(fake), "Fake%s", name);
		return GetProcAddress(test, fake);
	}
	for (size_t i = 0; i < ARRAY_SIZE(dlls); i++) {
		HMODULE dll = LoadLibraryW(dlls[i]);
		FARPROC found = dll ? GetProcAddress(dll, name) : NULL;

		if (found)
			return found;
	}
	return NULL;
}

int etw_api__load(struct etw_api *api, const char *dll)
{
	_cleanup_free_ wchar_t *path = dll ? os_windows_path(dll) : NULL;
	HMODULE test = path ? LoadLibraryW(path) : NULL;

	*api = (struct etw_api){.test = test != NULL};
	if (dll && !test)
		return error_set(-ENOENT, "--etw-dll: %s can't be loaded (error %lu)", dll,
				 GetLastError());
	if (!test && api_is_wine())
		return error_set(-ENOTSUP, "Wine has no ETW, so there is nothing to trace with: "
					   "run dwell.exe on Windows, or dwell on Linux");
	for (size_t i = 0; i < ARRAY_SIZE(api_functions); i++) {
		FARPROC found = api_find(test, api_functions[i].name);

		if (!found)
			return error_set(-ENOTSUP,
					 "%s is missing in this Windows: live sessions need "
					 "Windows 7 or later",
					 api_functions[i].name);
		memcpy((char *)api + api_functions[i].offset, &found, sizeof(found));
	}
	return 0;
}
