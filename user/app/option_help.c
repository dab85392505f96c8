/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* --help: usage, options in groups, examples. */
#include <ctype.h>
#include <string.h>

#include "app/option.h"
#include "base/compiler.h"

#define WIDTH_MIN     40
#define COLUMN_MAX    28 /* where the explanations begin, at most */
#define COLUMN_MARGIN 2

/* "  -p, --pid PID,..."; returns its length. */
static int left_text(const struct option_def *def, char *text, size_t size)
{
	char letter[8] = "    ";

	if (def->letter)
		snprintf(letter, sizeof(letter), "-%c%s", def->letter, def->name ? ", " : "");
	return snprintf(text, size, "  %s%s%s%s%s", letter, def->name ? "--" : "",
			def->name ? def->name : "", def->arg ? " " : "", def->arg ? def->arg : "");
}

/* Fills lines up to @width; the first begins at column @column (reached), the others at @indent. */
static void print_wrapped(const char *text, int column, int indent, int width, FILE *to)
{
	bool first_word = true;

	while (*text) {
		int len = (int)strcspn(text, " \n");

		if (!first_word && column + 1 + len > width) {
			fprintf(to, "\n%*s", indent, "");
			column = indent;
			first_word = true;
		}
		if (len) {
			fprintf(to, "%s%.*s", first_word ? "" : " ", len, text);
			column += len + !first_word;
			first_word = false;
		}
		text += len;
		if (*text == '\n') {
			fprintf(to, "\n%*s", indent, "");
			column = indent;
			first_word = true;
		}
		text += *text != 0;
	}
	fputc('\n', to);
}

static void print_option(const struct option_def *def, int column, int width, FILE *to)
{
	char left[128];
	int len = left_text(def, left, sizeof(left));

	if (len + COLUMN_MARGIN > column)
		fprintf(to, "%s\n%*s", left, column, "");
	else
		fprintf(to, "%-*s", column, left);
	print_wrapped(def->help, column, column, width, to);
}

static const struct option_def help_def = {
	.letter = 'h', .name = "help", .type = OPTION_FLAG, .help = "show this help"};

static int column_of(const struct option_def *def)
{
	int column = left_text(&help_def, (char[1]){0}, 1) + COLUMN_MARGIN;

	for (; def->help || def->type != OPTION_GROUP; def++) {
		int len = left_text(def, (char[1]){0}, 1) + COLUMN_MARGIN;

		if (def->type != OPTION_GROUP && len > column && len <= COLUMN_MAX)
			column = len;
	}
	return column;
}

static void print_options(const struct option_def *def, int width, FILE *to)
{
	int column = column_of(def);

	if (def->type != OPTION_GROUP || !def->help)
		fprintf(to, "\nOptions:\n");
	for (; def->help || def->type != OPTION_GROUP; def++) {
		if (def->type == OPTION_GROUP)
			fprintf(to, "\n%s:\n", def->help);
		else
			print_option(def, column, width, to);
	}
	print_option(&help_def, column, width, to);
}

void option_print_help(const struct command *cmd, int width, FILE *to)
{
	const struct command_example *e;

	if (width < WIDTH_MIN)
		width = WIDTH_MIN;
	fprintf(to, "usage: dwell %s [OPTIONS]%s%s\n\n", cmd->name,
		cmd->operands && *cmd->operands ? " " : "", cmd->operands ? cmd->operands : "");
	fputc(toupper((unsigned char)cmd->summary[0]), to);
	print_wrapped(cmd->summary + (*cmd->summary != 0), 1, 0, width, to);
	print_options(cmd->options, width, to);
	if (cmd->examples && cmd->examples->line)
		fprintf(to, "\nExamples:\n");
	for (e = cmd->examples; e && e->line; e++) {
		fprintf(to, "  %s\n      ", e->line);
		print_wrapped(e->help, 6, 6, width, to);
	}
}
