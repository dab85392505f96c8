/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The feed of a live session (etw_live.h): a session of the system, and the thread that its events come by. */
#ifndef SOURCE_ETW_FEED_WINDOWS_H
#define SOURCE_ETW_FEED_WINDOWS_H

#include "source/etw_live.h"

struct etw_feed_opts {
	const char *dll; /* NULL, or what tests put in the place of Windows' own */
	bool system_calls;
};

/* A source of the whole system, or of @targets in it; @modules as for etw_live_new(). NULL + errno with error_set(). */
struct source *etw_feed_open(const struct etw_feed_opts *opts, const struct etw_targets *targets,
			     struct module_table *modules);

#endif
