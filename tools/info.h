/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What dwell info says of each kind of file. */
#ifndef TOOLS_INFO_H
#define TOOLS_INFO_H

#include <stdbool.h>

#include "etl_files.h"
#include "format/etl_summary.h"
#include "output/json_writer.h"
#include "output/out.h"

/* An event trace that was read once. */
struct info_etl {
	const char *path;
	const struct etl_header *header;
	const struct etl_summary *summary;
	struct etl_stats stats;
};

/* How long the trace is: from its beginning to when it was closed, or else to its last event. */
uint64_t info_etl__duration_ns(const struct info_etl *t);
/* "2026-01-31T12:30:00.000Z", or "" of a time that is not told. Returns @to. */
#define INFO_TIME_BYTES 32
const char *info_time(uint64_t unix_ns, char to[INFO_TIME_BYTES]);
/* The name of a provider, or its guid as a text in @to. */
const char *info_provider_name(const struct etl_provider *p, char to[ETL_GUID_TEXT_BYTES]);
/* Commands that record a trace with all that dwell can use; NULL behind the last. */
struct info_command {
	const char *line;
	const char *before; /* what is said above it, or NULL */
};
extern const struct info_command info_etl_commands[];

void info_etl__print(const struct info_etl *t, struct out *out);
void info_etl__json(const struct info_etl *t, struct json *j);

/* Reads the file and writes about it, as JSON if @j, else as text. 0 or -errno with error_set(). */
int info_etl(const char *path, struct out *out, struct json *j);
int info_recording(const char *path, struct out *out, struct json *j);

#endif
