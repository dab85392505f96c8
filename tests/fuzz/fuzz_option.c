/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Command lines out of nonsense: one word per line of the input. */
#include <stdlib.h>
#include <string.h>

#include "app/option.h"
#include "base/log.h"

#define WORDS_MAX 64

struct config {
	bool flag;
	const char *string;
	uint64_t number, duration, size;
	struct option_ids ids;
};

static int parse_custom(void *config, const char *value)
{
	uint64_t ns;

	(void)config;
	return option_parse_duration(value, &ns);
}

#define MEMBER(m) .offset = offsetof(struct config, m)

static const struct option_def options[] = {
	{.type = OPTION_GROUP, .help = "All"},
	{'f', "flag", NULL, OPTION_FLAG, MEMBER(flag), .help = "flag"},
	{'s', "string", "TEXT", OPTION_STRING, MEMBER(string), .help = "string"},
	{'n', "number", "N", OPTION_U64, MEMBER(number), .help = "number", .min = 1, .max = 127},
	{'d', "duration", "TIME", OPTION_DURATION, MEMBER(duration), .help = "duration"},
	{'b', "bytes", "SIZE", OPTION_SIZE, MEMBER(size), .help = "size", .min = 1024},
	{'p', "pid", "PID,...", OPTION_PIDS, MEMBER(ids), .help = "ids"},
	{'c', "custom", "X", OPTION_CUSTOM, .help = "custom", .parse = parse_custom},
	OPTION_END,
};

static const struct command cmd = {
	.name = "fuzz",
	.summary = "parse words",
	.options = options,
	.config_size = sizeof(struct config),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[WORDS_MAX + 2] = {(char *)"fuzz"}, *text, *rest, **operands, **command;
	struct config config;
	int argc = 1, operand_cnt, err;

	text = rest = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	while (rest && argc <= WORDS_MAX)
		argv[argc++] = strsep(&rest, "\n");
	err = option_parse(&cmd, argc, argv, &config, &operand_cnt, &operands, &command);
	if (err < 0 && strchr(error_text(err), '\n'))
		abort(); /* an error is one line */
	if (!err) {
		free(operands);
		option_free(&cmd, &config);
	}
	free(text);
	return 0;
}
