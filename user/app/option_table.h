/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Inside of the option parser: finding an option in a command's table, and parsing with a given file. */
#ifndef APP_OPTION_TABLE_H
#define APP_OPTION_TABLE_H

#include "app/option.h"

bool option_is_end(const struct option_def *def);
bool option_takes_argument(const struct option_def *def);
/* NULL: there is none. */
const struct option_def *option_find_letter(const struct option_def *def, char letter);
const struct option_def *option_find_name(const struct option_def *def, const char *name,
					  size_t len);
/* The OPTION_FILE; NULL: the command has no configuration file. */
const struct option_def *option_find_file(const struct option_def *def);
/* The long name that was meant by @word; NULL if nothing is near. */
const char *option_suggest(const struct option_def *def, const char *word);

/*
 * option_parse() with this file (NULL: none), which then belongs to @config; on failure the caller keeps it.
 * What @config held is not freed.
 */
int option_parse_over(const struct command *cmd, struct config_file *file, int argc, char **argv,
		      void *config, int *ret_operand_cnt, char ***ret_operands,
		      char ***ret_command);

#endif
