/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The options of live runs on Linux. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/log.h"
#include "live_options.h"
#include "source/go_source.h"

void live_defaults(void *config)
{
	struct live_config *c = config;

	c->max_depth = WIRE_MAX_FRAMES;
	c->go_hz = GO_SOURCE_HZ;
}

int live_parse_state(void *config, const char *value)
{
	struct live_config *c = config;
	char *end;

	errno = 0;
	c->state = strtoul(value, &end, 0);
	if (errno || !*value || *end || *value == '-' || c->state > UINT32_MAX)
		return error_set(-EINVAL,
				 "'%s' is not a bitmask of task states: give 0, 1, 2 or 3...",
				 value);
	c->state_given = true;
	return 0;
}

const char *live_unwind_word(size_t i)
{
	static const char *const names[] = {
		[BPF_UNWIND_AUTO] = "auto",
		[BPF_UNWIND_FP] = "fp",
		[BPF_UNWIND_CFI] = "cfi",
	};

	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

int live_parse_unwind(void *config, const char *value)
{
	struct live_config *c = config;
	const char *word;

	for (size_t i = 0; (word = live_unwind_word(i)); i++) {
		if (strcmp(value, word) != 0)
			continue;
		c->unwind = (enum bpf_unwind)i;
		return 0;
	}
	return error_set(-EINVAL, "--unwind %s: give auto, cfi or fp", value);
}

int live_parse_start(void *config, const char *value)
{
	return moment__parse(value, true, &((struct live_config *)config)->start_at);
}

const struct option_def live_options[] = {
	LIVE_TARGET_OPTIONS,
	LIVE_GO_OPTION,
	LIVE_START_OPTION,
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
	LIVE_TARGET_OPTIONS,
	LIVE_GO_OPTION,
	LIVE_START_OPTION,
	{.type = OPTION_GROUP, .help = "Names"},
	VIEW_SOURCE_OPTIONS(struct live_config, view),
	VIEW_WAKERS_OPTION(struct live_config, view),
	{.type = OPTION_GROUP, .help = "Output"},
	{.letter = 'o',
	 .name = "output",
	 .arg = "FILE",
	 .type = OPTION_CUSTOM,
	 .parse = view_parse_output,
	 .value = {.kind = VALUE_PATH},
	 .help = "the recording (default dwell.dwell)"},
	{.letter = 'q',
	 .name = "quiet",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct live_config, view.quiet),
	 .help = "no progress and no ledger on stderr"},
	{.letter = 'v',
	 .name = "verbose",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct live_config, view.verbose),
	 .help = "what libbpf and the verifier say, on stderr"},
	OPTION_END,
};
