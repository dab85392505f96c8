/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The options of live runs on Windows. */
#include "live_options_windows.h"

void live_defaults(void *config)
{
	(void)config;
}

int live_parse_start(void *config, const char *value)
{
	return moment__parse(value, true, &((struct live_config *)config)->start_at);
}

const struct option_def live_options[] = {
	LIVE_OPTIONS,
	VIEW_OPTIONS(struct live_config, view),
	{.name = "save",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct live_config, save),
	 .value = {.kind = VALUE_PATH},
	 .help = "also write a recording for `dwell report`"},
	OPTION_END,
};

const struct option_def live_record_options[] = {
	LIVE_OPTIONS,
	{.type = OPTION_GROUP, .help = "Output"},
	{.letter = 'o',
	 .name = "output",
	 .arg = "FILE",
	 .type = OPTION_CUSTOM,
	 .parse = view_parse_output,
	 .value = {.kind = VALUE_PATH},
	 .help = "the recording (default dwell.dwell)"},
	VIEW_QUIET_OPTIONS(struct live_config, view),
	OPTION_END,
};
