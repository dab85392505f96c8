/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The functions of Windows' event tracing, looked up at run time: a program that only reads files needs none of them, and tests put a
 * DLL of their own in their place.
 */
#ifndef SOURCE_ETW_API_WINDOWS_H
#define SOURCE_ETW_API_WINDOWS_H

#include <stdbool.h>

#include <windows.h>

#include <evntcons.h>
#include <evntrace.h>

struct etw_api {
	ULONG(WINAPI *start_trace)(PTRACEHANDLE, LPCWSTR, PEVENT_TRACE_PROPERTIES);
	ULONG(WINAPI *control_trace)(TRACEHANDLE, LPCWSTR, PEVENT_TRACE_PROPERTIES, ULONG);
	ULONG(WINAPI *query_all_traces)(PEVENT_TRACE_PROPERTIES *, ULONG, PULONG);
	ULONG(WINAPI *set_information)(TRACEHANDLE, TRACE_INFO_CLASS, PVOID, ULONG);
	TRACEHANDLE(WINAPI *open_trace)(PEVENT_TRACE_LOGFILEW);
	ULONG(WINAPI *process_trace)(PTRACEHANDLE, ULONG, LPFILETIME, LPFILETIME);
	ULONG(WINAPI *close_trace)(TRACEHANDLE);
	BOOL(WINAPI *open_process_token)(HANDLE, DWORD, PHANDLE);
	BOOL(WINAPI *lookup_privilege)(LPCWSTR, LPCWSTR, PLUID);
	BOOL(WINAPI *adjust_privileges)
	(HANDLE, BOOL, PTOKEN_PRIVILEGES, DWORD, PTOKEN_PRIVILEGES, PDWORD);
	BOOL(WINAPI *query_counter)(LARGE_INTEGER *);
	HANDLE(WINAPI *open_process)(DWORD, BOOL, DWORD);
	bool test; /* a DLL of a test */
};

/*
 * Looks all up. @dll: NULL, or the path of one to take them from, for tests. 0, or -errno with error_set(): it has not all of
 * them, or there is no event tracing, as in Wine.
 */
int etw_api__load(struct etw_api *api, const char *dll);

#endif
