/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A recording as its single waits, those that are wanted, in slices of time. */
#ifndef TOOLS_CHECK_LOAD_H
#define TOOLS_CHECK_LOAD_H

#include <regex.h>

#include "analyze/gate.h"

struct check_wanted {
	uint32_t reasons;     /* bit per enum reason; 0: all */
	const char *comm;     /* glob of thread names; NULL: all */
	const regex_t *stack; /* some frame has to match; NULL: any */
	uint32_t slice_cnt;
	const char *symbol_path; /* for modules of Windows; NULL: that of the environment */
};

struct check_run {
	struct gate_side side;
	uint64_t observed_ns, lost_ns; /* of the whole recording */
	uint64_t spilled_cnt;	       /* of the wanted waits: those of which only a sum is known */
};

/* 0, then @ret is to be freed; or -errno with error_set(). */
int check_load(const char *path, const struct check_wanted *wanted, struct check_run *ret);
void check_run__fini(struct check_run *r);

#endif
