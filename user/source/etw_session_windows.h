/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A session of Windows' event tracing that gets the kernel's events: begun, asked what it lost, and ended. Sessions outlive who began
 * them, so their names say who that was, and those of the dead are ended first.
 */
#ifndef SOURCE_ETW_SESSION_WINDOWS_H
#define SOURCE_ETW_SESSION_WINDOWS_H

#include <stdint.h>

#include "source/etw_api_windows.h"

#define ETW_SESSION_NAME_CHARS 64

struct etw_session {
	const struct etw_api *api;
	wchar_t name[ETW_SESSION_NAME_CHARS];
	TRACEHANDLE handle;		    /* 0: it has not begun, or has ended */
	bool system_calls;		    /* to be set before: their beginnings and ends, too */
	uint64_t lost_events, lost_buffers; /* as of the last question */
};

/*
 * Takes the privilege, ends sessions of dwell whose program is gone, begins one with its own name (Windows 8 and later), or the one
 * that Windows 7 has, if nobody uses it, and asks for stacks. 0 or -errno with error_set(): what is wrong and what helps.
 */
int etw_session__start(struct etw_session *s, const struct etw_api *api);
/* Asks what was lost. */
void etw_session__query(struct etw_session *s);
/* Ends it, and notes what was lost. Accepts one that has not begun. */
void etw_session__stop(struct etw_session *s);
/* Ends sessions of dwell whose program is gone; how many there were. */
unsigned int etw_session__clean_up(const struct etw_api *api);

#endif
