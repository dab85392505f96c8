/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Rows of option tables, on Windows, for commands whose config begins with a struct live_config. */
#ifndef TOOLS_LIVE_OPTIONS_WINDOWS_H
#define TOOLS_LIVE_OPTIONS_WINDOWS_H

#include <stddef.h>

#include "live.h"
#include "load_names.h"

#define LIVE_OPTIONS                                                                            \
	TARGET_OPTIONS_WITHOUT_CGROUP(struct live_config, target), LIVE_FILTER_OPTIONS,         \
		LIVE_START_OPTION, {.type = OPTION_GROUP, .help = "Names"},                     \
		LOAD_SYMBOL_PATH_OPTION(struct live_config, symbol_path),                       \
	{                                                                                       \
		.name = "etw-dll", .arg = "FILE", .type = OPTION_STRING,                        \
		.offset = offsetof(struct live_config, etw_dll), .value = {.kind = VALUE_PATH}, \
		.help = "for tests of dwell: take the functions of event tracing from this DLL" \
	}

#endif
