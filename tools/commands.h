/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The subcommands, and the exit status of the program. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "app/option.h"

enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_FAILED = 1, /* kernel, rights, files, targets */
	EXIT_STATUS_USAGE = 2,	/* the command line */
	EXIT_STATUS_TOO_LITTLE =
		3, /* of dwell check: it can't be told; there 1 is a regression, 2 all that is wrong */
};

extern const struct command offcpu_command, wakeups_command, chains_command, locks_command,
	syscalls_command, runq_command, record_command, report_command, diff_command, check_command,
	serve_command, push_command, doctor_command, list_command, completion_command,
	version_command, dump_command, goroutines_command, top_command, info_command,
	selftest_command;

/*
 * The commands of this program in the order of help; ends with NULL. Programs for different systems have different ones: there is
 * a command_table*.c for each.
 */
const struct command *const *commands(void);
/* A command to begin with, as somebody types it. */
const char *commands_first_try(void);
/* What to say of a command that only programs for other systems have; NULL: there is none called @name. */
const char *command_elsewhere(const char *name);
const struct command *command_find(const char *name);

#endif
