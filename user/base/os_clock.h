/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Clocks. */
#ifndef BASE_OS_CLOCK_H
#define BASE_OS_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC, the clock of all wire records. */
uint64_t os_monotonic_ns(void);
/* CLOCK_REALTIME, which may jump. */
uint64_t os_realtime_ns(void);
/* The unit of times in /proc/PID/stat. */
uint64_t os_tick_ns(void);
/* Sleeps until CLOCK_REALTIME shows @ns, also if it is set meanwhile. 0, or -EINTR when a signal came. */
int os_sleep_until_realtime(uint64_t ns);
/*
 * What CLOCK_BOOTTIME and CLOCK_REALTIME showed at @monotonic_ns, by their present distance from
 * CLOCK_MONOTONIC (each read between two readings of it).
 */
void os_clock_offsets(uint64_t monotonic_ns, unsigned long long *ret_boottime_ns,
		      unsigned long long *ret_realtime_ns);

#endif
