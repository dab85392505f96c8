/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What was counted of system calls, for people and for programs. Pure functions of the report, as the writers are. */
#ifndef OUTPUT_CALLS_H
#define OUTPUT_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "analyze/call_stats.h"

#define CALLS_NAME_LEN 4200
#define CALL_NAME_LEN  160 /* of a function, in the names of other systems */

/* The calls that became of those that began: they add up (see enum call_counter). */
struct calls_ledger {
	uint64_t entered_cnt, counted_cnt, filtered_cnt, open_cnt;
	uint64_t map_full_cnt, no_return_cnt, undelivered_cnt; /* lost */
	uint64_t error_full_cnt, missed_cnt, threads_full_cnt, names_full_cnt;
	uint64_t slow_cnt, slow_lost_cnt;
};

/* What calls and errors are called where they are not Linux'. @text: CALL_NAME_LEN bytes to write to; returns the name. */
struct calls_names {
	const char *(*call)(void *arg, uint32_t nr, char *text);
	const char *(*error)(void *arg, uint32_t error, char *text);
	void *arg;
};

struct calls_report {
	const struct calls_names *names; /* NULL: Linux' */
	const struct call_stats *stats;	 /* sorted */
	const char *title, *probes, *version, *by;
	uint64_t start_ns, stop_ns;	   /* CLOCK_MONOTONIC */
	uint64_t realtime_ns;		   /* at start_ns, since the epoch */
	const struct calls_ledger *ledger; /* NULL: of a part of the run, without one */
	bool histograms, entities;	   /* show them */
	size_t top_cnt;			   /* rows of the table; 0: all */
	/* Writes what @entity is called (CALLS_NAME_LEN bytes). */
	void (*name)(void *arg, const struct call_entity *entity, char *text);
	void *arg;
};

/* Everything that began and is not accounted for: 0, or some calls were lost. */
uint64_t calls_ledger_lost(const struct calls_ledger *l);

/* The name of the call @nr (| CALL_NR_COMPAT): "read", "read (32-bit)", "syscall_9999". @text: CALL_NAME_LEN bytes. */
const char *call_name(uint32_t nr, char *text);
/* The same as the report says; and of an error: "ENOENT", or its number. */
const char *calls_report_call(const struct calls_report *r, uint32_t nr, char *text);
const char *calls_report_error(const struct calls_report *r, uint32_t error, char *text);
/* A result as people write it: "5", "-1 ENOENT". @text: CALL_NAME_LEN bytes. */
const char *call_result(const struct call_record *rec, char *text);

/* Each 0 or -errno (also for errors of the stream). */
int calls_table_write(const struct calls_report *r, FILE *to);
int calls_json_write(const struct calls_report *r, FILE *to);

/* One slow call in one line, and its stack in lines below; @file: of its descriptor, NULL if it has none. */
struct calls_slow {
	const struct call_record *rec;
	uint64_t realtime_ns; /* of its end */
	int64_t utc_offset_s;
	const char *file;
	const char *const *frames; /* names, innermost first; frame_cnt of them */
	size_t frame_cnt;
};
int calls_slow_write(const struct calls_slow *s, FILE *to);
int calls_slow_write_json(const struct calls_slow *s, FILE *to);

#endif
