/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_clock.h"

#include <errno.h>
#include <windows.h>

#define CLOCK_UNIX_EPOCH 116444736000000000ull /* 1970 in units of 100 ns since 1601 */

uint64_t os_monotonic_ns(void)
{
	LARGE_INTEGER ticks, hz;

	QueryPerformanceCounter(&ticks);
	QueryPerformanceFrequency(&hz);
	return (uint64_t)(ticks.QuadPart / hz.QuadPart) * 1000000000ull +
	       (uint64_t)(ticks.QuadPart % hz.QuadPart) * 1000000000ull / (uint64_t)hz.QuadPart;
}

uint64_t os_realtime_ns(void)
{
	FILETIME time;

	GetSystemTimeAsFileTime(&time);
	return (((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime) - CLOCK_UNIX_EPOCH) *
	       100;
}

uint64_t os_tick_ns(void)
{
	return 10000000; /* of the recordings, which are of Linux */
}

int os_sleep_until_realtime(uint64_t ns)
{
	uint64_t now = os_realtime_ns();

	if (now < ns)
		Sleep((DWORD)((ns - now) / 1000000 + 1));
	return 0;
}

void os_clock_offsets(uint64_t monotonic_ns, unsigned long long *ret_boottime_ns,
		      unsigned long long *ret_realtime_ns)
{
	*ret_boottime_ns = monotonic_ns;
	*ret_realtime_ns = os_realtime_ns() - os_monotonic_ns() + monotonic_ns;
}
