/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "base/compiler.h"
#include "base/log.h"
#include "base/os_signal.h"
#include "base/os_windows.h"

#define SERVICE_STOP_MS 30000 /* what it may take to write and end */

/* A program is one service; the manager calls functions without an argument of ours. */
static struct {
	int (*fn)(void *arg);
	void *arg;
	int status;
	SERVICE_STATUS_HANDLE handle;
} service;

static void service_say(DWORD state)
{
	SERVICE_STATUS s = {
		.dwServiceType = SERVICE_WIN32_OWN_PROCESS,
		.dwCurrentState = state,
		.dwControlsAccepted = state == SERVICE_RUNNING
					      ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN
					      : 0,
		.dwWin32ExitCode = service.status ? ERROR_SERVICE_SPECIFIC_ERROR : NO_ERROR,
		.dwServiceSpecificExitCode = (DWORD)service.status,
		.dwWaitHint = state == SERVICE_STOP_PENDING ? SERVICE_STOP_MS : 0,
	};

	SetServiceStatus(service.handle, &s);
}

static DWORD WINAPI service_on_control(DWORD control, DWORD type, void *data, void *context)
{
	(void)type;
	(void)data;
	(void)context;
	switch (control) {
	case SERVICE_CONTROL_STOP:
	case SERVICE_CONTROL_SHUTDOWN:
		service_say(SERVICE_STOP_PENDING);
		os_signal_remember_stop(SIGTERM);
		return NO_ERROR;
	case SERVICE_CONTROL_INTERROGATE:
		return NO_ERROR;
	default:
		return ERROR_CALL_NOT_IMPLEMENTED;
	}
}

static void WINAPI service_main(DWORD argc, wchar_t **argv)
{
	(void)argc;
	(void)argv;
	service.handle = RegisterServiceCtrlHandlerExW(L"dwell", service_on_control, NULL);
	service_say(SERVICE_RUNNING);
	service.status = service.fn(service.arg);
	service_say(SERVICE_STOPPED);
}

int os_service_log_to(const char *path)
{
	_cleanup_free_ wchar_t *wide = os_windows_path(path);
	FILE *to = wide ? _wfopen(wide, L"ab") : NULL;

	if (!to)
		return wide ? -errno : -ENOMEM;
	/* freopen() does nothing with a stream that has no file. The library's streams are structs that may be copied. */
	fflush(stderr);
	*stderr = *to;
	setvbuf(stderr, NULL, _IONBF, 0);
	return 0;
}

int os_service_run(int (*fn)(void *arg), void *arg, int *ret_status)
{
	wchar_t name[] = L"dwell";
	const SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};

	service.fn = fn;
	service.arg = arg;
	if (!StartServiceCtrlDispatcherW(table))
		return error_set(-EINVAL,
				 "--service: the service manager did not start this program (error "
				 "%lu): 'sc create' makes it a service, without the option it runs "
				 "in a console",
				 GetLastError());
	*ret_status = service.status;
	return 0;
}
