/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* initguid.h: this file has the bytes of the GUIDs that the others name. */
#include <windows.h>

#include <initguid.h>

#include "source/etw_session_windows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/log.h"

/* Of Windows 8 and later; mingw-w64's headers know them from their own versions on. */
#define SESSION_MODE_SYSTEM_LOGGER 0x02000000
#define SESSION_STACK_TRACING	   3 /* TraceStackTracingInfo */

#define SESSION_PREFIX	     L"dwell "
#define SESSION_BUFFER_KB    256
#define SESSION_MAX_SESSIONS 64
#define SESSION_TEXT_BYTES   (2 * 1024)

_Static_assert(sizeof(EVENT_TRACE_PROPERTIES) == 120, "as Windows has it");
_Static_assert(sizeof(EVENT_TRACE_LOGFILEW) == 448, "as Windows has it");
_Static_assert(sizeof(TRACE_LOGFILE_HEADER) == 280, "as Windows has it");
_Static_assert(sizeof(EVENT_RECORD) == 112, "as Windows has it");
_Static_assert(sizeof(EVENT_HEADER) == 80, "as Windows has it");
_Static_assert(sizeof(CLASSIC_EVENT_ID) == 24, "as Windows has it");

/* Classes of the kernel's events whose stacks are asked for (evntrace, "Thread" and "PerfInfo"). */
static const GUID session_threads = {
	0x3d6fa8d1, 0xfe05, 0x11d0, {0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c}};
static const GUID session_calls = {
	0xce1dbfb4, 0x137e, 0x4da6, {0x87, 0xb0, 0x3f, 0x59, 0xaa, 0x10, 0x2c, 0xbc}};
/* Sessions with a name of their own need a GUID of their own; the last word is the program's id. */
static const GUID session_guid = {
	0x6d0c3a5e, 0x2f4b, 0x4d1c, {0x8e, 0x51, 0x7a, 0x90, 0x00, 0x00, 0x00, 0x00}};

/* With room for both names, which Windows writes. */
struct session_properties {
	EVENT_TRACE_PROPERTIES p;
	wchar_t names[SESSION_TEXT_BYTES];
};

static void session_properties_init(struct session_properties *p)
{
	memset(p, 0, sizeof(*p));
	p->p.Wnode.BufferSize = sizeof(*p);
	p->p.Wnode.Flags = WNODE_FLAG_TRACED_GUID;
	p->p.Wnode.ClientContext = 1; /* QueryPerformanceCounter */
	p->p.LoggerNameOffset = sizeof(p->p);
	p->p.LogFileNameOffset = sizeof(p->p) + sizeof(p->names) / 2;
}

static DWORD session_cpu_cnt(void)
{
	DWORD cnt = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);

	return cnt ? cnt : 1;
}

/* ---- errors ---- */

static int session_error(ULONG code, const char *what)
{
	switch (code) {
	case ERROR_ACCESS_DENIED:
	case ERROR_NOT_ALL_ASSIGNED:
	case ERROR_PRIVILEGE_NOT_HELD:
		return error_set(-EACCES,
				 "%s was refused (error %lu): tracing the kernel needs an "
				 "administrator; open a console with 'Run as administrator'",
				 what, code);
	case ERROR_WMI_INSTANCE_NOT_FOUND:
		return error_set(-ENOENT, "%s failed: somebody else ended the session (error %lu)",
				 what, code);
	case ERROR_NO_SYSTEM_RESOURCES:
		return error_set(-EBUSY,
				 "%s failed: too many sessions, or too little memory (error %lu): "
				 "'logman query -ets' lists sessions",
				 what, code);
	case ERROR_BAD_LENGTH:
	case ERROR_INVALID_PARAMETER:
		return error_set(-EINVAL,
				 "%s failed (error %lu): this Windows takes other parameters than "
				 "dwell knows: please report its version",
				 what, code);
	default:
		return error_set(-EIO, "%s failed (error %lu): 'net helpmsg %lu' says more", what,
				 code, code);
	}
}

static int session_taken(void)
{
	return error_set(-EBUSY,
			 "the NT Kernel Logger, of which this Windows has one only, is in "
			 "use by another program: end that one, or 'logman stop \"NT Kernel "
			 "Logger\" -ets' if it is nobody's");
}

/* ---- the privilege ---- */

static int session_take_privilege(const struct etw_api *api)
{
	TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1};
	HANDLE token;
	ULONG code = 0;

	if (!api->open_process_token(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY,
				     &token))
		return session_error(GetLastError(), "OpenProcessToken");
	wanted.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
	/* Not having it is told by the last error of a call that works. */
	if (!api->lookup_privilege(NULL, L"SeSystemProfilePrivilege", &wanted.Privileges[0].Luid) ||
	    !api->adjust_privileges(token, FALSE, &wanted, 0, NULL, NULL) || GetLastError())
		code = GetLastError();
	CloseHandle(token);
	return code ? session_error(code, "SeSystemProfilePrivilege") : 0;
}

/* ---- sessions of the dead ---- */

static bool session_is_alive(DWORD pid)
{
	HANDLE process;
	bool alive;

	/* Ours has not begun: the id was another program's before. */
	if (pid == GetCurrentProcessId())
		return false;
	process = OpenProcess(SYNCHRONIZE, FALSE, pid);
	if (!process)
		return GetLastError() == ERROR_ACCESS_DENIED;
	alive = WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
	CloseHandle(process);
	return alive;
}

static bool session_is_orphan(const wchar_t *name)
{
	size_t len = wcslen(SESSION_PREFIX);
	wchar_t *end;
	unsigned long pid;

	if (wcsncmp(name, SESSION_PREFIX, len) != 0)
		return false;
	pid = wcstoul(name + len, &end, 10);
	return end != name + len && !*end && !session_is_alive(pid);
}

static void session_stop_by_name(const struct etw_api *api, const wchar_t *name)
{
	struct session_properties p;

	session_properties_init(&p);
	api->control_trace(0, name, &p.p, EVENT_TRACE_CONTROL_STOP);
}

unsigned int etw_session__clean_up(const struct etw_api *api)
{
	_cleanup_free_ struct session_properties *all = calloc(SESSION_MAX_SESSIONS, sizeof(*all));
	PEVENT_TRACE_PROPERTIES list[SESSION_MAX_SESSIONS];
	ULONG cnt = 0, stopped = 0, code;

	if (!all)
		return 0;
	for (size_t i = 0; i < SESSION_MAX_SESSIONS; i++) {
		session_properties_init(&all[i]);
		list[i] = &all[i].p;
	}
	code = api->query_all_traces(list, SESSION_MAX_SESSIONS, &cnt);
	if (code && code != ERROR_MORE_DATA)
		return 0;
	for (ULONG i = 0; i < cnt && i < SESSION_MAX_SESSIONS; i++) {
		if (!session_is_orphan(all[i].names))
			continue;
		session_stop_by_name(api, all[i].names);
		stopped++;
	}
	return stopped;
}

/* ---- beginning and end ---- */

static void session_wanted(const struct etw_session *s, struct session_properties *p)
{
	DWORD cpus = session_cpu_cnt();

	session_properties_init(p);
	p->p.BufferSize = SESSION_BUFFER_KB;
	p->p.MinimumBuffers = 4 * cpus;
	p->p.MaximumBuffers = 32 * cpus;
	p->p.FlushTimer = 1;
	p->p.LogFileMode = EVENT_TRACE_REAL_TIME_MODE;
	p->p.EnableFlags = EVENT_TRACE_FLAG_PROCESS | EVENT_TRACE_FLAG_THREAD |
			   EVENT_TRACE_FLAG_IMAGE_LOAD | EVENT_TRACE_FLAG_CSWITCH |
			   EVENT_TRACE_FLAG_DISPATCHER |
			   (s->system_calls ? EVENT_TRACE_FLAG_SYSTEMCALL : 0);
}

/* One with a name of its own: Windows 8 and later. */
static ULONG session_start_private(struct etw_session *s)
{
	DWORD pid = GetCurrentProcessId();
	struct session_properties p;

	session_wanted(s, &p);
	p.p.LogFileMode |= SESSION_MODE_SYSTEM_LOGGER;
	p.p.Wnode.Guid = session_guid;
	memcpy(p.p.Wnode.Guid.Data4 + 4, &pid, sizeof(pid));
	swprintf(s->name, ETW_SESSION_NAME_CHARS, L"%ls%lu", SESSION_PREFIX, pid);
	return s->api->start_trace(&s->handle, s->name, &p.p);
}

/* The one of Windows 7. */
static ULONG session_start_classic(struct etw_session *s)
{
	struct session_properties p;

	session_wanted(s, &p);
	p.p.Wnode.Guid = SystemTraceControlGuid;
	wcscpy(s->name, KERNEL_LOGGER_NAMEW);
	return s->api->start_trace(&s->handle, s->name, &p.p);
}

static void session_ask_for_stacks(struct etw_session *s)
{
	CLASSIC_EVENT_ID ids[] = {
		{.EventGuid = session_threads, .Type = 36}, /* CSwitch */
		{.EventGuid = session_threads, .Type = 50}, /* ReadyThread */
		{.EventGuid = session_calls, .Type = 51},   /* SysCallEnter */
	};
	ULONG cnt = s->system_calls ? 3 : 2;
	ULONG code = s->api->set_information(s->handle, (TRACE_INFO_CLASS)SESSION_STACK_TRACING,
					     ids, cnt * (ULONG)sizeof(*ids));

	if (code)
		log_warn("this Windows refuses stacks (error %lu): times of threads are all that "
			 "can be shown",
			 code);
}

int etw_session__start(struct etw_session *s, const struct etw_api *api)
{
	int err = session_take_privilege(api);
	ULONG code;

	if (err)
		return err;
	s->api = api;
	etw_session__clean_up(api);
	code = session_start_private(s);
	if (code == ERROR_INVALID_PARAMETER || code == ERROR_BAD_LENGTH) {
		code = session_start_classic(s);
		err = code == ERROR_ALREADY_EXISTS ? session_taken() : 0;
	}
	if (code) {
		s->handle = 0;
		return err ? err : session_error(code, "StartTrace");
	}
	session_ask_for_stacks(s);
	return 0;
}

static void session_control(struct etw_session *s, ULONG what)
{
	struct session_properties p;

	session_properties_init(&p);
	if (s->api->control_trace(s->handle, NULL, &p.p, what))
		return;
	s->lost_events = p.p.EventsLost;
	s->lost_buffers = (uint64_t)p.p.LogBuffersLost + p.p.RealTimeBuffersLost;
}

void etw_session__query(struct etw_session *s)
{
	if (s->handle)
		session_control(s, EVENT_TRACE_CONTROL_QUERY);
}

void etw_session__stop(struct etw_session *s)
{
	if (!s->handle)
		return;
	session_control(s, EVENT_TRACE_CONTROL_STOP);
	s->handle = 0;
}
