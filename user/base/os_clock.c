/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_clock.h"

#include <time.h>
#include <unistd.h>

static uint64_t clock_read_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

uint64_t os_monotonic_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

uint64_t os_realtime_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

uint64_t os_tick_ns(void)
{
	return 1000000000ull / (unsigned long)sysconf(_SC_CLK_TCK);
}

int os_sleep_until_realtime(uint64_t ns)
{
	const struct timespec at = {.tv_sec = (time_t)(ns / 1000000000ull),
				    .tv_nsec = (long)(ns % 1000000000ull)};

	return -clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL);
}

static uint64_t clock_at(clockid_t clock, uint64_t monotonic_ns)
{
	uint64_t before = os_monotonic_ns(), there = clock_read_ns(clock),
		 after = os_monotonic_ns();

	return there - (before + (after - before) / 2) + monotonic_ns;
}

void os_clock_offsets(uint64_t monotonic_ns, unsigned long long *ret_boottime_ns,
		      unsigned long long *ret_realtime_ns)
{
	*ret_boottime_ns = clock_at(CLOCK_BOOTTIME, monotonic_ns);
	*ret_realtime_ns = clock_at(CLOCK_REALTIME, monotonic_ns);
}
