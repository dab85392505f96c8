/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* --since and --until: a part of a recording's time. */
#ifndef TOOLS_LOAD_CUT_H
#define TOOLS_LOAD_CUT_H

#include "analyze/time_cut.h"
#include "app/session.h"
#include "load.h"

struct load_cut {
	const struct load_opts *opts;
	struct session *session;
	const char *path;
	struct time_cut cut;
	bool known; /* what the moments are on the recording's clock */
};

/* Before the session runs: stands between it and its analysis, if a part is wanted. */
void load_cut_open(struct load_cut *c);
/* After that: 0, or -EINVAL with error_set() where the part is empty. */
int load_cut_finish(struct load_cut *c);

#endif
