/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell version */
#include <stdio.h>

#include "commands.h"
#include "libraries.h"
#include "version.h"

static int run_version(const void *config, int operand_cnt, char **operands, char **command)
{
	struct doctor_library missing[LIBRARIES_MAX];
	size_t cnt = libraries_missing(missing);

	(void)config, (void)operand_cnt, (void)operands, (void)command;
	printf("dwell %s (%s)\n", DWELL_VERSION, DWELL_REVISION);
	for (size_t i = 0; i < cnt; i++)
		printf("without %s: %s\n", missing[i].name, missing[i].loss);
	return EXIT_STATUS_OK;
}

static const struct option_def version_options[] = {OPTION_END};

const struct command version_command = {
	.name = "version",
	.summary = "what this program is",
	.operands = "",
	.description = "Prints the version and the source revision it was built from.",
	.options = version_options,
	.run = run_version,
};
