/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* main(): runs one of the commands of command_table.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/option.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/os_start.h"
#include "commands.h"
#include "terminal.h"
#include "version.h"

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands(); *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static void print_overview(FILE *to)
{
	fputs("usage: dwell COMMAND [OPTIONS]\n\n"
	      "Where do threads spend their time when they are not running?\n\n",
	      to);
	for (const struct command *const *c = commands(); *c; c++)
		fprintf(to, "  %-11s %s\n", (*c)->name, (*c)->summary);
	fputs("\n  dwell COMMAND --help   its options and examples\n\n"
	      "First try: ",
	      to);
	fprintf(to, "%s\n", commands_first_try());
}

static int usage_error(int err)
{
	log_error("%s", error_text(err));
	return EXIT_STATUS_USAGE;
}

static int run_operands(const struct command *cmd, const void *config, int operand_cnt,
			char ***operands, char **words)
{
	if (cmd->operand.kind == VALUE_PATH && os_expand_wildcards(&operand_cnt, operands)) {
		log_error("not enough memory to begin: free some");
		return EXIT_STATUS_FAILED;
	}
	return cmd->run(config, operand_cnt, *operands, words);
}

static int run_command(const struct command *cmd, int argc, char **argv)
{
	_cleanup_free_ char **operands = NULL;
	_cleanup_free_ void *config = calloc(1, cmd->config_size ? cmd->config_size : 1);
	char **words = NULL;
	int operand_cnt = 0, status;

	if (!config) {
		log_error("not enough memory to begin: free some");
		return EXIT_STATUS_FAILED;
	}
	if (cmd->defaults)
		cmd->defaults(config);
	status = option_parse(cmd, argc, argv, config, &operand_cnt, &operands, &words);
	if (status > 0) {
		option_print_help(cmd, terminal_width(stdout), stdout);
		status = EXIT_STATUS_OK;
	} else if (status < 0) {
		status = usage_error(status);
	} else {
		status = run_operands(cmd, config, operand_cnt, &operands, words);
	}
	option_free(cmd, config);
	return status;
}

/* `dwell help COMMAND`, and `dwell man COMMAND` for the build. */
static int print_about(const char *what, const char *name)
{
	const struct command *cmd = name ? command_find(name) : NULL;

	if (!cmd) {
		print_overview(stdout);
		return EXIT_STATUS_OK;
	}
	if (!strcmp(what, "man"))
		option_print_man(cmd, DWELL_VERSION, getenv("DWELL_MAN_DATE"), stdout);
	else
		option_print_help(cmd, terminal_width(stdout), stdout);
	return EXIT_STATUS_OK;
}

/* Of words that name no command of this program. */
static int run_unknown(const char *name)
{
	const char *elsewhere = command_elsewhere(name);

	if (!*name)
		print_overview(stderr);
	else if (elsewhere)
		log_error("%s: %s", name, elsewhere);
	else
		log_error("no command '%s': see `dwell --help`", name);
	return EXIT_STATUS_USAGE;
}

/*
 * What went to standard output is there, or the status says that it isn't. When an earlier write failed, errno is long gone: one
 * more tells again.
 */
static int written(int status)
{
	if (status || (!ferror(stdout) && !fflush(stdout)))
		return status;
	if (ferror(stdout)) {
		fputc('\n', stdout);
		fflush(stdout);
	}
	log_error("can't write to standard output: %s", strerror(errno));
	return EXIT_STATUS_FAILED;
}

static int run_words(int argc, char **argv)
{
	const struct command *cmd;
	const char *name;

	name = argc > 1 ? argv[1] : "";
	cmd = command_find(name);
	if (cmd)
		return run_command(cmd, argc - 1, argv + 1);
	if (!strcmp(name, "help") || !strcmp(name, "man"))
		return print_about(name, argv[2]);
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return print_about("help", NULL);
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		return run_command(&version_command, 1, argv);
	return run_unknown(name);
}

int main(int argc, char **argv)
{
	if (os_start(&argc, &argv)) {
		log_error("not enough memory to begin: free some");
		return EXIT_STATUS_FAILED;
	}
	return written(run_words(argc, argv));
}
