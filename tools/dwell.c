/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* main(): a table of commands. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/option.h"
#include "base/compiler.h"
#include "base/log.h"
#include "commands.h"
#include "terminal.h"
#include "version.h"

/* clang-format off */
static const struct command *const command_table[] = {
	&offcpu_command,
	&wakeups_command,
	&chains_command,
	&locks_command,
	&syscalls_command,
	&runq_command,
	&top_command,
	&dump_command,
	&record_command,
	&report_command,
	&info_command,
	&diff_command,
	&check_command,
	&serve_command,
	&push_command,
	&doctor_command,
	&list_command,
	&completion_command,
	&version_command,
	NULL,
};
/* clang-format on */

const struct command *const *commands(void)
{
	return command_table;
}

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = command_table; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static void print_overview(FILE *to)
{
	fputs("usage: dwell COMMAND [OPTIONS]\n\n"
	      "Where do threads spend their time when they are not running?\n\n",
	      to);
	for (const struct command *const *c = command_table; *c; c++)
		fprintf(to, "  %-11s %s\n", (*c)->name, (*c)->summary);
	fputs("\n  dwell COMMAND --help   its options and examples\n\n"
	      "First try: sudo dwell offcpu -p PID -o r.html 5\n",
	      to);
}

static int usage_error(int err)
{
	log_error("%s", error_text(err));
	return EXIT_STATUS_USAGE;
}

static int run_command(const struct command *cmd, int argc, char **argv)
{
	_cleanup_free_ char **operands = NULL;
	_cleanup_free_ void *config = calloc(1, cmd->config_size ? cmd->config_size : 1);
	char **words = NULL;
	int operand_cnt = 0, status;

	if (!config) {
		log_error("out of memory");
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
		status = cmd->run(config, operand_cnt, operands, words);
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

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *cmd = command_find(name);

	if (cmd)
		return run_command(cmd, argc - 1, argv + 1);
	if (!strcmp(name, "help") || !strcmp(name, "man"))
		return print_about(name, argv[2]);
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return print_about("help", NULL);
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		return run_command(&version_command, 1, argv);
	if (*name) {
		log_error("no command '%s': see `dwell --help`", name);
	} else {
		print_overview(stderr);
	}
	return EXIT_STATUS_USAGE;
}
