/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* For bash: functions that know nothing of commands (completion.bash), and the tables as `case`s. */
#include "app/completion_script.h"
#include "app/option_table.h"

#include "completion.bash.inc"

static const char *const bash_kinds[] = {
	[VALUE_FREE] = "free",	[VALUE_PATH] = "path",	  [VALUE_DIRECTORY] = "directory",
	[VALUE_PIDS] = "pids",	[VALUE_TIDS] = "tids",	  [VALUE_USER] = "user",
	[VALUE_ONE_OF] = "one", [VALUE_LIST_OF] = "list",
};

static void put_value(const struct value_hint *value, FILE *to)
{
	fprintf(to, " kind=%s", bash_kinds[value->kind]);
	if (value->word) {
		fputs(" names='", to);
		completion_put_words(value, " ", to);
		fputc('\'', to);
	}
	if (value->extensions)
		fprintf(to, " extensions='%s'", value->extensions);
	fputs(" ;;\n", to);
}

/* "-p@--pid", with @between. */
static void put_names(const struct option_def *def, const char *between, FILE *to)
{
	if (def->letter)
		fprintf(to, "-%c%s", def->letter, def->name ? between : "");
	if (def->name)
		fprintf(to, "--%s", def->name);
}

static void put_command(const struct command *cmd, FILE *to)
{
	const struct option_def *def;

	fprintf(to, "\t%s)\n\t\toptions='", cmd->name);
	completion_for_each(def, cmd)
	{
		put_names(def, " ", to);
		fputs(def == &completion_help ? "'\n" : " ", to);
	}
	fputs("\t\tcase $2 in\n", to);
	completion_for_each(def, cmd)
	{
		struct value_hint value = completion_value(def);

		if (!option_takes_argument(def))
			continue;
		fputs("\t\t", to);
		put_names(def, " | ", to);
		fputc(')', to);
		put_value(&value, to);
	}
	fputs("\t\t'')", to);
	put_value(&cmd->operand, to);
	fputs("\t\tesac\n\t\t;;\n", to);
}

void completion_print_bash(const struct command *const *cmds, FILE *to)
{
	const struct command *const *c;

	fputs((const char *)completion_bash, to);
	fputs("_dwell_commands() {\n\techo", to);
	for (c = cmds; *c; c++)
		fprintf(to, " %s", (*c)->name);
	fputs("\n}\n\n"
	      "# _dwell_describe COMMAND OPTION: sets `options`; of the option, or '' for an "
	      "operand, `kind`, `names`, "
	      "`extensions`.\n"
	      "_dwell_describe() {\n\tkind='' names='' extensions=''\n\tcase $1 in\n",
	      to);
	for (c = cmds; *c; c++)
		put_command(*c, to);
	fputs("\tesac\n}\n", to);
}
