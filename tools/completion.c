/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell completion */
#include "app/completion.h"

#include <stdio.h>

#include "base/log.h"
#include "commands.h"

static int run_completion(const void *config, int operand_cnt, char **operands, char **command)
{
	int err;

	(void)config;
	if (operand_cnt != 1 || command) {
		log_error("give one shell: dwell completion bash, zsh or fish");
		return EXIT_STATUS_USAGE;
	}
	err = completion_print(operands[0], commands(), stdout);
	if (err)
		log_error("%s", error_text(err));
	return err ? EXIT_STATUS_USAGE : EXIT_STATUS_OK;
}

static const struct option_def completion_options[] = {OPTION_END};

static const struct command_example completion_examples[] = {
	{"source <(dwell completion bash)", "complete in this bash"},
	{"dwell completion zsh > ~/.zfunc/_dwell",
	 "in each zsh, if ~/.zfunc is in $fpath before compinit runs"},
	{"dwell completion fish > ~/.config/fish/completions/dwell.fish", "in each fish"},
	{.line = NULL},
};

const struct command completion_command = {
	.name = "completion",
	.summary = "print a script that lets a shell complete dwell's command lines",
	.operands = "SHELL",
	.operand = {VALUE_ONE_OF, .word = completion_shell},
	.description =
		"Prints a script for SHELL, one of bash (4.4 or newer), zsh and fish. A package of "
		"dwell and make install put it where the shell finds it by itself.\n\n"
		"Completed are commands, options, the words that an option knows, files and "
		"directories where it takes one, and ids of processes and threads, with their "
		"names.",
	.options = completion_options,
	.examples = completion_examples,
	.run = run_completion,
};
