/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_feed_windows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_signal.h"
#include "source/etw_session_windows.h"

#define FEED_RAW_TIMESTAMP    0x00001000 /* PROCESS_TRACE_MODE_* */
#define FEED_HEADER_CLASSIC   0x0100	 /* EVENT_HEADER_FLAG_* */
#define FEED_HEADER_CPU_INDEX 0x0200
#define FEED_NO_TRACE	      ((TRACEHANDLE)-1)
#define FEED_ASK_EVERY_MS     1000
#define FEED_CLOSE_MS	      5000

struct etw_feed {
	struct etw_api api;
	struct etw_session session;
	TRACEHANDLE trace;
	HANDLE thread;
	CRITICAL_SECTION lock; /* of the queue */
	struct etw_queue queue;
	ULONG process_error; /* of ProcessTrace(), once the thread is over */
	uint64_t dropped_cnt;
	uint64_t asked_ms;
	char name[ETW_SESSION_NAME_CHARS], kernel[64];
};

/* That a console's closing has to end; one program has one session. */
static struct etw_session *volatile feed_session;

/* In a thread of the system's, when the program is about to be ended. */
static BOOL WINAPI feed_on_console(DWORD event)
{
	struct etw_session *s = feed_session;
	bool first = (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT) && !os_signal_stop();

	if (s && !first)
		etw_session__stop(s);
	return FALSE;
}

/* ---- events ---- */

static uint32_t feed_cpu_of(const EVENT_RECORD *r)
{
	uint16_t index;

	memcpy(&index, &r->BufferContext, sizeof(index));
	return r->EventHeader.Flags & FEED_HEADER_CPU_INDEX ? index : index & 0xff;
}

/* By the system, one at a time: to copy is all there is time for. */
static void WINAPI feed_take(EVENT_RECORD *r)
{
	struct etw_feed *f = r->UserContext;
	const EVENT_HEADER *h = &r->EventHeader;
	const struct etl_event e = {
		.ticks = h->TimeStamp.QuadPart,
		.cpu = feed_cpu_of(r),
		.pid = h->ProcessId,
		.tid = h->ThreadId,
		.kind = h->Flags & FEED_HEADER_CLASSIC ? ETL_FULL : ETL_EVENT,
		.ptr_bytes = h->Flags & EVENT_HEADER_FLAG_32_BIT_HEADER ? 4 : 8,
		.has_time = true,
		.opcode = h->EventDescriptor.Opcode,
		.level = h->EventDescriptor.Level,
		.channel = h->EventDescriptor.Channel,
		.version = h->EventDescriptor.Version,
		.id = h->EventDescriptor.Id,
		.task = h->EventDescriptor.Task,
		.flags = h->Flags,
		.keyword = h->EventDescriptor.Keyword,
		.guid = (const uint8_t *)&h->ProviderId,
		.payload = r->UserData,
		.payload_len = r->UserDataLength,
	};

	EnterCriticalSection(&f->lock);
	etw_queue__put(&f->queue, &e);
	LeaveCriticalSection(&f->lock);
}

static DWORD WINAPI feed_thread(void *arg)
{
	struct etw_feed *f = arg;

	f->process_error = f->api.process_trace(&f->trace, 1, NULL, NULL);
	return 0;
}

static int feed_open_trace(struct etw_feed *f, TRACE_LOGFILE_HEADER *ret)
{
	EVENT_TRACE_LOGFILEW log = {
		.LoggerName = f->session.name,
		.ProcessTraceMode = PROCESS_TRACE_MODE_REAL_TIME | PROCESS_TRACE_MODE_EVENT_RECORD |
				    FEED_RAW_TIMESTAMP,
		.EventRecordCallback = feed_take,
		.Context = f,
	};

	f->trace = f->api.open_trace(&log);
	if (f->trace == FEED_NO_TRACE)
		return error_set(-EIO,
				 "the session has begun, but its events are refused (error %lu): "
				 "'net helpmsg %lu' says more",
				 GetLastError(), GetLastError());
	*ret = log.LogfileHeader;
	f->thread = CreateThread(NULL, 0, feed_thread, f, 0, NULL);
	return f->thread ? 0 : -ENOMEM;
}

/* ---- a session ---- */

/* Not what a program's manifest says that it knows: GetVersion() would. */
static void feed_name_system(struct etw_feed *f)
{
	typedef LONG(WINAPI * get_version_fn)(OSVERSIONINFOW *);
	FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "RtlGetVersion");
	OSVERSIONINFOW v = {.dwOSVersionInfoSize = sizeof(v)};
	get_version_fn get_version;

	memcpy(&get_version, &found, sizeof(found));
	if (!found || get_version(&v))
		return;
	snprintf(f->kernel, sizeof(f->kernel), "Windows %lu.%lu.%lu", v.dwMajorVersion,
		 v.dwMinorVersion, v.dwBuildNumber);
}

static int64_t feed_now(void *arg)
{
	struct etw_feed *f = arg;
	LARGE_INTEGER ticks;

	f->api.query_counter(&ticks);
	return ticks.QuadPart;
}

static uint64_t feed_freq(const TRACE_LOGFILE_HEADER *h)
{
	LARGE_INTEGER hz;

	if (h->PerfFreq.QuadPart > 0)
		return (uint64_t)h->PerfFreq.QuadPart;
	QueryPerformanceFrequency(&hz);
	return (uint64_t)hz.QuadPart;
}

static int feed_start(void *arg, struct etw_pipe_about *about, struct etw_clock *ret_clock)
{
	struct etw_feed *f = arg;
	TRACE_LOGFILE_HEADER header = {0};
	uint64_t unix_ns = os_realtime_ns();
	int err;

	ret_clock->start_ticks = feed_now(f);
	err = etw_session__start(&f->session, &f->api);
	if (err)
		return err;
	feed_session = &f->session;
	SetConsoleCtrlHandler(feed_on_console, TRUE);
	err = feed_open_trace(f, &header);
	if (err)
		return err;
	snprintf(f->name, sizeof(f->name), "%ls", f->session.name);
	feed_name_system(f);
	ret_clock->freq = feed_freq(&header);
	*about = (struct etw_pipe_about){
		.name = f->name,
		.kernel = f->kernel,
		.wide = header.PointerSize != 4,
		.cpu_cnt = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS),
		/* The counter began with the system. */
		.boot_ns = (uint64_t)ret_clock->start_ticks / ret_clock->freq * 1000000000u +
			   (uint64_t)ret_clock->start_ticks % ret_clock->freq * 1000000000u /
				   ret_clock->freq,
		.unix_ns = unix_ns,
	};
	return 0;
}

static int feed_fetch(void *arg, int timeout_ms, struct etw_batch *to)
{
	struct etw_feed *f = arg;
	bool over = WaitForSingleObject(f->thread, (DWORD)timeout_ms) == WAIT_OBJECT_0;
	uint64_t now_ms = GetTickCount64();
	int err;

	EnterCriticalSection(&f->lock);
	err = etw_queue__move(&f->queue, to);
	f->dropped_cnt = f->queue.dropped_cnt;
	LeaveCriticalSection(&f->lock);
	if (err)
		return err;
	if (now_ms - f->asked_ms >= FEED_ASK_EVERY_MS) {
		etw_session__query(&f->session);
		f->asked_ms = now_ms;
	}
	if (over && f->process_error)
		return error_set(-EIO,
				 "ProcessTrace failed (error %lu): 'net helpmsg %lu' says more",
				 f->process_error, f->process_error);
	return !over;
}

static int feed_stop(void *arg)
{
	struct etw_feed *f = arg;

	etw_session__stop(&f->session);
	return 0;
}

static void feed_losses(void *arg, struct etw_losses *ret)
{
	const struct etw_feed *f = arg;

	*ret = (struct etw_losses){.events = f->session.lost_events + f->dropped_cnt,
				   .buffers = f->session.lost_buffers};
}

static void feed_close(void *arg)
{
	struct etw_feed *f = arg;

	etw_session__stop(&f->session);
	feed_session = NULL;
	if (f->trace != FEED_NO_TRACE)
		f->api.close_trace(f->trace);
	if (f->thread) {
		/* One that goes on has our memory. */
		if (WaitForSingleObject(f->thread, FEED_CLOSE_MS) != WAIT_OBJECT_0)
			return;
		CloseHandle(f->thread);
	}
	DeleteCriticalSection(&f->lock);
	etw_queue__fini(&f->queue);
	free(f);
}

static const struct etw_feed_ops feed_ops = {
	.start = feed_start,
	.fetch = feed_fetch,
	.stop = feed_stop,
	.now = feed_now,
	.losses = feed_losses,
	.close = feed_close,
};

/* Nobody would ever tell of one that isn't there. */
static int feed_check_pids(const struct etw_api *api, const struct etw_targets *t)
{
	for (size_t i = 0; i < t->pid_cnt; i++) {
		HANDLE process = api->open_process(SYNCHRONIZE, FALSE, t->pids[i]);

		if (!process && GetLastError() == ERROR_INVALID_PARAMETER)
			return error_set(-ESRCH, "-p %u: there is no such process", t->pids[i]);
		if (process)
			CloseHandle(process);
	}
	return 0;
}

struct source *etw_feed_open(const struct etw_feed_opts *opts, const struct etw_targets *targets,
			     struct module_table *modules)
{
	struct etw_feed *f = calloc(1, sizeof(*f));
	struct etw_targets others = *targets;
	int err;

	if (!f)
		return NULL;
	/* As on Linux: what it waits for itself is of no interest. */
	others.not_pid = GetCurrentProcessId();
	err = etw_api__load(&f->api, opts->dll);
	if (!err)
		err = feed_check_pids(&f->api, targets);
	if (err) {
		free(f);
		errno = -err;
		return NULL;
	}
	f->trace = FEED_NO_TRACE;
	f->session.system_calls = opts->system_calls;
	InitializeCriticalSection(&f->lock);
	etw_queue__init(&f->queue, ETW_QUEUE_BYTES_EACH);
	snprintf(f->kernel, sizeof(f->kernel), "Windows");
	return etw_live_new(&feed_ops, f, &others, modules);
}
