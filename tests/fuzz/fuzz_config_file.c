/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Configuration files out of nonsense: two of them, with a NUL between, and what changed from one to the other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_file.h"
#include "base/log.h"

struct config {
	struct option_file file;
	bool flag;
	const char *string;
	uint64_t number, duration, size;
	struct option_ids ids;
	const char *custom;
};

static int parse_custom(void *config, const char *value)
{
	uint64_t ns;

	((struct config *)config)->custom = value;
	return option_parse_duration(value, &ns);
}

#define MEMBER(m) .offset = offsetof(struct config, m)

static const struct option_def options[] = {
	{0, "config", "FILE", OPTION_FILE, MEMBER(file), .help = "file"},
	{'f', "flag", NULL, OPTION_FLAG, MEMBER(flag), .help = "flag"},
	{'s', "string", "TEXT", OPTION_STRING, MEMBER(string), .help = "string"},
	{'n', "number", "N", OPTION_U64, MEMBER(number), .help = "number", .min = 1, .max = 127,
	 .reloadable = true},
	{'d', "duration", "TIME", OPTION_DURATION, MEMBER(duration), .help = "duration"},
	{'b', "bytes", "SIZE", OPTION_SIZE, MEMBER(size), .help = "size", .min = 1024},
	{'p', "pid", "PID,...", OPTION_PIDS, MEMBER(ids), .help = "ids", .reloadable = true},
	{'c', "custom", "X", OPTION_CUSTOM, .help = "custom", .parse = parse_custom,
	 .repeatable = true},
	OPTION_END,
};

static const struct command cmd = {
	.name = "fuzz",
	.summary = "parse files",
	.options = options,
	.config_size = sizeof(struct config),
};

static struct config_file *parse(const char *text, size_t len)
{
	struct config_file *f = config_file_parse(&cmd, "fuzz.conf", text, len);
	struct config config = {0};
	int err = f ? config_file__apply(f, &cmd, NULL, &config) : -EINVAL;
	const char *said = err ? error_text(err) : NULL;

	/* An error is one line, and says where. */
	if (said && (strchr(said, '\n') || strncmp(said, "fuzz.conf:", strlen("fuzz.conf:"))))
		abort();
	/* Strings lie in the file's text. */
	if (!err && config.string && strlen(config.string) > len)
		abort();
	option_free(&cmd, &config);
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t first = size ? strnlen(text, size) : 0;
	struct config_file *a = parse(text, first), *b = NULL;
	struct buf names;

	if (first < size)
		b = parse(text + first + 1, size - first - 1);
	buf__init(&names, 4096);
	for (int reloadable = 0; reloadable < 2; reloadable++) {
		if (config_diff(&cmd, a, a, reloadable, &names))
			abort();
		config_diff(&cmd, a, b, reloadable, &names);
	}
	buf__fini(&names);
	config_file__free(a);
	config_file__free(b);
	return 0;
}
