/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A configuration file that shows every option, out of the same table as the parser and --help. */
#include <string.h>

#include "app/option.h"
#include "app/option_table.h"
#include "app/option_value.h"
#include "base/compiler.h"

#define CONFIG_COLUMNS 80

/* A comment, filled. */
static void put_comment(const char *text, FILE *to)
{
	size_t column = 0, len;

	for (; *text; text += *text != 0) {
		len = strcspn(text, " \n");
		if (column && column + 1 + len > CONFIG_COLUMNS) {
			fputc('\n', to);
			column = 0;
		}
		if (len) {
			fprintf(to, "%s%.*s", column ? " " : "# ", (int)len, text);
			column += len + (column ? 1 : 2);
		}
		text += len;
	}
	fputc('\n', to);
}

static bool may_stand_there(const struct option_def *def)
{
	return def->name && !def->argv_only && def->type != OPTION_FILE;
}

static void put_option(const struct option_def *def, const void *config, FILE *to)
{
	const char *text = NULL;
	struct option_label value;

	put_comment(def->help, to);
	if (def->repeatable || def->type == OPTION_PIDS)
		fputs("# May stand here more than once.\n", to);
	if (def->reloadable)
		fputs("# Takes effect on reload.\n", to);
	value = option_format(def, config);
	if (def->type == OPTION_STRING)
		text = *(const char *const *)((const char *)config + def->offset);
	else if (*value.text)
		text = value.text;
	if (!text)
		text = def->arg ? def->arg : "yes";
	fprintf(to, strchr(text, '#') ? "#%s = \"%s\"\n\n" : "#%s = %s\n\n", def->name, text);
}

static void put_head(const struct command *cmd, FILE *to)
{
	char text[256];

	fputs("# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only\n", to);
	snprintf(text, sizeof(text),
		 "Configuration of dwell %s: the long names of its options. What the command line "
		 "says counts more. Take away a '#' to change what is the default.",
		 cmd->name);
	put_comment(text, to);
}

void option_print_config(const struct command *cmd, FILE *to)
{
	_cleanup_free_ void *config = calloc(1, cmd->config_size ? cmd->config_size : 1);
	const struct option_def *def, *heading = NULL;

	if (!config)
		return;
	if (cmd->defaults)
		cmd->defaults(config);
	put_head(cmd, to);
	fputc('\n', to);
	for (def = cmd->options; !option_is_end(def); def++) {
		if (def->type == OPTION_GROUP)
			heading = def;
		if (def->type == OPTION_GROUP || !may_stand_there(def))
			continue;
		if (heading)
			fprintf(to, "## %s\n\n", heading->help);
		heading = NULL;
		put_option(def, config, to);
	}
}
