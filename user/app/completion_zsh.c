/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* For zsh: functions that know nothing of commands (completion.zsh), and the tables as arguments of its _arguments. */
#include <stdbool.h>
#include <string.h>

#include "app/completion_script.h"
#include "app/option_table.h"

#include "completion.zsh.inc"

/* Inside of single quotes. */
#define ZSH_QUOTE "'\\''"

/* _files -g "*(.dwell|.folded)"; a single one in parentheses would be a qualifier. */
static void put_path(const struct value_hint *value, FILE *to)
{
	const char *e = value->extensions;
	bool several = e && strchr(e, ' ');

	fputs("_files", to);
	if (!e)
		return;
	fputs(several ? " -g \"*(" : " -g \"*", to);
	for (; *e; e++)
		fputc(*e == ' ' ? '|' : *e, to);
	fputs(several ? ")\"" : "\"", to);
}

/* The action of an argument; @what: its metavariable. */
static void put_action(const struct value_hint *value, FILE *to)
{
	switch (value->kind) {
	case VALUE_PATH:
		put_path(value, to);
		break;
	case VALUE_ONE_OF:
		fputs(completion_goes_on(value) ? "compadd -S \"\" - " : "(", to);
		completion_put_words(value, " ", to);
		fputs(completion_goes_on(value) ? "" : ")", to);
		break;
	case VALUE_LIST_OF:
		fputs("_values -s , word ", to);
		completion_put_words(value, " ", to);
		break;
	case VALUE_DIRECTORY:
		fputs("_files -/", to);
		break;
	case VALUE_PIDS:
		fputs("_dwell_pids", to);
		break;
	case VALUE_TIDS:
		fputs("_dwell_tids", to);
		break;
	case VALUE_USER:
		fputs("_users", to);
		break;
	case VALUE_FREE:
		fputc(' ', to);
		break;
	}
}

/* May it be given more than once? Where nothing is known it may: an option that is missing is worse than one too many. */
static bool is_repeatable(const struct option_def *def)
{
	return option_takes_argument(def) &&
	       (def->type == OPTION_CUSTOM || def->type == OPTION_PIDS);
}

/* '(-p --pid)'{-p+,--pid=}'[help]:PID:action' */
static void put_option(const struct option_def *def, FILE *to)
{
	bool argument = option_takes_argument(def), both = def->letter && def->name;
	struct value_hint value = completion_value(def);

	fputs("\t\t\t'", to);
	if (is_repeatable(def))
		fputc('*', to);
	else if (both)
		fprintf(to, "(-%c --%s)", def->letter, def->name);
	fputs(both ? "'{" : "", to);
	if (def->letter)
		fprintf(to, "-%c%s", def->letter, argument ? "+" : "");
	fputs(both ? "," : "", to);
	if (def->name)
		fprintf(to, "--%s%s", def->name, argument ? "=" : "");
	fputs(both ? "}'[" : "[", to);
	completion_put_text(def->help, "[]\\", ZSH_QUOTE, to);
	fputc(']', to);
	if (argument) {
		fputc(':', to);
		completion_put_text(def->arg ? def->arg : "VALUE", ":\\", ZSH_QUOTE, to);
		fputc(':', to);
		put_action(&value, to);
	}
	fputs("' \\\n", to);
}

/* A message where nothing is known, but not where an option begins: beside a message nothing is completed. */
static void put_operands(const struct command *cmd, FILE *to)
{
	bool any = cmd->operands && *cmd->operands;

	fputs("\t\t\t'*:operand:", to);
	if (cmd->operand.kind != VALUE_FREE) {
		put_action(&cmd->operand, to);
	} else {
		fputs("_guard \"^-*\" \"", to);
		completion_put_text(any ? cmd->operands : "no more arguments", ":\\\"$`", ZSH_QUOTE,
				    to);
		fputc('"', to);
	}
	fputs("'\n", to);
}

static void put_command(const struct command *cmd, FILE *to)
{
	const struct option_def *def;

	fprintf(to, "\t%s)\n\t\t_arguments -s -S \\\n", cmd->name);
	completion_for_each(def, cmd) put_option(def, to);
	put_operands(cmd, to);
	fputs("\t\t;;\n", to);
}

void completion_print_zsh(const struct command *const *cmds, FILE *to)
{
	const struct command *const *c;

	fputs((const char *)completion_zsh, to);
	fputs("_dwell_commands() {\n\tlocal -a commands=(\n", to);
	for (c = cmds; *c; c++) {
		fprintf(to, "\t\t'%s:", (*c)->name);
		completion_put_text((*c)->summary, "\\", ZSH_QUOTE, to);
		fputs("'\n", to);
	}
	fputs("\t\t'help:show the options of a command'\n\t)\n\n\t_describe command "
	      "commands\n}\n\n",
	      to);
	fputs("_dwell_options() {\n\tcase $words[1] in\n", to);
	for (c = cmds; *c; c++)
		put_command(*c, to);
	/* As a file in $fpath it is the body of the function that it defines. */
	fputs("\tesac\n}\n\n"
	      "if [[ $funcstack[1] == _dwell ]]; then\n\t_dwell \"$@\"\nelse\n\tcompdef _dwell "
	      "dwell\nfi\n",
	      to);
}
