/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fake_etw.dll, for dwell.exe --etw-dll: the functions of Windows' event tracing, which tell of a trace in a file as if it happened now.
 * What they are called with is written down. By environment variables, or in section [fake] of fake_etw.ini beside it:
 *
 *   FAKE_ETW_TRACE   the trace (.etl)
 *   FAKE_ETW_LOG     where the calls are written to, a line each
 *   FAKE_ETW_FAIL    "StartTraceW=5,OpenTraceW=5": these fail with that error; "StartTraceW.private=87" one that asks for a system
 *                    logger of its own only
 *   FAKE_ETW_LOST    "1,2,3": events, buffers and real-time buffers that are lost
 *   FAKE_ETW_OTHERS  names of sessions that there are already, with ';' between them; %u: with the program's own id
 *   FAKE_ETW_RUNS    the clock goes on behind the trace's end; else it stops there
 *   FAKE_ETW_ENDS    ProcessTrace() returns when all was told; else when the session is stopped
 */
#include <windows.h>

#include <evntcons.h>
#include <evntrace.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os_read.h"
#include "format/etl_names.h"
#include "format/etl_reader.h"

/* By the name of what it stands for, with Fake before it. */
#define EXPORT(type, name, ...)                              \
	__declspec(dllexport) type WINAPI name(__VA_ARGS__); \
	type WINAPI name(__VA_ARGS__)

#define SESSION	      ((TRACEHANDLE)0x1234)
#define TRACE	      ((TRACEHANDLE)0x5678)
#define CLASSIC	      0x0100
#define CPU_INDEX     0x0200
#define BIT_32	      0x0020
#define BIT_64	      0x0040
#define SYSTEM_LOGGER 0x02000000

static struct etl_reader *reader;
static PEVENT_RECORD_CALLBACK callback;
static void *context;
static volatile LONG stopped;
static volatile LONG64 now;
static volatile LONG64 told_at_ms; /* all of it; 0: not yet */

/* Of the environment; a service has none of ours, so it may be in a file beside the DLL. */
static const char *setting(const char *name)
{
	static char path[MAX_PATH], values[8][1024];
	static int next;
	const char *value = getenv(name);
	char *to = values[next++ % 8];
	HMODULE self;

	if (value)
		return value;
	GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
				   GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
			   (const char *)setting, &self);
	GetModuleFileNameA(self, path, sizeof(path));
	snprintf(path + strlen(path) - strlen("dll"), 4, "ini");
	GetPrivateProfileStringA("fake", name, "", to, sizeof(values[0]), path);
	return to;
}

static void note(const char *format, ...)
{
	FILE *to = *setting("FAKE_ETW_LOG") ? fopen(setting("FAKE_ETW_LOG"), "ab") : NULL;
	va_list args;

	if (!to)
		return;
	va_start(args, format);
	vfprintf(to, format, args);
	va_end(args);
	fputc('\n', to);
	fclose(to);
}

/* The error that @name has to fail with; 0: none. */
static ULONG failure(const char *name)
{
	const char *found = setting("FAKE_ETW_FAIL");
	size_t len = strlen(name);

	while ((found = strstr(found, name))) {
		if (found[len] == '=')
			return strtoul(found + len + 1, NULL, 10);
		found += len;
	}
	return 0;
}

static void load(void)
{
	struct file_input in;
	int fd = os_open_file(setting("FAKE_ETW_TRACE"));

	if (reader)
		return;
	reader = etl_reader__new();
	if (fd < 0 || file_input__open_fd(&in, fd) || etl_reader__add(reader, &in)) {
		fprintf(stderr, "fake_etw: FAKE_ETW_TRACE=%s can't be read\n",
			setting("FAKE_ETW_TRACE"));
		exit(99);
	}
	now = etl_reader__base(reader)->start_ticks;
}

EXPORT(BOOL, FakeQueryPerformanceCounter, LARGE_INTEGER *ret)
{
	load();
	ret->QuadPart = now;
	if (told_at_ms && *setting("FAKE_ETW_RUNS"))
		ret->QuadPart += ((LONG64)GetTickCount64() - told_at_ms) *
				 (LONG64)etl_reader__base(reader)->freq / 1000;
	return TRUE;
}

/* ---- the privilege ---- */

EXPORT(BOOL, FakeOpenProcessToken, HANDLE process, DWORD access, PHANDLE ret)
{
	(void)process;
	note("OpenProcessToken access=%lx", access);
	*ret = CreateEventW(NULL, TRUE, FALSE, NULL);
	return TRUE;
}

EXPORT(BOOL, FakeLookupPrivilegeValueW, LPCWSTR system, LPCWSTR name, PLUID ret)
{
	(void)system;
	note("LookupPrivilegeValueW %ls", name);
	*ret = (LUID){.LowPart = 11};
	return TRUE;
}

EXPORT(BOOL, FakeAdjustTokenPrivileges, HANDLE token, BOOL none, PTOKEN_PRIVILEGES wanted,
       DWORD bytes, PTOKEN_PRIVILEGES before, PDWORD len)
{
	(void)token;
	(void)none;
	(void)bytes;
	(void)before;
	(void)len;
	note("AdjustTokenPrivileges cnt=%lu luid=%lu attributes=%lx", wanted->PrivilegeCount,
	     wanted->Privileges[0].Luid.LowPart, wanted->Privileges[0].Attributes);
	SetLastError(failure("AdjustTokenPrivileges"));
	return TRUE;
}

/* Those in the trace are not in this system. */
EXPORT(HANDLE, FakeOpenProcess, DWORD access, BOOL inherit, DWORD pid)
{
	(void)access;
	(void)inherit;
	(void)pid;
	SetLastError(failure("OpenProcess"));
	return failure("OpenProcess") ? NULL : CreateEventW(NULL, TRUE, FALSE, NULL);
}

/* ---- sessions ---- */

static void note_guid(const char *what, const GUID *g)
{
	char text[ETL_GUID_TEXT_BYTES];

	note("%s %s", what, etl_guid_text((const uint8_t *)g, text));
}

EXPORT(ULONG, FakeStartTraceW, PTRACEHANDLE ret, LPCWSTR name, PEVENT_TRACE_PROPERTIES p)
{
	ULONG error = failure("StartTraceW");

	if (!error && p->LogFileMode & SYSTEM_LOGGER)
		error = failure("StartTraceW.private");
	else if (!error)
		error = failure("StartTraceW.classic");
	note("StartTraceW name=%ls bytes=%lu wnode=%lx clock=%lu mode=%lx flags=%lx buffer=%lu "
	     "min=%lu "
	     "max=%lu flush=%lu names=%lu,%lu error=%lu",
	     name, p->Wnode.BufferSize, p->Wnode.Flags, p->Wnode.ClientContext, p->LogFileMode,
	     p->EnableFlags, p->BufferSize, p->MinimumBuffers, p->MaximumBuffers, p->FlushTimer,
	     p->LoggerNameOffset, p->LogFileNameOffset, error);
	note_guid("StartTraceW guid", &p->Wnode.Guid);
	*ret = error ? 0 : SESSION;
	return error;
}

EXPORT(ULONG, FakeControlTraceW, TRACEHANDLE session, LPCWSTR name, PEVENT_TRACE_PROPERTIES p,
       ULONG what)
{
	unsigned long events = 0, buffers = 0, real_time = 0;

	note("ControlTraceW handle=%llx name=%ls what=%lu", (unsigned long long)session,
	     name ? name : L"", what);
	if (session != SESSION)
		return 0;
	sscanf(setting("FAKE_ETW_LOST"), "%lu,%lu,%lu", &events, &buffers, &real_time);
	p->EventsLost = events;
	p->LogBuffersLost = buffers;
	p->RealTimeBuffersLost = real_time;
	if (what == EVENT_TRACE_CONTROL_STOP)
		InterlockedExchange(&stopped, 1);
	return failure("ControlTraceW");
}

EXPORT(ULONG, FakeQueryAllTracesW, PEVENT_TRACE_PROPERTIES *all, ULONG cap, PULONG ret_cnt)
{
	char names[1024], *rest = NULL;
	ULONG cnt = 0;

	snprintf(names, sizeof(names), setting("FAKE_ETW_OTHERS"), GetCurrentProcessId());
	for (char *n = strtok_r(names, ";", &rest); n && cnt < cap; n = strtok_r(NULL, ";", &rest))
		swprintf((wchar_t *)((char *)all[cnt] + all[cnt]->LoggerNameOffset), 512, L"%hs",
			 n),
			cnt++;
	*ret_cnt = cnt;
	return 0;
}

EXPORT(ULONG, FakeTraceSetInformation, TRACEHANDLE session, TRACE_INFO_CLASS what, PVOID data,
       ULONG len)
{
	const CLASSIC_EVENT_ID *ids = data;

	note("TraceSetInformation handle=%llx class=%d bytes=%lu", (unsigned long long)session,
	     (int)what, len);
	for (ULONG i = 0; i < len / sizeof(*ids); i++) {
		note_guid("TraceSetInformation of", &ids[i].EventGuid);
		note("TraceSetInformation type=%u", ids[i].Type);
	}
	return failure("TraceSetInformation");
}

/* ---- events ---- */

EXPORT(TRACEHANDLE, FakeOpenTraceW, PEVENT_TRACE_LOGFILEW log)
{
	const struct etl_header *h;

	load();
	h = etl_reader__base(reader);
	note("OpenTraceW name=%ls mode=%lx", log->LoggerName, log->ProcessTraceMode);
	if (failure("OpenTraceW")) {
		SetLastError(failure("OpenTraceW"));
		return (TRACEHANDLE)-1;
	}
	callback = log->EventRecordCallback;
	context = log->Context;
	log->LogfileHeader.PerfFreq.QuadPart = (LONGLONG)h->freq;
	log->LogfileHeader.PointerSize = h->ptr_bytes;
	log->LogfileHeader.NumberOfProcessors = h->cpu_cnt;
	return TRACE;
}

static void tell_event(const struct etl_event *e)
{
	EVENT_RECORD r = {.UserContext = context,
			  .UserData = (void *)(uintptr_t)e->payload,
			  .UserDataLength = (USHORT)e->payload_len};
	EVENT_HEADER *h = &r.EventHeader;
	USHORT cpu = (USHORT)e->cpu;
	const uint8_t *guid;

	memcpy(&r.BufferContext, &cpu, sizeof(cpu));
	h->Flags = (USHORT)(CPU_INDEX | (e->ptr_bytes == 4 ? BIT_32 : BIT_64) |
			    (e->kind == ETL_EVENT ? 0 : CLASSIC));
	h->ThreadId = e->tid;
	h->ProcessId = e->pid;
	h->TimeStamp.QuadPart = e->ticks;
	h->EventDescriptor.Id = e->id;
	h->EventDescriptor.Version = (UCHAR)e->version;
	h->EventDescriptor.Opcode = e->opcode;
	guid = e->guid ? e->guid : etl_class_of_group(e->group);
	if (!guid)
		return;
	memcpy(&h->ProviderId, guid, sizeof(h->ProviderId));
	callback(&r);
	InterlockedExchange64(&now, e->ticks);
}

EXPORT(ULONG, FakeProcessTrace, PTRACEHANDLE traces, ULONG cnt, LPFILETIME from, LPFILETIME to)
{
	const struct etl_event *e;
	unsigned long long told = 0;

	note("ProcessTrace handle=%llx cnt=%lu from=%d to=%d", (unsigned long long)*traces, cnt,
	     from != NULL, to != NULL);
	if (failure("ProcessTrace"))
		return failure("ProcessTrace");
	for (; etl_reader__next(reader, &e) > 0; told++)
		tell_event(e);
	InterlockedExchange64(&told_at_ms, (LONG64)GetTickCount64());
	while (!stopped && !*setting("FAKE_ETW_ENDS"))
		Sleep(5);
	note("ProcessTrace told=%llu", told);
	return 0;
}

EXPORT(ULONG, FakeCloseTrace, TRACEHANDLE trace)
{
	note("CloseTrace handle=%llx", (unsigned long long)trace);
	return failure("CloseTrace");
}
