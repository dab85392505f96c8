/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The manual page of a command, in mdoc, out of the same table as the parser and --help. */
#include <ctype.h>
#include <string.h>

#include "app/option.h"
#include "base/compiler.h"

#define FILL_COLUMNS 78 /* of the source; roff fills its lines itself */

/*
 * Text with what roff would take for an escape or a quote spelled out. A dash that begins a word is
 * that of an option: it has to stay an ASCII one when it is copied from the page.
 */
static void put_text(const char *s, size_t len, FILE *to)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] == '\\')
			fputs("\\e", to);
		else if (s[i] == '"')
			fputs("\\(dq", to);
		else if (s[i] == '-' && (!i || !isalnum((unsigned char)s[i - 1])))
			fputs("\\-", to);
		else
			fputc(s[i], to);
	}
}

/* Whether the character at @s ends a sentence: roff wants the next one on a line of its own. */
static bool ends_sentence(const char *s)
{
	size_t gap = strspn(s + 1, " \n");

	return strchr(".!?", *s) && gap && isupper((unsigned char)s[1 + gap]);
}

/* Paragraphs, filled; an empty line separates them. */
static void put_paragraphs(const char *s, FILE *to)
{
	size_t column = 0, len;

	for (; *s; s += *s != 0) {
		len = strcspn(s, " \n");
		if (column && column + 1 + len > FILL_COLUMNS) {
			fputc('\n', to);
			column = 0;
		}
		if (len && !column && strchr(".'", *s))
			fputs("\\&", to); /* else it would be a request */
		if (len && column)
			fputc(' ', to);
		put_text(s, len, to);
		column += len + (len && column);
		s += len;
		if (column && (ends_sentence(s - 1) || !strncmp(s, "\n\n", 2))) {
			fputs(!strncmp(s, "\n\n", 2) && s[2] ? "\n.Pp\n" : "\n", to);
			column = 0;
		}
	}
	if (column)
		fputc('\n', to);
}

/* A help text as a sentence, with its capital and full stop. */
static void put_sentence(const char *s, FILE *to)
{
	char text[2048];
	size_t len;

	snprintf(text, sizeof(text) - 1, "%s", s);
	len = strlen(text);
	text[0] = (char)toupper((unsigned char)text[0]);
	if (len && !strchr(".!?", text[len - 1]))
		memcpy(text + len, ".", 2);
	put_paragraphs(text, to);
}

static void put_synopsis(const struct command *cmd, FILE *to)
{
	fprintf(to, ".Sh SYNOPSIS\n.Nm dwell %s\n.Op Ar OPTIONS\n", cmd->name);
	if (cmd->operands && *cmd->operands) {
		fputs(".Li \\&", to);
		put_text(cmd->operands, strlen(cmd->operands), to);
		fputc('\n', to);
	}
}

static void put_option(const struct option_def *def, FILE *to)
{
	fputs(".It", to);
	if (def->letter)
		fprintf(to, " Fl %c", def->letter);
	if (def->letter && def->name)
		fputs(" ,", to);
	if (def->name)
		fprintf(to, " Fl -%s", def->name);
	if (def->arg) {
		fputs(" Ar \"\\&", to);
		put_text(def->arg, strlen(def->arg), to);
		fputc('"', to);
	}
	fputc('\n', to);
	put_sentence(def->help, to);
}

static void put_options(const struct option_def *def, FILE *to)
{
	static const struct option_def help = {
		.letter = 'h', .name = "help", .type = OPTION_FLAG, .help = "show a short help"};
	bool open = false;

	for (; def->help || def->type != OPTION_GROUP; def++) {
		if (def->type == OPTION_GROUP || !open) {
			if (open)
				fputs(".El\n", to);
			fprintf(to, ".Ss %s\n.Bl -tag -width Ds\n",
				def->type == OPTION_GROUP ? def->help : "Options");
			open = true;
		}
		if (def->type != OPTION_GROUP)
			put_option(def, to);
	}
	if (!open)
		fputs(".Ss Options\n.Bl -tag -width Ds\n", to);
	put_option(&help, to);
	fputs(".El\n", to);
}

static void put_exit_status(const struct command *cmd, FILE *to)
{
	fputs(".Sh EXIT STATUS\n", to);
	put_paragraphs("0 when all went well, 1 when something failed, 2 when the command line was "
		       "wrong.",
		       to);
	if (cmd->operands && strstr(cmd->operands, "COMMAND"))
		fputs("When a command was started, its exit status if nothing else failed.\n", to);
}

static void put_examples(const struct command_example *e, FILE *to)
{
	if (!e || !e->line)
		return;
	fputs(".Sh EXAMPLES\n", to);
	for (; e->line; e++) {
		put_sentence(e->help, to);
		fputs(".Pp\n.Dl \\&", to);
		put_text(e->line, strlen(e->line), to);
		fputs(e[1].line ? "\n.Pp\n" : "\n", to);
	}
}

void option_print_man(const struct command *cmd, const char *version, const char *date, FILE *to)
{
	const char *c;

	fprintf(to, ".Dd%s%s\n.Dt DWELL-", date ? " " : "", date ? date : "");
	for (c = cmd->name; *c; c++)
		fputc(toupper((unsigned char)*c), to);
	fputs(" 1\n.Os\n", to);
	fprintf(to, ".Sh NAME\n.Nm dwell-%s\n.Nd ", cmd->name);
	put_text(cmd->summary, strlen(cmd->summary), to);
	fputc('\n', to);
	put_synopsis(cmd, to);
	fputs(".Sh DESCRIPTION\n", to);
	put_paragraphs(cmd->description ? cmd->description : cmd->summary, to);
	put_options(cmd->options, to);
	put_exit_status(cmd, to);
	put_examples(cmd->examples, to);
	fprintf(to, ".Sh HISTORY\nThis page describes dwell %s.\n", version);
}
