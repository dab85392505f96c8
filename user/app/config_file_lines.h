/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Inside of the configuration file: its lines. */
#ifndef APP_CONFIG_FILE_LINES_H
#define APP_CONFIG_FILE_LINES_H

#include "app/config_file.h"

struct config_line {
	const struct option_def *def;
	const char *value; /* in the file's text; NULL: a flag's name alone */
	unsigned int number;
	bool overridden; /* by the command line */
};

struct config_file {
	char *path; /* as messages show it */
	char *text;
	struct config_line *lines;
	size_t cnt, cap;
};

/* Without lines, with room for this much text and a NUL. NULL + errno. */
struct config_file *config_file_new(const char *path, size_t text_bytes);

#endif
