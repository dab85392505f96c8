/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A pprof file (format/pprof_file.h) -> profile. Times are those of the type "delay", as Go's block and mutex profiles and ours have it;
 * else of the file's default, else of its last type. Where that is no time, one of it counts as a microsecond. Labels "reason",
 * "pid", "tid", "thread" and "comm" are understood as ours. Stacks without any of these begin with the program's name.
 */
#ifndef ANALYZE_PPROF_PROFILE_H
#define ANALYZE_PPROF_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/profile.h"

struct pprof_source {
	const void *data; /* unpacked */
	size_t len;
	const char *name; /* for errors and the title */
	uint32_t reasons; /* bit mask of enum reason: only samples of these; 0: all */
	/* What was found out. */
	bool has_reasons;
	uint64_t row_cnt; /* samples of the file */
};

/* NULL + errno with error_set("NAME: what is wrong"). */
struct profile *pprof_profile_load(struct pprof_source *from);

#endif
