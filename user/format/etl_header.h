/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What an event trace says of itself in its first event (TRACE_LOGFILE_HEADER). */
#ifndef FORMAT_ETL_HEADER_H
#define FORMAT_ETL_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "format/etl_event.h"

#define ETL_NAME_BYTES 256

enum etl_clock {
	ETL_CLOCK_QPC = 1,    /* QueryPerformanceCounter */
	ETL_CLOCK_SYSTEM = 2, /* FILETIME */
	ETL_CLOCK_CPU = 3,    /* cycles */
};

enum etl_mode {
	ETL_MODE_CIRCULAR = 0x2,
	ETL_MODE_COMPRESSED = 0x04000000,
	ETL_MODE_ONE_BUFFER_FOR_ALL =
		0x10000000, /* NO_PER_PROCESSOR_BUFFERING: CPUs aren't told apart */
};

/* Times are FILETIMEs: 100 ns since 1601, UTC; 0: not told. */
struct etl_header {
	uint32_t buffer_bytes; /* unpacked */
	uint8_t os_major, os_minor;
	uint32_t os_build;
	uint32_t cpu_cnt, cpu_mhz;
	uint32_t mode; /* enum etl_mode */
	uint32_t max_file_mb;
	uint32_t buffers_written; /* stale in a trace that was not closed */
	uint64_t events_lost, buffers_lost;
	uint8_t ptr_bytes; /* 4 or 8, of the system */
	enum etl_clock clock;
	uint64_t freq;	     /* ticks per second, 1 to 10^10 */
	int64_t start_ticks; /* the clock at start_time */
	uint64_t boot_time, start_time;
	uint64_t end_time;				    /* 0: the trace was not closed */
	int32_t bias_min;				    /* UTC less the local time */
	char session[ETL_NAME_BYTES], file[ETL_NAME_BYTES]; /* UTF-8 */
};

/* Reads the trace's first event. 0; -EBADMSG: it is another one, or damaged. */
int etl_header_parse(const struct etl_event *e, struct etl_header *ret);

/* Nanoseconds of @ticks; what doesn't fit is UINT64_MAX. */
uint64_t etl_header__ns(const struct etl_header *h, uint64_t ticks);

/* Nanoseconds since 1970 of a FILETIME; what is before or doesn't fit is 0. */
uint64_t etl_unix_ns(uint64_t filetime);

const char *etl_clock_name(enum etl_clock clock);

#endif
