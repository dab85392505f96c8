/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* For fish: functions that know nothing of commands (completion.fish), and a `complete` for each row of the tables. */
#include "app/completion_script.h"
#include "app/option_table.h"

#include "completion.fish.inc"

/* Inside of single quotes. */
#define FISH_QUOTE "\\'"

static void put_help(const char *text, FILE *to)
{
	fputs(" -d '", to);
	completion_put_text(text, "\\", FISH_QUOTE, to);
	fputs("'\n", to);
}

/* What `complete` says of an argument: whether it is a file, and what else it may be. */
static void put_value(const struct value_hint *value, FILE *to)
{
	switch (value->kind) {
	case VALUE_PATH:
		fputs(" -F", to);
		break;
	case VALUE_ONE_OF:
		/* An empty description: else each would have that of the option. */
		fputs(" -a '", to);
		completion_put_words(value, "\\t ", to);
		fputs("\\t'", to);
		break;
	case VALUE_LIST_OF:
		fputs(" -a '(__dwell_list ", to);
		completion_put_words(value, " ", to);
		fputs(")'", to);
		break;
	case VALUE_DIRECTORY:
		fputs(" -a '(__dwell_directories)'", to);
		break;
	case VALUE_PIDS:
		fputs(" -a '(__dwell_tasks /proc/*/comm)'", to);
		break;
	case VALUE_TIDS:
		fputs(" -a '(__dwell_tasks /proc/*/task/*/comm)'", to);
		break;
	case VALUE_USER:
		fputs(" -a '(__fish_complete_users)'", to);
		break;
	case VALUE_FREE:
		break;
	}
}

static void put_option(const struct command *cmd, const struct option_def *def, FILE *to)
{
	struct value_hint value = completion_value(def);

	fprintf(to, "complete -c dwell -n '__dwell_in %s'", cmd->name);
	if (def->letter)
		fprintf(to, " -s %c", def->letter);
	if (def->name)
		fprintf(to, " -l %s", def->name);
	if (option_takes_argument(def)) {
		fputs(value.kind == VALUE_PATH ? " -r" : " -x", to);
		put_value(&value, to);
	}
	put_help(def->help, to);
}

static void put_operand(const struct command *cmd, FILE *to)
{
	if (cmd->operand.kind == VALUE_FREE)
		return;
	fprintf(to, "complete -c dwell -n '__dwell_in %s'", cmd->name);
	if (cmd->operand.extensions)
		fprintf(to, " -F -k -a '(__dwell_files %s)'", cmd->operand.extensions);
	else
		put_value(&cmd->operand, to);
	fputc('\n', to);
}

static void put_command(const struct command *cmd, FILE *to)
{
	const struct option_def *def;

	fprintf(to, "\ncomplete -c dwell -n __dwell_needs_command -a %s", cmd->name);
	put_help(cmd->summary, to);
	fprintf(to, "complete -c dwell -n __dwell_needs_topic -a %s", cmd->name);
	put_help(cmd->summary, to);
	completion_for_each(def, cmd) put_option(cmd, def, to);
	put_operand(cmd, to);
}

void completion_print_fish(const struct command *const *cmds, FILE *to)
{
	fputs((const char *)completion_fish, to);
	for (; *cmds; cmds++)
		put_command(*cmds, to);
}
