/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_signal.h"

#include <signal.h>
#include <windows.h>

static volatile LONG signal_seen;

void os_signal_remember_stop(int sig)
{
	InterlockedExchange(&signal_seen, sig);
}

/* In a thread of its own. FALSE: the system ends the program. */
static BOOL WINAPI signal_on_console(DWORD event)
{
	if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
		return FALSE;
	return !InterlockedExchange(&signal_seen, SIGINT);
}

void os_signal_catch_stop(void)
{
	SetConsoleCtrlHandler(signal_on_console, TRUE);
}

int os_signal_stop(void)
{
	return (int)signal_seen;
}

void os_signal_catch_reload(void)
{
	/* Nothing asks for it here. */
}

bool os_signal_take_reload(void)
{
	return false;
}
